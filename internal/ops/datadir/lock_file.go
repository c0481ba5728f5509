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

// lockFileIn does what lockDir does, except for the lock of the directory itself.
func lockFileIn(dir string, create bool) (_ *os.File, err error) {
	refused := CheckDir(dir)
	if refused != nil && user() != 0 {
		return nil, refused
	}
	// Root may send commands to the owner of a directory that root may not open.
	// So ErrOwned comes before the refusal.
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

// openLock opens the lock file. It fails with fs.ErrNotExist. It follows no symbolic
// link, and does not wait for a pipe or a device in its place.
func openLock(dir string) (*os.File, error) {
	path := filepath.Join(dir, lockFile)
	lock, err := os.OpenFile(path, os.O_RDWR|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err := lock.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is %w", path, ErrNotRegular)
	}
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return lock, nil
}

// HasData reports whether a directory has data of footfall.
func HasData(dir string) bool {
	entries, err := os.ReadDir(dir)
	return err == nil && slices.ContainsFunc(entries, isFootfalls)
}

// isFootfalls reports whether an entry shows that a directory is footfall's, also right
// after a restore.
func isFootfalls(e fs.DirEntry) bool {
	return e.Name() == lockFile || e.Name() == databaseFile || e.Name() == enginesFile
}

// newLock makes and takes the lock of a directory without data, and makes the
// directory if it is missing.
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
	// From now on no other user can put files into it.
	if now, err := os.ReadDir(dir); err != nil || len(now) != len(entries) {
		return nil, errors.Join(err, fmt.Errorf("another program puts files into %s, which are %w", dir, ErrForeign))
	}
	lock, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0o600)
	if err != nil {
		return nil, err
	}
	return lock, flock(lock, dir)
}

// foreign returns the name of an entry that is not footfall's; empty if there is none,
// or if the directory is footfall's.
func foreign(entries []fs.DirEntry) (other string) {
	if slices.ContainsFunc(entries, isFootfalls) {
		return ""
	}
	for _, e := range entries {
		if e.Name() != "lost+found" { // at the root of a file system
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

// makePrivate sets mode 0700 if others have rights, as in a directory that was
// unpacked from an archive or made by hand.
func makePrivate(dir string) error {
	info, err := os.Stat(dir)
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		err = os.Chmod(dir, 0o700)
	}
	if err != nil {
		return fmt.Errorf("remove the rights of others on the data directory: %w", err)
	}
	return nil
}
