// Package version returns the version and build of the running program.
//
// It is the only place that reads them, and refuses to decide what they are used
// for.
package version

import (
	"cmp"
	"runtime"
	"runtime/debug"
	"strings"
)

// tag and revision are set with -ldflags "-X …/version.tag=v1.2.3" if the Go
// command cannot see the repository, as in the Dockerfile.
var tag, revision string

// Info describes a build.
type Info struct {
	// Version is the tag of the build, such as v1.2.3, or "devel".
	Version string
	// Revision is the commit of the build; empty if it is not known.
	Revision string
	// Changed is set if the source tree had uncommitted changes.
	Changed bool
	// Go is the version of Go that made the build. Platform is its system and
	// processor, such as linux/amd64.
	Go, Platform string
}

// This returns the Info of the running program.
func This() Info {
	info, _ := debug.ReadBuildInfo()
	return newInfo(info, tag, revision)
}

// newInfo prefers tag and revision to what the Go command recorded in the build.
func newInfo(info *debug.BuildInfo, tag, revision string) Info {
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

// String returns one line for people: devel a1b2c3 (changed), go1.26.0, linux/amd64.
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
