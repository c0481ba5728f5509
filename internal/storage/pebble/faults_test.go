package pebble_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/pebble"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/logtest"
)

// failOnce fails the n-th operation of some kinds, and no other.
type failOnce struct {
	kinds []errorfs.OpKind
	err   error
	n     atomic.Int64 // 1 is the next operation
	hit   atomic.Bool
	path  atomic.Value
}

func (f *failOnce) MaybeError(op errorfs.Op) error {
	for _, k := range f.kinds {
		if op.Kind == k && f.n.Add(-1) == 0 {
			f.hit.Store(true)
			f.path.Store(op.Path)
			return f.err
		}
	}
	return nil
}

func (f *failOnce) String() string { return "failOnce" }

var writes = []errorfs.OpKind{
	errorfs.OpCreate, errorfs.OpOpenDir, errorfs.OpFileWrite, errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpRename, errorfs.OpMkdirAll, errorfs.OpLink,
}

func reached(t *testing.T, s *pebble.Store) uint64 {
	t.Helper()
	p, _, err := s.Position(t.Context(), store.JournalID{})
	if err != nil {
		t.Fatal(err)
	}
	return p.Counted
}

// TestOpenWhereTheDiskFails fails each operation of Open in turn, for a new store and
// for one with counts: Open returns what failed, never a store.CorruptError, and
// nothing panics.
func TestOpenWhereTheDiskFails(t *testing.T) {
	t.Parallel()
	for _, number := range []error{syscall.EIO, syscall.ENOSPC, syscall.EMFILE} {
		for _, fresh := range []bool{true, false} {
			t.Run(fmt.Sprintf("%v/fresh=%v", number, fresh), func(t *testing.T) {
				mem := vfs.NewCrashableMem()
				var want uint64
				if !fresh {
					s := open(t, pebble.Options{Dir: "clicks", FS: mem})
					if err := errors.Join(s.AddBatch(t.Context(), &store.Batch{To: 9}), s.Close()); err != nil {
						t.Fatal(err)
					}
					want = 9
				}
				for n := int64(1); ; n++ {
					disk := mem.CrashClone(vfs.CrashCloneCfg{})
					fault := &failOnce{kinds: writes, err: number}
					fault.n.Store(n)
					s, err := pebble.Open(pebble.Options{Dir: "clicks", FS: errorfs.Wrap(disk, fault)})
					if err == nil {
						if err := s.Close(); err != nil && !errors.Is(err, number) {
							t.Errorf("operation %d: close: %v", n, err)
						}
						if !fault.hit.Load() {
							if n < 5 {
								t.Errorf("Open writes only %d times", n)
							}
							return
						}
					} else if !errors.Is(err, number) || errors.As(err, new(*store.CorruptError)) {
						t.Errorf("operation %d, of %v: %v", n, fault.path.Load(), err)
					}
					s = open(t, pebble.Options{Dir: "clicks", FS: disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: rand.New(rand.NewPCG(1, 2))})})
					if got := reached(t, s); got != want {
						t.Errorf("after operation %d failed, position %d, want %d", n, got, want)
					}
					if err := s.Close(); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
}

// TestCheckpointWhereTheDiskFails fails each operation of a checkpoint in turn:
// Checkpoint returns what failed, and the next one succeeds.
func TestCheckpointWhereTheDiskFails(t *testing.T) {
	t.Parallel()
	mem := vfs.NewCrashableMem()
	fault := &failOnce{kinds: writes, err: syscall.EIO}
	s := open(t, pebble.Options{Dir: "clicks", FS: errorfs.Wrap(mem, fault)})
	defer s.Close()
	if err := errors.Join(s.AddBatch(t.Context(), &store.Batch{To: 9}), s.Sync(t.Context())); err != nil {
		t.Fatal(err)
	}
	for n := int64(1); ; n++ {
		fault.hit.Store(false)
		fault.n.Store(n)
		err := s.Checkpoint(t.Context(), "copy")
		if !fault.hit.Load() {
			if err != nil || n < 5 {
				t.Errorf("a checkpoint of %d operations: %v", n, err)
			}
			return
		}
		fault.n.Store(0)
		path, _ := fault.path.Load().(string)
		if err == nil && !strings.HasPrefix(path, "clicks") { // the engine retries there
			t.Errorf("operation %d, of %s, failed, and the checkpoint has no error", n, path)
		}
		if err != nil {
			if !errors.Is(err, syscall.EIO) {
				t.Errorf("operation %d, of %s: %v", n, path, err)
			}
			if _, err := mem.Stat("copy"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("operation %d: part of a checkpoint is left: %v", n, err)
			}
			if err := s.Checkpoint(t.Context(), "copy"); err != nil {
				t.Fatalf("after operation %d failed: %v", n, err)
			}
		}
		again := open(t, pebble.Options{Dir: "copy", FS: mem})
		if got := reached(t, again); got != 9 {
			t.Errorf("the checkpoint reaches only position %d", got)
		}
		if err := errors.Join(again.Close(), mem.RemoveAll("copy")); err != nil {
			t.Fatal(err)
		}
	}
}

// forgetfulFS fails the first syncs of manifests and drops their data, as Linux does:
// the next sync succeeds, and the data is not on the disk.
type forgetfulFS struct {
	vfs.FS
	fails, failed atomic.Int64
}

func (f *forgetfulFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	file, err := f.FS.Create(name, c)
	if err != nil || !strings.HasPrefix(f.PathBase(name), "MANIFEST") {
		return file, err
	}
	return &forgetfulFile{File: file, fs: f}, nil
}

type forgetfulFile struct {
	vfs.File
	fs    *forgetfulFS
	mu    sync.Mutex
	at    int64
	dirty []func() error // written and not synced
}

func (f *forgetfulFile) Write(b []byte) (int, error) {
	n, err := f.WriteAt(b, f.at)
	f.at += int64(n)
	return n, err
}

func (f *forgetfulFile) WriteAt(b []byte, at int64) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	b = append([]byte(nil), b...)
	f.dirty = append(f.dirty, func() error { _, err := f.File.WriteAt(b, at); return err })
	return len(b), nil
}

func (f *forgetfulFile) Sync() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	dirty := f.dirty
	f.dirty = nil
	if f.fs.fails.Add(-1) >= 0 {
		f.fs.failed.Add(1)
		return syscall.EIO
	}
	for _, write := range dirty {
		if err := write(); err != nil {
			return err
		}
	}
	return f.File.Sync()
}

func (f *forgetfulFile) SyncData() error { return f.Sync() }

// TestManifestIsWrittenAgain: after a failed sync, the list of tables is written again,
// the program goes on, and a power failure loses nothing.
func TestManifestIsWrittenAgain(t *testing.T) {
	t.Parallel()
	mem := vfs.NewCrashableMem()
	disk := &forgetfulFS{FS: mem}
	log := new(logtest.Log)
	s := open(t, pebble.Options{Dir: "clicks", FS: disk, Logger: log.Logger()})
	if err := errors.Join(s.AddBatch(t.Context(), &store.Batch{To: 9}), s.Sync(t.Context())); err != nil {
		t.Fatal(err)
	}
	if err := s.AddBatch(t.Context(), &store.Batch{From: 9, To: 10}); err != nil {
		t.Fatal(err)
	}
	disk.fails.Store(3)
	err := s.Sync(t.Context())
	for err != nil { // meanwhile it fails
		if !errors.Is(err, syscall.EIO) {
			t.Fatal(err)
		}
		err = s.Sync(t.Context())
	}
	if disk.failed.Load() != 3 {
		t.Errorf("the disk failed %d times", disk.failed.Load())
	}
	cut := open(t, pebble.Options{Dir: "clicks", FS: mem.CrashClone(vfs.CrashCloneCfg{})})
	if got := reached(t, cut); got != 10 {
		t.Errorf("after a power cut the position is %d, want 10", got)
	}
	if err := errors.Join(cut.Close(), s.Close()); err != nil {
		t.Error(err)
	}
	if n, m := log.Count("the counts wait for the disk"), log.Count("the counts are written again"); n != 1 || m != 1 {
		t.Errorf("the log says %d times that the store waits, and %d times that it goes on:\n%s", n, m, log)
	}
}

// tablesFS refuses tables while it is full.
type tablesFS struct {
	vfs.FS
	full  atomic.Bool
	tries atomic.Int64
	tried chan struct{}
}

func (f *tablesFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if f.full.Load() && strings.HasSuffix(name, ".sst") {
		f.tries.Add(1)
		select {
		case f.tried <- struct{}{}:
		default:
		}
		return nil, syscall.ENOSPC
	}
	return f.FS.Create(name, c)
}

// TestFullDiskForAWhile: while there is no room for tables, the log has one line
// without a stack trace, AddBatch and Sync fail and do not block, and Close returns.
// After that, everything goes on.
func TestFullDiskForAWhile(t *testing.T) {
	t.Parallel()
	mem := vfs.NewMem()
	disk := &tablesFS{FS: mem, tried: make(chan struct{}, 1000)}
	log := new(logtest.Log)
	o := pebble.Options{Dir: "clicks", FS: disk, MemTable: 256 << 10, Logger: log.Logger()}
	s := open(t, o)
	disk.full.Store(true)
	var to uint64
	add := func() error {
		b := &store.Batch{From: to, To: to + 1}
		for i := range 50 { // few, so that AddBatch does not flush
			b.Cells = append(b.Cells, rollup.Cell{
				Key:    rollup.Key{Scope: rollup.Scope{User: 1}, Facet: rollup.Referrer, Value: fmt.Sprintf("http://%d.%d.example/", to, i), Slot: 1_360_000_800},
				Clicks: 1,
			})
		}
		err := s.AddBatch(t.Context(), b)
		if err == nil {
			to++
		}
		return err
	}
	if err := add(); err != nil {
		t.Fatal(err)
	}
	for range 20 { // a backup that is retried
		if err := s.Sync(t.Context()); !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("Sync on a full disk: %v", err)
		}
		if disk.tries.Load() > 3 {
			break
		}
	}
	var err error
	for err == nil { // until memory is full, and the engine would block
		err = add()
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("AddBatch on a full disk: %v", err)
	}
	if n := log.Count("\n"); n != 1 || log.Count("no space left on device") != 1 || log.Count("goroutine") > 0 || log.Count(".go:") > 0 {
		t.Errorf("after %d tries the log has %d lines, want one without a stack:\n%s", disk.tries.Load(), n, log)
	}
	disk.full.Store(false)
	for err := s.Sync(t.Context()); err != nil; err = s.Sync(t.Context()) {
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
	}
	if err := add(); err != nil {
		t.Errorf("AddBatch after there is room: %v", err)
	}
	if log.Count("the counts are written again") != 1 {
		t.Errorf("the log does not say that the store goes on:\n%s", log)
	}
	disk.full.Store(true)
	if err := s.Close(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Close on a full disk: %v", err)
	}
	o.FS = mem
	s = open(t, o)
	defer s.Close()
	if p, _, err := s.Position(context.Background(), store.JournalID{}); err != nil || p.Durable != to-1 {
		t.Errorf("position %+v, %v, want %d", p, err, to-1)
	}
}
