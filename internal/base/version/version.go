// Package version is the one place that knows which footfall this is.
//
// It refuses to know what anybody does with that.
package version

import (
	"cmp"
	"runtime"
	"runtime/debug"
	"strings"
)

// What a build is told with -ldflags "-X …/version.tag=v1.2.3", where the Go
// command cannot see the repository, as in the Dockerfile.
var tag, revision string

// Info is a build.
type Info struct {
	// Version is what the build was tagged with, such as v1.2.3, or "devel".
	Version string
	// Revision is that of the repository; empty where it is not known.
	Revision string
	// Changed says that the files were not those of the revision.
	Changed bool
	// Go is the version of Go that made the build, Platform what it runs on, such
	// as linux/amd64.
	Go, Platform string
}

// This is the running program.
func This() Info {
	info, _ := debug.ReadBuildInfo()
	return of(info, tag, revision)
}

// of takes what the build was told, and else what the Go command saw.
func of(info *debug.BuildInfo, tag, revision string) Info {
	i := Info{Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if info != nil {
		i.Version = info.Main.Version
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				i.Revision = s.Value
			case "vcs.modified":
				i.Changed = s.Value == "true"
			}
		}
	}
	if i.Version == "(devel)" {
		i.Version = ""
	}
	if tag != "" || revision != "" {
		i.Revision, i.Changed = revision, false
	}
	i.Version = cmp.Or(tag, i.Version, "devel")
	return i
}

// String is one line for people: devel a1b2c3 (changed), go1.26.0, linux/amd64.
func (i Info) String() string {
	name := i.Version
	if i.Revision != "" {
		name += " " + i.Revision
	}
	if i.Changed {
		name += " (changed)"
	}
	return strings.Join([]string{name, i.Go, i.Platform}, ", ")
}
