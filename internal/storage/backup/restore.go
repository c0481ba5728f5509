package backup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/footfall/footfall/internal/base/fsync"
)

// restoring is the directory that a backup is copied to first, inside the one that
// it is restored to.
const restoring = ".restoring"

// Restore copies a backup to a directory that is missing or empty, and makes it
// private to its owner. It verifies that every file is as it was when the backup was
// made, and refuses a backup that has anything except the regular files in its
// manifest. Until the restore is complete, CheckRestored refuses the directory.
func Restore(ctx context.Context, path, to string) error {
	a, err := openArchive(path)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	defer a.close()
	if err := os.MkdirAll(to, 0o700); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	if err := empty(to); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	// Another user who can write there could add files until here.
	if err := errors.Join(os.Chmod(to, 0o700), empty(to)); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	temp := filepath.Join(to, restoring)
	if err := os.RemoveAll(temp); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	if err := a.copyTo(ctx, ".", temp); err != nil {
		return fmt.Errorf("restore: %w", errors.Join(err, os.RemoveAll(temp)))
	}
	parts, err := os.ReadDir(temp)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	for _, p := range parts {
		if err := os.Rename(filepath.Join(temp, p.Name()), filepath.Join(to, p.Name())); err != nil {
			return fmt.Errorf("restore: %w", err)
		}
	}
	if err := errors.Join(fsync.Path(to), os.Remove(temp), fsync.Path(to), fsync.Path(filepath.Dir(filepath.Clean(to)))); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	return nil
}

// empty fails if a directory to restore to has anything except an unfinished
// restore.
func empty(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		switch e.Name() {
		case lostAndFound, restoring:
		default:
			if err := CheckRestored(dir); err != nil {
				return err
			}
			return fmt.Errorf("%w: %s", ErrNotEmpty, dir)
		}
	}
	return nil
}

// CheckRestored fails if a restore into the directory was not finished.
func CheckRestored(dir string) error {
	if _, err := os.Lstat(filepath.Join(dir, restoring)); err == nil {
		return fmt.Errorf("%w: %s", ErrUnfinished, dir)
	}
	return nil
}

// CopyPart copies a directory of a backup, and verifies its files.
func CopyPart(ctx context.Context, path, name, to string) error {
	a, err := openArchive(path)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	defer a.close()
	return a.copyTo(ctx, name, to)
}
