package pebble

import (
	"errors"
	"os"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// retryFS is the file system that the engine uses. Where the engine would panic or
// end the program after an error, retryFS retries until the disk succeeds: for the
// list of tables, in a MANIFEST, and for the markers, whose names say which MANIFEST
// and format are current. Tables that cannot be written are made again by the
// engine, after a pause.
//
// Files outside the store are those of a checkpoint: there, Checkpoint fails.
type retryFS struct {
	vfs.FS
	dir string // of the store
	*faults
}

func (f retryFS) Unwrap() vfs.FS { return f.FS }

// own reports whether a file is in the store's directory.
func (f retryFS) own(name string) bool { return f.PathDir(name) == f.dir }

func (f retryFS) Create(name string, c vfs.DiskWriteCategory) (file vfs.File, err error) {
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
		return &manifestFile{File: file, faults: f.faults}, nil
	case strings.HasSuffix(base, ".sst"):
		if file, err = f.FS.Create(name, c); err != nil {
			f.pauseTable()
			return nil, err
		}
		return &tableFile{File: file, faults: f.faults}, nil
	}
	return f.FS.Create(name, c)
}

func (f retryFS) OpenDir(name string) (vfs.File, error) {
	dir, err := f.FS.OpenDir(name)
	switch {
	case err != nil:
		return nil, err
	case name == f.dir:
		return &storeDir{dir, f}, nil
	}
	return &outsideDir{dir, f.faults}, nil
}

// manifestFile is a MANIFEST.
type manifestFile struct {
	vfs.File
	*faults
	synced  int64  // bytes that are durable
	pending []byte // the bytes after these
}

func (f *manifestFile) Write(b []byte) (n int, err error) {
	f.pending = append(f.pending, b...) // before f.File, which may change b
	err = f.until(func() error {
		m, err := f.File.Write(b[n:])
		n += m
		return err
	})
	return n, err
}

func (f *manifestFile) Sync() error     { return f.sync(f.File.Sync) }
func (f *manifestFile) SyncData() error { return f.sync(f.File.SyncData) }

func (f *manifestFile) SyncTo(offset int64) (full bool, err error) {
	return true, f.SyncData()
}

// sync retries until the file is synced. After a failed sync, the system may have
// dropped the data, and report success for the next sync; so the data is written
// again first.
func (f *manifestFile) sync(sync func() error) error {
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

// storeDir is the store's directory.
type storeDir struct {
	vfs.File
	fs retryFS
}

// Sync makes the names of files durable. After a failed sync, the system may regard
// the directory as written; so the directory is changed first.
func (d *storeDir) Sync() error {
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

// outsideDir is a directory outside the store: one of a checkpoint.
type outsideDir struct {
	vfs.File
	*faults
}

// Sync stores its error for Checkpoint: the engine would panic.
func (d *outsideDir) Sync() error {
	err := d.File.Sync()
	if err != nil && d.isOpen() {
		d.outside.CompareAndSwap(nil, &err)
		return nil
	}
	return err
}

// tableFile is a table that is being written.
type tableFile struct {
	vfs.File
	*faults
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

// done pauses after the first failure of the file.
func (f *tableFile) done(err error) error {
	if err != nil && !f.failed {
		f.failed = true
		f.pauseTable()
	}
	return err
}
