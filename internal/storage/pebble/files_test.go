package pebble_test

import (
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/pebble"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// markerFS calls made after a marker was made and before it is durable.
type markerFS struct {
	*vfs.MemFS
	made func()
}

func (f *markerFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	file, err := f.MemFS.Create(name, c)
	if strings.HasPrefix(f.PathBase(name), "marker.") {
		f.made()
	}
	return file, err
}

// TestMarkersComeLast loses power just after a marker was made: the file that it names
// must exist, whichever directory entries the disk kept.
func TestMarkersComeLast(t *testing.T) {
	t.Parallel()
	mem := vfs.NewCrashableMem()
	s := open(t, pebble.Options{Dir: "clicks", FS: mem})
	if err := s.AddBatch(t.Context(), &store.Batch{To: 9}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	rng := seedtest.Rand(t)
	var left []*vfs.MemFS
	fs := &markerFS{mem, func() {
		for range 20 {
			left = append(left, mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 50, RNG: rng}))
		}
	}}
	if err := open(t, pebble.Options{Dir: "clicks", FS: fs}).Close(); err != nil {
		t.Fatal(err)
	}
	if len(left) == 0 {
		t.Fatal("no marker was made")
	}
	for i, mem := range left {
		s, err := pebble.Open(pebble.Options{Dir: "clicks", FS: mem})
		if err != nil {
			t.Fatalf("Open after power cut %d: %v", i, err)
		}
		if p, _, err := s.Position(t.Context(), store.JournalID{}); err != nil || p.Counted != 9 {
			t.Errorf("after power cut %d: position %+v, %v", i, p, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestDamageIsAnError: reading damaged data is an error, and the program goes on.
func TestDamageIsAnError(t *testing.T) {
	t.Parallel()
	o := memory()
	s := open(t, o)
	scope := rollup.Scope{User: 1}
	cells := []rollup.Cell{{Key: rollup.Key{Scope: scope, Facet: rollup.All, Slot: 1_360_000_800}, Clicks: 7}}
	if err := s.AddBatch(t.Context(), &store.Batch{To: 9, Cells: cells}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	names, err := o.FS.List("clicks")
	if err != nil {
		t.Fatal(err)
	}
	table := slices.IndexFunc(names, func(name string) bool { return strings.HasSuffix(name, ".sst") })
	f, err := o.FS.OpenReadWrite("clicks/"+names[table], vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte{0xff, 0xff, 0xff}, 3); err != nil { // in the first block
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = pebble.Open(o); err != nil {
		return
	}
	defer s.Close()
	counts, err := s.Counts(t.Context(), store.Query{Scope: scope, Facet: rollup.All, Edges: []int64{click.Earliest.Unix(), click.Latest.Unix()}})
	if err == nil {
		t.Errorf("a damaged table answers %v", counts)
	}
}

// fullFS refuses manifests while it is full.
type fullFS struct {
	vfs.FS
	full atomic.Bool
}

func (f *fullFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	file, err := f.FS.Create(name, c)
	if err != nil || !strings.HasPrefix(f.PathBase(name), "MANIFEST") {
		return file, err
	}
	return &fullFile{file, f}, nil
}

type fullFile struct {
	vfs.File
	fs *fullFS
}

func (f *fullFile) Write(b []byte) (int, error) {
	if !f.fs.full.Load() {
		return f.File.Write(b)
	}
	n, err := f.File.Write(b[:len(b)/2]) // the first half still fits
	return n, errors.Join(err, syscall.ENOSPC)
}

// TestFullDisk: while there is no room for the list of tables, Open, Sync and Close
// fail. When there is room again, the store goes on and has everything.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	full := func(err error) bool { return err != nil && strings.Contains(err.Error(), syscall.ENOSPC.Error()) }
	mem := vfs.NewCrashableMem()
	fs := &fullFS{FS: mem}
	fs.full.Store(true)
	if _, err := pebble.Open(pebble.Options{Dir: "other", FS: fs}); !full(err) {
		t.Errorf("Open on a full disk: %v", err)
	}
	fs.full.Store(false)
	s := open(t, pebble.Options{Dir: "clicks", FS: fs})
	add := func(from, to uint64) {
		t.Helper()
		if err := s.AddBatch(t.Context(), &store.Batch{From: from, To: to}); err != nil {
			t.Fatal(err)
		}
	}
	add(0, 9)
	fs.full.Store(true)
	if err := s.Sync(t.Context()); !full(err) {
		t.Errorf("Sync on a full disk: %v", err)
	}
	add(9, 10)
	fs.full.Store(false)
	// The engine retries a few times a second.
	for err := s.Sync(t.Context()); err != nil; err = s.Sync(t.Context()) {
		if !full(err) {
			t.Fatal(err)
		}
	}
	durable := func(want uint64) {
		t.Helper()
		s := open(t, pebble.Options{Dir: "clicks", FS: mem.CrashClone(vfs.CrashCloneCfg{})})
		defer s.Close()
		if p, _, err := s.Position(t.Context(), store.JournalID{}); err != nil || p.Durable != want {
			t.Errorf("position %+v, %v, want %d", p, err, want)
		}
	}
	durable(10)
	add(10, 11)
	fs.full.Store(true)
	if err := s.Close(); !full(err) {
		t.Errorf("Close on a full disk: %v", err)
	}
	durable(10)
}
