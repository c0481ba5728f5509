package pebble_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	engine "github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/pebble"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/logtest"
)

// raw opens the engine alone, with a merge operator of that name.
func raw(t *testing.T, o pebble.Options, name string) *engine.DB {
	t.Helper()
	merger := *engine.DefaultMerger
	merger.Name = name
	db, err := engine.Open(o.Dir, &engine.Options{
		FS: o.FS, Merger: &merger, FormatMajorVersion: engine.FormatValueSeparation, Logger: silent{},
	})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

type silent struct{}

func (silent) Infof(string, ...any)           {}
func (silent) Errorf(string, ...any)          {}
func (silent) Fatalf(format string, a ...any) { panic(fmt.Sprintf(format, a...)) }

func memory() pebble.Options { return pebble.Options{Dir: "clicks", FS: vfs.NewMem()} }

func TestNewerVersion(t *testing.T) {
	t.Parallel()
	tests := []struct {
		what, merger string
		version      []byte
		want         error
	}{
		{"this version", "footfall.cells.v1", []byte{pebble.Version}, nil},
		{"an older version", "footfall.cells.v1", []byte{1}, nil},
		{"a newer stored version", "footfall.cells.v1", []byte{pebble.Version + 1}, store.ErrVersion},
		{"a newer merge operator", "footfall.cells.v2", []byte{2}, store.ErrVersion},
		{"a much newer merge operator", "footfall.cells.v99999999999999999999", []byte{2}, store.ErrVersion},
	}
	for _, test := range tests {
		t.Run(test.what, func(t *testing.T) {
			o := memory()
			db := raw(t, o, test.merger)
			if err := db.Set([]byte("v"), test.version, engine.Sync); err != nil {
				t.Fatal(err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			s, err := pebble.Open(o)
			if !errors.Is(err, test.want) {
				t.Fatalf("Open: %v, want %v", err, test.want)
			}
			if err == nil {
				s.Close()
			}
		})
	}
}

// TestOlderVersion: an older stored version is raised, and refused by the older
// binary from then on.
func TestOlderVersion(t *testing.T) {
	t.Parallel()
	db := raw(t, memory(), "footfall.cells.v1")
	defer db.Close()
	for _, test := range []struct {
		newest uint64
		want   error
	}{{1, nil}, {1, nil}, {3, nil}, {3, nil}, {2, store.ErrVersion}, {1, store.ErrVersion}} {
		if err := pebble.CheckVersion(db, test.newest); !errors.Is(err, test.want) {
			t.Errorf("version %d opens the data with %v, want %v", test.newest, err, test.want)
		}
	}
}

// TestUpgradeOfFilesIsLogged: an upgrade of the engine's files is logged, once.
func TestUpgradeOfFilesIsLogged(t *testing.T) {
	t.Parallel()
	o := memory()
	merger := *engine.DefaultMerger
	merger.Name = "footfall.cells.v1"
	db, err := engine.Open(o.Dir, &engine.Options{FS: o.FS, Merger: &merger, FormatMajorVersion: engine.FormatValueSeparation - 1, Logger: silent{}})
	if err == nil {
		err = errors.Join(db.Set([]byte("v"), []byte{1}, engine.Sync), db.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	log := new(logtest.Log)
	o.Logger = log.Logger()
	for range 2 {
		s, err := pebble.Open(o)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	want := fmt.Sprintf("an older footfall cannot open them\" format=%d to=%d\n", engine.FormatValueSeparation-1, engine.FormatValueSeparation)
	if log.Count(want) != 1 || log.Count("upgraded") != 1 {
		t.Errorf("the log of an upgrade and of the next start is %q", log)
	}
}

// TestForeignData: data that is not footfall's is refused, and so is an invalid
// version.
func TestForeignData(t *testing.T) {
	t.Parallel()
	for what, put := range map[string]func(*engine.DB) error{
		"no version":       func(db *engine.DB) error { return db.Set([]byte("x"), nil, engine.Sync) },
		"version 0":        func(db *engine.DB) error { return db.Set([]byte("v"), []byte{0}, engine.Sync) },
		"an empty version": func(db *engine.DB) error { return db.Set([]byte("v"), nil, engine.Sync) },
		"a longer version": func(db *engine.DB) error { return db.Set([]byte("v"), []byte{1, 1}, engine.Sync) },
	} {
		t.Run(what, func(t *testing.T) {
			o := memory()
			db := raw(t, o, "footfall.cells.v1")
			if err := errors.Join(put(db), db.Close()); err != nil {
				t.Fatal(err)
			}
			if s, err := pebble.Open(o); err == nil || errors.Is(err, store.ErrVersion) {
				t.Fatalf("Open: %v, %v, want an error", s, err)
			}
		})
	}
}

func TestOneOwner(t *testing.T) {
	t.Parallel()
	o := pebble.Options{Dir: t.TempDir()}
	s := open(t, o)
	defer s.Close()
	if second, err := pebble.Open(o); err == nil {
		second.Close()
		t.Error("a directory in use was opened a second time")
	}
}

func TestFilesArePrivate(t *testing.T) {
	t.Parallel()
	defer syscall.Umask(syscall.Umask(0))
	dir := filepath.Join(t.TempDir(), "a", "clicks")
	s := open(t, pebble.Options{Dir: dir})
	defer s.Close()
	if err := s.AddBatch(t.Context(), &store.Batch{To: 1, Cells: []rollup.Cell{{Key: rollup.Key{Facet: rollup.All}, Clicks: 1}}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	files := 0
	err := filepath.WalkDir(filepath.Dir(dir), func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		want := os.FileMode(0o600)
		if e.IsDir() {
			want = 0o700
		} else {
			files++
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", e.Name(), got, want)
		}
		return nil
	})
	if err != nil || files < 4 {
		t.Errorf("%d files, %v", files, err)
	}
}

func TestAfterClose(t *testing.T) {
	t.Parallel()
	s := open(t, memory())
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	calls := map[string]func() error{
		"AddBatch": func() error { return s.AddBatch(ctx, &store.Batch{To: 1}) },
		"Position": func() error { _, _, err := s.Position(ctx, store.JournalID{}); return err },
		"Sync":     func() error { return s.Sync(ctx) },
		"Counts": func() error {
			_, err := s.Counts(ctx, store.Query{Facet: rollup.All, Edges: []int64{0, 900}})
			return err
		},
		"First":  func() error { _, _, err := s.First(ctx, rollup.Scope{}, rollup.All); return err },
		"Delete": func() error { return s.Delete(ctx, []rollup.Scope{{}}) },
		"Marks":  func() error { _, err := s.Marks(ctx, [32]byte{}); return err },
		"Ledger": func() error { _, err := s.Ledger(ctx); return err },
		"Epochs": func() error { _, err := s.Epochs(ctx, store.JournalID{}); return err },
		"Verify": func() error { return s.Verify(ctx, nil, func(string) {}) },
		"Cells": func() (last error) {
			for _, err := range s.Cells(ctx) {
				last = err
			}
			return last
		},
	}
	for name, call := range calls {
		if err := call(); err == nil || !strings.Contains(err.Error(), "closed") {
			t.Errorf("%s after Close: %v", name, err)
		}
	}
}

// TestFailingDisk: if the disk fails, Sync and Close fail and do not wait for it.
func TestFailingDisk(t *testing.T) {
	t.Parallel()
	toggle := &errorfs.Toggle{Injector: errorfs.ErrInjected.If(errorfs.Writes)}
	s := open(t, pebble.Options{Dir: "clicks", FS: errorfs.Wrap(vfs.NewMem(), toggle)})
	if err := s.AddBatch(t.Context(), &store.Batch{To: 1}); err != nil {
		t.Fatal(err)
	}
	toggle.On()
	if err := s.Sync(t.Context()); err == nil || !strings.Contains(err.Error(), "injected") {
		t.Errorf("Sync on a failing disk: %v", err)
	}
	if p, _, err := s.Position(t.Context(), store.JournalID{}); err != nil || p.Durable != 0 || p.Counted != 1 {
		t.Errorf("position %+v, %v, want nothing durable", p, err)
	}
	toggle.Off()
	// A flush that was in progress may still fail.
	err := s.Sync(t.Context())
	for range 10 {
		if err == nil {
			break
		}
		err = s.Sync(t.Context())
	}
	if err != nil {
		t.Errorf("Sync after the disk has recovered: %v", err)
	}
	if p, _, err := s.Position(t.Context(), store.JournalID{}); err != nil || p.Durable != 1 {
		t.Errorf("position %+v, %v, want all durable", p, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestKeep: until Release, a store keeps tables that are not in its list, as after the
// list was cut short.
func TestKeep(t *testing.T) {
	t.Parallel()
	o := memory()
	named := func(part string) (names []string) {
		t.Helper()
		all, err := o.FS.List(o.Dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range all {
			if strings.Contains(name, part) && !strings.HasPrefix(name, "marker.") {
				names = append(names, o.FS.PathJoin(o.Dir, name))
			}
		}
		return names
	}
	s := open(t, o)
	if err := errors.Join(s.AddBatch(t.Context(), &store.Batch{To: 1}), s.Close()); err != nil {
		t.Fatal(err)
	}
	tables, lists := named(".sst"), named("MANIFEST-")
	if len(tables) != 1 || len(lists) != 1 {
		t.Fatalf("the directory has the tables %q and the lists %q", tables, lists)
	}
	table, list, unnamed := tables[0], lists[0], o.FS.PathJoin(o.Dir, "000099.sst")
	write(t, o.FS, unnamed, content(t, o.FS, table))

	o.Keep = true
	s = open(t, o)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if now := append(named(".sst"), named("MANIFEST-")...); !slices.Contains(now, unnamed) || !slices.Contains(now, list) {
		t.Errorf("before Release the tables are %q", now)
	}
	s = open(t, o)
	if err := errors.Join(s.Release(), s.Close()); err != nil {
		t.Fatal(err)
	}
	if now := append(named(".sst"), named("MANIFEST-")...); slices.Contains(now, unnamed) || slices.Contains(now, list) {
		t.Errorf("after Release the tables are %q", now)
	}
}
