package datadir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// dirLock is the lock of a data directory: of the file lock in it, and of the
// directory itself, because the file can be removed.
type dirLock struct {
	dir        string
	file, root *os.File
}

// Close unlocks the directory.
func (l *dirLock) Close() error {
	var errs []error
	for _, f := range []*os.File{l.root, l.file} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(errs...)
}

// lockDir locks a data directory until Close, or until the process ends. It fails
// with ErrOwned if another process has locked it. If the directory has no data, it
// fails with ErrNoData, or makes the directory if create is set.
//
// It refuses a directory of another user, who could not open files that this user
// makes in it. It refuses one that everybody could write to, and one that has
// other files than footfall's. It sets mode 0700.
func lockDir(dir string, create bool) (l *dirLock, err error) {
	l = &dirLock{dir: dir}
	if l.file, err = lockFileIn(dir, create); err == nil {
		l.root, err = lockRoot(dir)
	}
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
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
		return root, nil // a network file system that cannot lock directories; the file is locked
	case err != nil:
		return nil, errors.Join(err, root.Close())
	}
	return root, nil
}

// check fails with ErrMoved if the path leads to another directory. It makes and
// takes the file lock again if it was removed or replaced.
func (l *dirLock) check() (restored bool, err error) {
	locked, err := l.root.Stat()
	if err != nil {
		return false, err
	}
	present, err := os.Stat(l.dir)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && !os.SameFile(locked, present):
		return false, fmt.Errorf("the data directory %s %w", l.dir, ErrMoved)
	case err != nil:
		return false, err
	}
	path := filepath.Join(l.dir, lockFile)
	if locked, err = l.file.Stat(); err != nil {
		return false, err
	}
	if present, err = os.Lstat(path); err == nil && os.SameFile(locked, present) {
		return false, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0o600)
	if err != nil {
		return false, err
	}
	if err := flock(file, l.dir); err != nil { // a command has it, until it finds that the directory is locked
		return false, errors.Join(err, file.Close())
	}
	before := l.file
	l.file = file
	return true, before.Close()
}
