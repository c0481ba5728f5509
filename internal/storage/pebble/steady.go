package pebble

import (
	"errors"
	"os"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// steadyFS is the file system that the engine sees. It does not fail where the
// engine would panic or end the program: where it notes which tables it has, in
// a MANIFEST, and which MANIFEST and format are current, by the name of a marker.
// There it waits until the disk takes it. A table that cannot be written is made
// again by the engine, after a pause.
//
// A checkpoint is different: it fails, and is an error of Checkpoint.
type steadyFS struct {
	vfs.FS
	dir string // of the store
	*trouble
}

func (f steadyFS) Unwrap() vfs.FS { return f.FS }

// own is whether a file lies in the store itself.
func (f steadyFS) own(name string) bool { return f.PathDir(name) == f.dir }

func (f steadyFS) Create(name string, c vfs.DiskWriteCategory) (file vfs.File, err error) {
	base := f.PathBase(name)
	manifest := strings.HasPrefix(base, "MANIFEST-")
	switch {
	case !f.own(name):
		return f.FS.Create(name, c)
	case manifest || strings.HasPrefix(base, "marker."):
		err = f.until(func() error {
			file, err = f.FS.Create(name, c)
			return err
		})
		if err != nil || !manifest {
			return file, err
		}
		return &steadyFile{File: file, trouble: f.trouble}, nil
	case strings.HasSuffix(base, ".sst"):
		if file, err = f.FS.Create(name, c); err != nil {
			f.breathe()
			return nil, err
		}
		return &tableFile{File: file, trouble: f.trouble}, nil
	}
	return f.FS.Create(name, c)
}

func (f steadyFS) OpenDir(name string) (vfs.File, error) {
	dir, err := f.FS.OpenDir(name)
	switch {
	case err != nil:
		return nil, err
	case name == f.dir:
		return &steadyDir{dir, f}, nil
	}
	return &besideDir{dir, f.trouble}, nil
}

// steadyFile is a MANIFEST.
type steadyFile struct {
	vfs.File
	*trouble
	synced  int64  // the bytes before are safe
	pending []byte // the bytes after that
}

func (f *steadyFile) Write(b []byte) (n int, err error) {
	f.pending = append(f.pending, b...) // first: whoever writes may use the buffer
	err = f.until(func() error {
		m, err := f.File.Write(b[n:])
		n += m
		return err
	})
	return n, err
}

func (f *steadyFile) Sync() error     { return f.sync(f.File.Sync) }
func (f *steadyFile) SyncData() error { return f.sync(f.File.SyncData) }

func (f *steadyFile) SyncTo(offset int64) (full bool, err error) {
	return true, f.SyncData()
}

// sync syncs until the disk has what was written. The system may have dropped
// what a sync failed for, and then call the next one a success: it is written
// again before.
func (f *steadyFile) sync(sync func() error) error {
	failed := false
	err := f.until(func() error {
		if failed {
			if _, err := f.WriteAt(f.pending, f.synced); err != nil {
				return err
			}
		}
		err := sync()
		failed = failed || err != nil
		return err
	})
	if err == nil {
		f.synced += int64(len(f.pending))
		f.pending = f.pending[:0]
	}
	return err
}

// steadyDir is the store's directory.
type steadyDir struct {
	vfs.File
	fs steadyFS
}

// Sync makes the names of files durable. After a failure, the directory is
// changed so that the system has something to write: what the sync failed for
// may count as written.
func (d *steadyDir) Sync() error {
	failed := false
	return d.fs.until(func() error {
		if failed {
			temp := d.fs.PathJoin(d.fs.dir, "sync.temp")
			f, err := d.fs.FS.Create(temp, vfs.WriteCategoryUnspecified)
			if err != nil {
				return err
			}
			if err := errors.Join(f.Close(), d.fs.Remove(temp)); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
		}
		err := d.File.Sync()
		failed = failed || err != nil
		return err
	})
}

// besideDir is a directory outside of the store, such as one of a checkpoint.
type besideDir struct {
	vfs.File
	*trouble
}

// Sync leaves its error to Checkpoint: the engine would panic.
func (d *besideDir) Sync() error {
	err := d.File.Sync()
	if err != nil && d.isOpen() {
		d.beside.CompareAndSwap(nil, &err)
		return nil
	}
	return err
}

// tableFile is a table that is being written.
type tableFile struct {
	vfs.File
	*trouble
	failed bool
}

func (f *tableFile) Write(b []byte) (int, error) {
	n, err := f.File.Write(b)
	return n, f.done(err)
}

func (f *tableFile) SyncTo(offset int64) (bool, error) {
	full, err := f.File.SyncTo(offset)
	return full, f.done(err)
}

func (f *tableFile) Sync() error     { return f.synced(f.File.Sync()) }
func (f *tableFile) SyncData() error { return f.synced(f.File.SyncData()) }

func (f *tableFile) synced(err error) error {
	if err == nil {
		f.failedTables.Store(0)
	}
	return f.done(err)
}

// done pauses where the file has failed for the first time.
func (f *tableFile) done(err error) error {
	if err != nil && !f.failed {
		f.failed = true
		f.breathe()
	}
	return err
}
