package datadir

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/core/audit"
	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/storage/store"
)

// TestUnopened: each trouble has its own advice, and only damage that of
// damage.
func TestUnopened(t *testing.T) {
	t.Parallel()
	damaged := fmt.Errorf("open: %w", &store.CorruptError{File: "000004.sst", Err: errors.New("bad")})
	for _, c := range []struct {
		err  error
		want string
	}{
		{damaged, ": mend it"},
		{&journal.CorruptError{File: "0.sealed"}, ": mend it"},
		{syscall.ENOSPC, ": make room, and start again"},
		{&fs.PathError{Op: "open", Path: "x", Err: syscall.EMFILE}, ": let the process open more files (LimitNOFILE, ulimit -n)"},
		{&fs.PathError{Op: "open", Path: "x", Err: syscall.EACCES}, " with chown -R"},
		{store.ErrVersion, store.ErrVersion.Error()},
		{syscall.EIO, ": the disk fails: see what the system's log says of it, and start again"},
		{errors.New("other"), "other"},
	} {
		got := unopened(c.err, "mend it")
		if !strings.HasPrefix(got.Error(), c.err.Error()) || !strings.HasSuffix(got.Error(), c.want) || !errors.Is(got, c.err) {
			t.Errorf("%v, want it to end with %q", got, c.want)
		}
	}
}

// TestDamageAtStart: a damaged part of a data directory is named, with what to
// do.
func TestDamageAtStart(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		spoil func(dir string) error
		want  string
	}{
		"a table that is cut short": {func(dir string) error {
			tables, err := filepath.Glob(filepath.Join(dir, "clicks", "*.sst"))
			return errors.Join(err, os.Truncate(tables[0], 100))
		}, "run footfall rebuild"},
		"a table that is missing": {func(dir string) error {
			tables, err := filepath.Glob(filepath.Join(dir, "clicks", "*.sst"))
			return errors.Join(err, os.Remove(tables[0]))
		}, "run footfall rebuild"},
		"no database": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, databaseFile), []byte(strings.Repeat("x", 5000)), 0o600)
		}, "footfall.db is damaged: file is not a database (26): restore a backup"},
	} {
		t.Run(what, func(t *testing.T) {
			dir := t.TempDir()
			o := Options{Path: dir, Create: true, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
			app, err := Open(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if err := app.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := c.spoil(dir); err != nil {
				t.Fatal(err)
			}
			app, err = Open(t.Context(), o)
			if err == nil {
				err = app.Close(t.Context())
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v, want a sentence with %q", err, c.want)
			}
		})
	}
}

// TestCheckAdvises: what check finds ends with what to do about it.
func TestCheckAdvises(t *testing.T) {
	t.Parallel()
	app, err := Open(t.Context(), Options{Path: t.TempDir(), Create: true, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer app.Close(t.Context())
	if v, err := app.Check(t.Context(), func(f string) { t.Error(f) }); err != nil || v.Advice != "" {
		t.Errorf("nothing is wrong: %+v, %v", v, err)
	}
	for _, c := range []struct {
		links int
		wrong audit.Wrong
		want  string
	}{
		{0, audit.Wrong{Counts: 1, Days: 3}, "stop the server and run footfall rebuild"},
		{0, audit.Wrong{Days: 3}, "run footfall check --repair"},
		{2, audit.Wrong{}, "restore a backup"},
		{1, audit.Wrong{Counts: 1}, "restore a backup; stop the server and run footfall rebuild"},
		{0, audit.Wrong{Journal: 1}, "run footfall rebuild"},
		{0, audit.Wrong{Journal: 1, Damage: 1}, "run footfall check --repair"},
	} {
		if got := advice(c.links, c.wrong); !strings.Contains(got, c.want) {
			t.Errorf("%d of links and users and %+v: %q, want %q", c.links, c.wrong, got, c.want)
		}
	}
}
