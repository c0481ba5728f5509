package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/url"
	"os"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/alecthomas/kong"

	"github.com/footfall/footfall/internal/base/version"
	"github.com/footfall/footfall/internal/ops/server"
)

// logHandler writes a log to w, as JSON if the format is json, and otherwise as text.
func logHandler(w io.Writer, format string, level slog.Level) slog.Handler {
	options := &slog.HandlerOptions{Level: level}
	if format == "json" {
		return slog.NewJSONHandler(w, options)
	}
	return slog.NewTextHandler(w, options)
}

// startLog writes some lines before the first record that is logged. A start that
// fails before it logs anything prints its error alone.
type startLog struct {
	slog.Handler
	once  *sync.Once
	first slog.Handler
	lines func() []line
}

// line is a line of a log.
type line struct {
	message string
	attrs   []any
}

// newStartLog returns a log that begins with the given lines.
func newStartLog(h slog.Handler, lines func() []line) *slog.Logger {
	return slog.New(startLog{h, new(sync.Once), h, lines})
}

// Handle implements slog.Handler.
func (l startLog) Handle(ctx context.Context, r slog.Record) error {
	var err error
	l.once.Do(func() {
		if !l.first.Enabled(ctx, slog.LevelInfo) {
			return
		}
		for _, line := range l.lines() {
			first := slog.NewRecord(r.Time, slog.LevelInfo, line.message, 0)
			first.Add(line.attrs...)
			err = errors.Join(err, l.first.Handle(ctx, first))
		}
	})
	return errors.Join(err, l.Handler.Handle(ctx, r))
}

// WithAttrs implements slog.Handler.
func (l startLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	l.Handler = l.Handler.WithAttrs(attrs)
	return l
}

// WithGroup implements slog.Handler.
func (l startLog) WithGroup(name string) slog.Handler {
	l.Handler = l.Handler.WithGroup(name)
	return l
}

// startLines returns the first lines of a server's log: which program this is, the
// resources that it has, and the options that were given. So the log shows every
// option, because the defaults follow from the version.
func (c *serveCmd) startLines(v version.Info, k *kong.Context) []line {
	program := []any{"version", v.Version}
	if v.Revision != "" {
		program = append(program, "revision", v.Revision)
	}
	if v.Changed {
		program = append(program, "changed", true)
	}
	memory := "unlimited"
	if limit := mostMemoryLimit(); limit != math.MaxInt64 {
		memory = fmt.Sprintf("%dMiB", limit>>20)
	}
	connections := int(c.MaxConnections)
	if connections == 0 {
		connections = server.DefaultConnections()
	}
	program = append(program, "go", v.Go, "platform", v.Platform, "cpus", runtime.GOMAXPROCS(0), "memory", memory, "connections", connections)
	return []line{
		{"footfall starts", program},
		{"options that were given; all others have their default values", given(k)},
	}
}

// given returns the options that were given on the command line or in the environment,
// with their values.
func given(k *kong.Context) (attrs []any) {
	typed := map[*kong.Value]bool{}
	for _, p := range k.Path {
		if p.Flag != nil {
			typed[p.Flag.Value] = true
		}
	}
	for _, f := range k.Selected().Flags {
		set := typed[f.Value]
		for _, name := range f.Value.Tag.Envs { // empty ones are not among them
			_, there := os.LookupEnv(name)
			set = set || there
		}
		if set {
			attrs = append(attrs, f.Name, shown(f.Target))
		}
	}
	return attrs
}

// shown returns an option's value for the log, without the password in a URL.
func shown(v reflect.Value) any {
	switch x := v.Interface().(type) {
	case seconds:
		return time.Duration(x).String()
	case retention:
		return x.String()
	case level:
		return slog.Level(x).String()
	case engineURL:
		return x.String()
	case []string:
		return strings.Join(x, ",")
	case string:
		if u, err := url.Parse(x); err == nil && u.User != nil {
			return u.Redacted()
		}
	}
	return v.Interface()
}
