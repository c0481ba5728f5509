package datadir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// claim is a data directory that this process has taken. Two things are locked:
// a file in it, and the directory itself, because the file can be removed.
type dirLock struct {
	dir        string
	lock, root *os.File
}

// Close lets go of the directory.
func (c *dirLock) Close() error {
	var errs []error
	for _, f := range []*os.File{c.root, c.lock} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(errs...)
}

// lockDir takes a data directory for this process; the locks go with the
// process, however it ends. Where another process has it, that is ErrOwned.
// Where nothing has been kept there, create makes it, and else it is ErrNoData.
//
// It takes no directory of another user, who could not open what this one
// leaves there, nor one into which everybody could put things, and makes none
// where other things lie. From then on nobody else may look into it.
func lockDir(dir string, create bool) (c *dirLock, err error) {
	c = &dirLock{dir: dir}
	if c.lock, err = lockFileIn(dir, create); err == nil {
		c.root, err = lockRoot(dir)
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// lockRoot locks the directory itself.
func lockRoot(dir string) (*os.File, error) {
	root, err := os.Open(dir)
	if err != nil {
		return nil, &OpenError{err}
	}
	err = flock(root, dir)
	switch {
	case errors.Is(err, unix.EBADF), errors.Is(err, unix.ENOLCK), errors.Is(err, unix.EINVAL), errors.Is(err, unix.EOPNOTSUPP):
		return root, nil // a file system of the network that locks no directories; the file is locked
	case err != nil:
		return nil, errors.Join(err, root.Close())
	}
	return root, nil
}

// look puts the lock back where it was removed, and says so. It fails with
// ErrMoved.
func (c *dirLock) check() (restored bool, err error) {
	held, err := c.root.Stat()
	if err != nil {
		return false, err
	}
	here, err := os.Stat(c.dir)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && !os.SameFile(held, here):
		return false, fmt.Errorf("the data directory %s %w", c.dir, ErrMoved)
	case err != nil:
		return false, err
	}
	path := filepath.Join(c.dir, lockFile)
	if held, err = c.lock.Stat(); err != nil {
		return false, err
	}
	if here, err = os.Lstat(path); err == nil && os.SameFile(held, here) {
		return false, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	lock, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0o600)
	if err != nil {
		return false, err
	}
	if err := flock(lock, c.dir); err != nil { // a command holds it until it meets the lock of the directory
		return false, errors.Join(err, lock.Close())
	}
	before := c.lock
	c.lock = lock
	return true, before.Close()
}

// watchEvery is how often a server looks whether its data directory is its own
// still.
const watchEvery = time.Second

// watchFiles looks after the data directory until ctx ends. It fails with ErrMoved
// where the directory is another one, and with a RemovedPartError.
func (d *Dir) watchFiles(ctx context.Context) error {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
		restored, err := d.lock.check()
		switch {
		case errors.Is(err, ErrMoved):
			return err
		case restored:
			d.log.Warn("the lock of the data directory was removed, and is made again: whatever removed it must leave the directory alone", "file", filepath.Join(d.path, lockFile))
		}
		if err == nil {
			err = d.checkParts()
		}
		if errors.As(err, new(*RemovedPartError)) {
			return err
		}
	}
}
