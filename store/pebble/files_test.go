package pebble_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/footfall/footfall/click"
	"github.com/footfall/footfall/rollup"
	"github.com/footfall/footfall/store"
	"github.com/footfall/footfall/store/pebble"
)

// markerFS calls made when a marker was made, and is not durable yet.
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

// TestMarkersComeLast cuts the power where a marker has just been made: what it
// names must be there, whichever directory entries the disk kept.
func TestMarkersComeLast(t *testing.T) {
	mem := vfs.NewCrashableMem()
	s := open(t, pebble.Options{Dir: "clicks", FS: mem})
	if err := s.Record(t.Context(), &store.Batch{To: 9}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 1))
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
			t.Fatalf("after cut %d: %v", i, err)
		}
		if p, _, err := s.Position(t.Context(), store.SourceID{}); err != nil || p.Counted != 9 {
			t.Errorf("after cut %d: position %+v, %v", i, p, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestDamageIsAnError: what is damaged cannot be read, and the program goes on.
func TestDamageIsAnError(t *testing.T) {
	o := memory()
	s := open(t, o)
	scope := rollup.Scope{User: 1}
	cells := []rollup.Cell{{Key: rollup.Key{Scope: scope, Facet: rollup.All, Slot: 1_360_000_800}, Clicks: 7}}
	if err := s.Record(t.Context(), &store.Batch{To: 9, Cells: cells}); err != nil {
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
	if _, err := f.WriteAt([]byte{0xff, 0xff, 0xff}, 3); err != nil { // in its first block
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

// fullFS has no room for the names that full accepts.
type fullFS struct {
	vfs.FS
	full atomic.Pointer[func(name string) bool]
	met  chan struct{} // told of each write that found no room, unless nobody listens
}

func (f *fullFS) fill(full func(name string) bool) { f.full.Store(&full) }

func (f *fullFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	file, err := f.FS.Create(name, c)
	return &fullFile{file, f, f.PathBase(name)}, err
}

type fullFile struct {
	vfs.File
	fs   *fullFS
	name string
}

func (f *fullFile) Write(b []byte) (int, error) {
	if full := f.fs.full.Load(); full != nil && (*full)(f.name) {
		select {
		case f.fs.met <- struct{}{}:
		default:
		}
		n, _ := f.File.Write(b[:len(b)/2]) // a part still fits
		return n, syscall.ENOSPC
	}
	return f.File.Write(b)
}

// TestFullDisk: a store is not opened on a full disk, with an error. One that
// is open waits for room to write down what it has, and then has it.
func TestFullDisk(t *testing.T) {
	manifest := func(name string) bool { return strings.HasPrefix(name, "MANIFEST") }
	mem := vfs.NewMem()
	fs := &fullFS{FS: mem, met: make(chan struct{}, 1)}
	fs.fill(manifest)
	if _, err := pebble.Open(pebble.Options{Dir: "other", FS: fs}); !errors.Is(err, syscall.ENOSPC) && (err == nil || !strings.Contains(err.Error(), "no space left")) {
		t.Errorf("Open on a full disk: %v", err)
	}
	fs.fill(func(string) bool { return false })
	s := open(t, pebble.Options{Dir: "clicks", FS: fs})
	if err := s.Record(t.Context(), &store.Batch{To: 9}); err != nil {
		t.Fatal(err)
	}
	fs.fill(manifest)
	select {
	case <-fs.met: // of the attempt above
	default:
	}
	synced := make(chan error)
	go func() { synced <- s.Sync(t.Context()) }()
	<-fs.met
	fs.fill(func(string) bool { return false })
	if err := <-synced; err != nil {
		t.Errorf("Sync once there was room: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	s = open(t, pebble.Options{Dir: "clicks", FS: mem})
	defer s.Close()
	if p, _, err := s.Position(t.Context(), store.SourceID{}); err != nil || p.Durable != 9 {
		t.Errorf("position %+v, %v, want 9", p, err)
	}
}
