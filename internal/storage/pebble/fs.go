package pebble

import (
	"io"
	"os"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/footfall/footfall/internal/base/fsync"
)

// orderedFS syncs the directory before a marker is created. The engine relies on
// directory entries becoming durable in the order in which they were made, and file
// systems do not promise that.
type orderedFS struct{ vfs.FS }

func (f orderedFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if strings.HasPrefix(f.PathBase(name), "marker.") {
		if err := fsync.With(f.OpenDir, f.PathDir(name)); err != nil {
			return nil, err
		}
	}
	return f.FS.Create(name, c)
}

func (f orderedFS) Unwrap() vfs.FS { return f.FS }

// privateFS makes every file of the store 0600 and every directory 0700, whatever
// the umask is: referrers are private.
type privateFS struct{ vfs.FS }

func (f privateFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return private(name)(f.FS.Create(name, c))
}

func (f privateFS) OpenReadWrite(name string, c vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	return private(name)(f.FS.OpenReadWrite(name, c, opts...))
}

func (f privateFS) ReuseForWrite(old, name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return private(name)(f.FS.ReuseForWrite(old, name, c))
}

func (f privateFS) Lock(name string) (io.Closer, error) {
	l, err := f.FS.Lock(name)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(name, 0o600); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

func (f privateFS) MkdirAll(dir string, _ os.FileMode) error {
	return f.FS.MkdirAll(dir, 0o700)
}

func (f privateFS) Unwrap() vfs.FS { return f.FS }

// private sets the mode of a file that was just opened to 0600.
func private(name string) func(vfs.File, error) (vfs.File, error) {
	return func(file vfs.File, err error) (vfs.File, error) {
		if err != nil {
			return nil, err
		}
		if err := os.Chmod(name, 0o600); err != nil {
			file.Close()
			return nil, err
		}
		return file, nil
	}
}
