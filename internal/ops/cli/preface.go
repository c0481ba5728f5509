package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/url"
	"os"
	"reflect"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/alecthomas/kong"

	"github.com/footfall/footfall/internal/base/version"
	"github.com/footfall/footfall/internal/ops/server"
)

// preface is a log whose first lines say what begins, right before the first thing
// that there is to say. So a start that fails at once says why, and nothing else.
type preface struct {
	slog.Handler
	once  *sync.Once
	first slog.Handler
	lines func() []line
}

// line is one of a log.
type line struct {
	message string
	attrs   []any
}

// newPreface is a log that begins with lines.
func newPreface(h slog.Handler, lines func() []line) *slog.Logger {
	return slog.New(preface{h, new(sync.Once), h, lines})
}

// Handle is of slog.Handler.
func (p preface) Handle(ctx context.Context, r slog.Record) error {
	var err error
	p.once.Do(func() {
		if !p.first.Enabled(ctx, slog.LevelInfo) {
			return
		}
		for _, l := range p.lines() {
			first := slog.NewRecord(r.Time, slog.LevelInfo, l.message, 0)
			first.Add(l.attrs...)
			err = errors.Join(err, p.first.Handle(ctx, first))
		}
	})
	return errors.Join(err, p.Handler.Handle(ctx, r))
}

// WithAttrs is of slog.Handler.
func (p preface) WithAttrs(attrs []slog.Attr) slog.Handler {
	p.Handler = p.Handler.WithAttrs(attrs)
	return p
}

// WithGroup is of slog.Handler.
func (p preface) WithGroup(name string) slog.Handler {
	p.Handler = p.Handler.WithGroup(name)
	return p
}

// begins are the first lines of a server's log: which program this is, what it has
// to work with, and the options that somebody gave, wherever. So whoever is sent the
// log knows all options, because the version says what the defaults are.
func (c *serveCmd) begins(v version.Info, k *kong.Context) []line {
	program := []any{"version", v.Version}
	if v.Revision != "" {
		program = append(program, "revision", v.Revision)
	}
	if v.Changed {
		program = append(program, "changed", true)
	}
	memory := "unlimited"
	if limit := debug.SetMemoryLimit(-1); limit != math.MaxInt64 {
		memory = fmt.Sprintf("%dMiB", limit>>20)
	}
	connections := int(c.MaxConnections)
	if connections == 0 {
		connections = server.DefaultConnections()
	}
	program = append(program, "go", v.Go, "platform", v.Platform, "cpus", runtime.GOMAXPROCS(0), "memory", memory, "connections", connections)
	return []line{
		{"footfall starts", program},
		{"options that were given; all others have their defaults", given(k)},
	}
}

// given are the options of the command that were given on its command line or in
// the environment, with the values that they have.
func given(k *kong.Context) (attrs []any) {
	typed := map[*kong.Value]bool{}
	for _, p := range k.Path {
		if p.Flag != nil {
			typed[p.Flag.Value] = true
		}
	}
	for _, f := range k.Selected().Flags {
		set := typed[f.Value]
		for _, name := range f.Value.Tag.Envs { // which lack those that are empty
			_, there := os.LookupEnv(name)
			set = set || there
		}
		if set {
			attrs = append(attrs, f.Name, shown(f.Target))
		}
	}
	return attrs
}

// shown is an option's value for the log, without the password that a URL may have.
func shown(v reflect.Value) any {
	switch x := v.Interface().(type) {
	case seconds:
		return time.Duration(x).String()
	case retention:
		return x.String()
	case level:
		return slog.Level(x).String()
	case []string:
		return strings.Join(x, ",")
	case string:
		if u, err := url.Parse(x); err == nil && u.User != nil {
			return u.Redacted()
		}
	}
	return v.Interface()
}
