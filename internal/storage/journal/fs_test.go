package journal_test

import (
	"errors"
	"os"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
)

var errInjected = errors.New("injected failure")

// hookFS calls before at the start of every operation that changes the disk. An
// error makes the operation fail, a write after half of its bytes. A file that
// failed must not be written or synced again; if it is, misused is called.
type hookFS struct {
	vfs.FS
	before  func(op, name string) error
	misused func(op, name string)
	// truncates gives files the method Truncate, as those of the operating system have.
	truncates bool
}

func (h *hookFS) OpenReadWrite(name string, c vfs.DiskWriteCategory, o ...vfs.OpenOption) (vfs.File, error) {
	if err := h.before("create", name); err != nil {
		return nil, err
	}
	f, err := h.FS.OpenReadWrite(name, c, o...)
	if err != nil {
		return nil, err
	}
	file := &hookFile{File: f, fs: h, name: name}
	if h.truncates {
		return truncatedFile{file}, nil
	}
	return file, nil
}

// truncatedFile is a segment that can be made shorter while it is open: by a copy that takes its
// name.
type truncatedFile struct{ *hookFile }

func (f truncatedFile) Truncate(size int64) (err error) {
	if err := f.ahead("truncate"); err != nil {
		return err
	}
	b := make([]byte, size)
	if n, err := f.File.ReadAt(b, 0); int64(n) < size {
		return err
	}
	fs, name := f.fs.FS, strings.TrimSuffix(f.name, ".temp")+".open"
	temp := name + ".shorter"
	short, err := fs.OpenReadWrite(temp, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	if _, err := short.WriteAt(b, 0); err != nil {
		return errors.Join(err, short.Close())
	}
	if err := errors.Join(short.Sync(), fs.Rename(temp, name), f.File.Close()); err != nil {
		return err
	}
	f.File = short
	return nil
}

func (h *hookFS) OpenDir(name string) (vfs.File, error) {
	f, err := h.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	return &hookFile{File: f, fs: h, name: name, dir: true}, nil
}

func (h *hookFS) Rename(from, to string) error {
	if err := h.before("rename", from); err != nil {
		return err
	}
	return h.FS.Rename(from, to)
}

func (h *hookFS) Remove(name string) error {
	if err := h.before("remove", name); err != nil {
		return err
	}
	return h.FS.Remove(name)
}

func (h *hookFS) MkdirAll(name string, mode os.FileMode) error {
	if err := h.before("mkdir", name); err != nil {
		return err
	}
	return h.FS.MkdirAll(name, mode)
}

type hookFile struct {
	vfs.File
	fs   *hookFS
	name string
	dir  bool

	mu     sync.Mutex
	failed bool
}

// ahead calls the hook and remembers whether the file failed.
func (f *hookFile) ahead(op string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.failed && !f.dir {
		f.fs.misused(op, f.name)
	}
	err := f.fs.before(op, f.name)
	f.failed = f.failed || err != nil
	return err
}

func (f *hookFile) WriteAt(b []byte, off int64) (int, error) {
	if err := f.ahead("write"); err != nil {
		n, _ := f.File.WriteAt(b[:len(b)/2], off)
		return n, err
	}
	return f.File.WriteAt(b, off)
}

func (f *hookFile) Sync() error {
	if err := f.ahead("sync"); err != nil {
		return err
	}
	return f.File.Sync()
}

func (f *hookFile) SyncData() error {
	if err := f.ahead("sync"); err != nil {
		return err
	}
	return f.File.SyncData()
}
