package journal_test

import (
	"errors"
	"io"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/footfall/footfall/internal/storage/journal"
)

// forgetful is a file system that takes pages for written after it failed to write
// them: a later sync reports success without writing them.
type forgetful struct {
	vfs.FS
	fail bool // whether syncs fail

	mu    sync.Mutex
	stale map[string][]byte         // bytes on the disk
	files map[string]*forgetfulFile // by their current names
}

func (f *forgetful) OpenReadWrite(name string, c vfs.DiskWriteCategory, o ...vfs.OpenOption) (vfs.File, error) {
	file, err := f.FS.OpenReadWrite(name, c, o...)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.files[name] = &forgetfulFile{File: file, fs: f, name: name}
	return f.files[name], nil
}

func (f *forgetful) Rename(from, to string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if b, ok := f.stale[from]; ok {
		delete(f.stale, from)
		f.stale[to] = b
	}
	if file, ok := f.files[from]; ok {
		delete(f.files, from)
		f.files[to], file.name = file, to
	}
	return f.FS.Rename(from, to)
}

type forgetfulFile struct {
	vfs.File
	fs     *forgetful
	name   string
	synced int64
}

func (f *forgetfulFile) WriteAt(b []byte, off int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if was, ok := f.fs.stale[f.name]; ok && off <= int64(len(was)) {
		f.fs.stale[f.name] = append(was[:off], b...)
	}
	return f.File.WriteAt(b, off)
}

func (f *forgetfulFile) SyncData() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if f.fs.fail {
		f.fs.stale[f.name] = make([]byte, f.synced)
		if _, err := f.File.ReadAt(f.fs.stale[f.name], 0); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		return errInjected
	}
	if info, err := f.Stat(); err == nil {
		f.synced = info.Size()
	}
	return f.File.SyncData()
}

func (f *forgetfulFile) Sync() error { return f.SyncData() }

// TestFailedSync: the sync of a record fails, and the process ends. The next process
// reads the record, which is only in memory, and must write it again before it
// counts as durable.
func TestFailedSync(t *testing.T) {
	t.Parallel()
	disk := &forgetful{FS: vfs.NewMem(), stale: map[string][]byte{}, files: map[string]*forgetfulFile{}}
	o := journal.Options{Dir: "journal", FS: disk}
	j := open(t, o)
	add(t, j, "synced")
	disk.fail = true
	if _, err := j.Append(t.Context(), []byte("not synced")); err == nil {
		t.Fatal("Append succeeded although the sync failed")
	}
	disk.fail = false // the process is killed, and another one starts
	again := open(t, o)
	want := []string{"synced", "not synced"}
	wantRecords(t, read(t, again, 0), want...)
	add(t, again, "after")
	// The power is cut: only bytes on the disk are left.
	for name, b := range disk.stale {
		put(t, disk.FS, name, b)
	}
	got, err := readAll(journal.Options{Dir: "journal", FS: disk.FS})
	check(t, err)
	wantRecords(t, got, append(want, "after")...)
}
