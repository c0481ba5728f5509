package fsync_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"testing"

	"github.com/footfall/footfall/internal/base/fsync"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

func TestPath(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := fsync.Path(dir); err != nil {
		t.Error(err)
	}
	if err := fsync.Path(filepath.Join(dir, "missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a directory that does not exist: %v", err)
	}
}

// handle fails to sync, and to close.
type handle struct{ closed *bool }

var errSync, errClose = errors.New("sync"), errors.New("close")

func (h handle) Sync() error  { return errSync }
func (h handle) Close() error { *h.closed = true; return errClose }

// TestWith: a handle is closed although the sync failed, and both errors are
// returned.
func TestWith(t *testing.T) {
	t.Parallel()
	closed := false
	err := fsync.With(func(string) (handle, error) { return handle{&closed}, nil }, "dir")
	if !closed || !errors.Is(err, errSync) || !errors.Is(err, errClose) {
		t.Errorf("closed: %v, %v", closed, err)
	}
}

// forgetful is a file of Linux after a failed sync: the written bytes can be read,
// and is taken for synced, but is not on the disk.
type forgetful struct {
	memory, disk []byte
	dirty        map[int]bool // pages that a sync will write
}

const page = 4096

func (f *forgetful) ReadAt(b []byte, at int64) (int, error) {
	return bytes.NewReader(f.memory).ReadAt(b, at)
}

func (f *forgetful) WriteAt(b []byte, at int64) (int, error) {
	if at+int64(len(b)) > int64(len(f.memory)) {
		return 0, io.ErrShortWrite
	}
	for i := int(at) / page; i*page < int(at)+len(b); i++ {
		f.dirty[i] = true
	}
	return copy(f.memory[at:], b), nil
}

func (f *forgetful) Sync() error {
	for i := range f.dirty {
		end := min((i+1)*page, len(f.memory))
		copy(f.disk[i*page:end], f.memory[i*page:end])
	}
	clear(f.dirty)
	return nil
}

// TestRewrite: bytes that a failed sync left only in memory are on the disk
// afterwards.
func TestRewrite(t *testing.T) {
	t.Parallel()
	rng := seedtest.Rand(t)
	for _, size := range []int{1, page, page + 1, 1 << 20, 3<<20 + 77} {
		f := &forgetful{memory: make([]byte, size), disk: make([]byte, size), dirty: map[int]bool{}}
		for i := range f.memory {
			f.memory[i] = byte(rng.Uint32())
		}
		want := bytes.Clone(f.memory)
		if err := f.Sync(); err != nil || bytes.Equal(f.disk, want) {
			t.Fatalf("Sync alone writes the bytes (%v)", err)
		}
		if err := fsync.Rewrite(f, 0, int64(size)); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(f.disk, want) || !bytes.Equal(f.memory, want) {
			t.Errorf("%d bytes are not on the disk as they were", size)
		}
	}
}
