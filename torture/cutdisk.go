package main

import (
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/footfall/footfall/internal/base/fsync"
)

// cutDisk is a simulated disk that loses power at one of its operations. It records
// how much of each file was synced.
type cutDisk struct {
	*vfs.MemFS

	mu    sync.Mutex
	rng   *rand.Rand
	left  int        // operations until the cut; 0 is never
	after *vfs.MemFS // the disk after the cut; nil before it
	files map[string]*extent
}

// extent is how much of a file survives a cut, in bytes.
type extent struct{ synced int64 }

func newCutDisk(mem *vfs.MemFS, rng *rand.Rand) *cutDisk {
	return &cutDisk{MemFS: mem, rng: rng, files: map[string]*extent{}}
}

// cutAfter cuts the power after a number of operations.
func (d *cutDisk) cutAfter(operations int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.left = operations
}

// whilePowered calls f unless the power was cut. It is not cut during the call.
func (d *cutDisk) whilePowered(f func()) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.after != nil {
		return false
	}
	f()
	return true
}

// count is called before every operation that changes the disk.
func (d *cutDisk) count() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.left > 0 && d.after == nil {
		if d.left--; d.left == 0 {
			d.cut()
		}
	}
}

// cut does what a power cut does: some of the blocks that were not synced are lost, the
// last one may be torn, and a byte of them may be wrong. d.mu is held.
func (d *cutDisk) cut() {
	percent := [...]int{0, 20, 50, 80, 100}[d.rng.IntN(5)]
	d.after = d.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: d.rng})
	for name, e := range d.files {
		if err := d.damage(name, e.synced); err != nil && !os.IsNotExist(err) {
			panic(err) // a disk in memory never fails
		}
	}
}

// damage cuts a file off after its synced part, or flips a bit there.
func (d *cutDisk) damage(name string, synced int64) error {
	info, err := d.after.Stat(name)
	if err != nil || info.Size() <= synced {
		return err
	}
	f, err := d.after.OpenReadWrite(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	defer f.Close()
	data := make([]byte, info.Size())
	if _, err := f.ReadAt(data, 0); err != nil && err != io.EOF {
		return err
	}
	at := synced + d.rng.Int64N(info.Size()-synced)
	switch d.rng.IntN(3) {
	case 0:
		return nil
	case 1:
		data[at] ^= 1 << d.rng.IntN(8)
	case 2:
		data = data[:at]
		if f, err = d.after.Create(name, vfs.WriteCategoryUnspecified); err != nil {
			return err
		}
		defer f.Close()
	}
	if _, err := f.WriteAt(data, 0); err != nil {
		return err
	}
	return errors.Join(f.Sync(), fsync.With(d.after.OpenDir, d.after.PathDir(name)))
}

// opened starts to record a file. Its content is synced when it is opened for the first
// time.
func (d *cutDisk) opened(name string, f vfs.File, err error) (vfs.File, error) {
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	e := d.files[name]
	if e == nil || info.Size() == 0 {
		e = &extent{synced: info.Size()}
		d.files[name] = e
	}
	return &cutFile{f, d, e}, nil
}

func (d *cutDisk) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	d.count()
	f, err := d.MemFS.Create(name, c)
	return d.opened(name, f, err)
}

func (d *cutDisk) OpenReadWrite(name string, c vfs.DiskWriteCategory, o ...vfs.OpenOption) (vfs.File, error) {
	d.count()
	f, err := d.MemFS.OpenReadWrite(name, c, o...)
	return d.opened(name, f, err)
}

func (d *cutDisk) Rename(from, to string) error {
	d.count()
	d.mu.Lock()
	defer d.mu.Unlock()
	if e := d.files[from]; e != nil {
		d.files[to] = e // the old name stays too, because a cut may bring it back
	}
	return d.MemFS.Rename(from, to)
}

func (d *cutDisk) Remove(name string) error {
	d.count()
	return d.MemFS.Remove(name)
}

// cutFile is a file that may be written.
type cutFile struct {
	vfs.File
	disk   *cutDisk
	extent *extent
}

func (f *cutFile) Write(b []byte) (int, error) {
	f.disk.count()
	return f.File.Write(b)
}

func (f *cutFile) WriteAt(b []byte, off int64) (int, error) {
	f.disk.count()
	return f.File.WriteAt(b, off)
}

func (f *cutFile) Sync() error     { return f.sync(f.File.Sync) }
func (f *cutFile) SyncData() error { return f.sync(f.File.SyncData) }

func (f *cutFile) sync(do func() error) error {
	f.disk.count()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	f.disk.whilePowered(func() { f.extent.synced = max(f.extent.synced, info.Size()) })
	return nil
}
