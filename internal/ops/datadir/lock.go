package datadir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/footfall/footfall/internal/base/plain"
)

const (
	lockFile     = "lock"
	databaseFile = "footfall.db"
	progressFile = "progress"
)

// lockFileIn is lockDir, of the file in it that is locked.
func lockFileIn(dir string, create bool) (_ *os.File, err error) {
	refused := CheckDir(dir)
	if refused != nil && user() != 0 {
		return nil, refused
	}
	// Root may speak to the owner of a directory that he may not open himself.
	lock, err := openLock(dir)
	fresh := errors.Is(err, fs.ErrNotExist)
	defer func() {
		if err != nil && lock != nil {
			err = errors.Join(err, lock.Close())
		}
	}()
	switch {
	case err == nil:
		if err := flock(lock, dir); err != nil {
			return nil, err
		}
	case fresh && !create && refused == nil && !HasData(dir):
		return nil, fmt.Errorf("%w in %s", ErrNoData, dir)
	}
	if refused != nil {
		return nil, refused
	}
	if fresh {
		lock, err = newLock(dir)
	}
	if errors.Is(err, ErrOwned) {
		return nil, err
	}
	if err != nil {
		return nil, &OpenError{err}
	}
	return lock, makePrivate(dir)
}

// openLock opens a lock that is there. It follows no link, and waits for
// nothing that lies in its place.
func openLock(dir string) (*os.File, error) {
	path := filepath.Join(dir, lockFile)
	lock, err := os.OpenFile(path, os.O_RDWR|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err := lock.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no file: find out who put it there", path)
	}
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return lock, nil
}

// HasData tells whether something has been kept in a directory.
func HasData(dir string) bool {
	entries, err := os.ReadDir(dir)
	return err == nil && slices.ContainsFunc(entries, isFootfalls)
}

// isFootfalls tells an entry that a data directory has, also right after a restore.
func isFootfalls(e fs.DirEntry) bool { return e.Name() == lockFile || e.Name() == databaseFile }

// newLock makes and takes the lock of a directory in which nothing has been
// kept, and the directory where it is missing.
func newLock(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	if other := foreign(entries); other != "" {
		return nil, fmt.Errorf("%s holds %s, which is %w", dir, plain.Text(other), ErrForeign)
	}
	if err := makePrivate(dir); err != nil {
		return nil, err
	}
	// From now on nobody puts anything into it.
	if now, err := os.ReadDir(dir); err != nil || len(now) != len(entries) {
		return nil, errors.Join(err, fmt.Errorf("somebody else puts files into %s, which are %w", dir, ErrForeign))
	}
	lock, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0o600)
	if err != nil {
		return nil, err
	}
	return lock, flock(lock, dir)
}

// foreign is what lies in a directory that is not footfall's; empty where the
// directory is, or nothing lies there.
func foreign(entries []fs.DirEntry) (other string) {
	if slices.ContainsFunc(entries, isFootfalls) {
		return ""
	}
	for _, e := range entries {
		if e.Name() != "lost+found" { // of a file system of its own
			other = e.Name()
		}
	}
	return other
}

func flock(lock *os.File, dir string) error {
	err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return fmt.Errorf("%w %s", ErrOwned, dir)
	}
	if err != nil {
		return fmt.Errorf("lock data directory: %w", err)
	}
	return nil
}

// makePrivate takes from others what rights they have, as those have who unpack
// an archive or make the directory by hand.
func makePrivate(dir string) error {
	info, err := os.Stat(dir)
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		err = os.Chmod(dir, 0o700)
	}
	if err != nil {
		return fmt.Errorf("keep others out of the data directory: %w", err)
	}
	return nil
}
