package version

import (
	"runtime/debug"
	"strings"
	"testing"
)

func TestOf(t *testing.T) {
	t.Parallel()
	vcs := []debug.BuildSetting{{Key: "vcs.revision", Value: "abc0123"}, {Key: "vcs.modified", Value: "true"}}
	for want, c := range map[string]struct {
		info          *debug.BuildInfo
		tag, revision string
	}{
		"devel, ":                        {info: nil},
		"v1.2.3 abc, ":                   {info: &debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}, Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}}}},
		"devel abc0123 (changed), ":      {info: &debug.BuildInfo{Main: debug.Module{Version: "(devel)"}, Settings: vcs}},
		"v2.0.0 def, ":                   {info: &debug.BuildInfo{Settings: vcs}, tag: "v2.0.0", revision: "def"},
		"v2.0.0, ":                       {info: &debug.BuildInfo{Settings: vcs}, tag: "v2.0.0"},
		"v1.0.0 def, ":                   {info: &debug.BuildInfo{Main: debug.Module{Version: "v1.0.0"}}, revision: "def"},
		"v0.0.0-1-abc0123+dirty abc0123": {info: &debug.BuildInfo{Main: debug.Module{Version: "v0.0.0-1-abc0123+dirty"}, Settings: vcs}},
	} {
		got := newInfo(c.info, c.tag, c.revision)
		if s := got.String(); !strings.HasPrefix(s, want) || !strings.Contains(s, ", go") || strings.Count(s, "/") != 1 {
			t.Errorf("%+v is %q, want %q", c, s, want)
		}
	}
	if got := This(); got.Version == "" || got.Go == "" {
		t.Errorf("this is %+v", got)
	}
}
