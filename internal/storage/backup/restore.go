package backup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/footfall/footfall/internal/base/fsync"
)

// restoring is where a backup lies in the directory that it is restored to,
// until all of it is there.
const restoring = ".restoring"

// Restore copies a backup to a directory that is missing or empty, which becomes
// its owner's alone, and proves that every file is as it was when the backup was
// made. A backup that has anything else than the regular files that it lists is
// refused. Until all is in its
// place the directory is one that CheckRestored refuses.
func Restore(ctx context.Context, path, to string) error {
	s, err := openSource(path)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	defer s.close()
	if err := os.MkdirAll(to, 0o700); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	if err := empty(to); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	// Others who may write there could put files of theirs among these.
	if err := errors.Join(os.Chmod(to, 0o700), empty(to)); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	temp := filepath.Join(to, restoring)
	if err := os.RemoveAll(temp); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	if err := s.copyTo(ctx, ".", temp); err != nil {
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

// empty fails where something lies in a directory to restore to, other than half
// a restore.
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
			return fmt.Errorf("%s is not empty: move what is in it away, or name another directory", dir)
		}
	}
	return nil
}

// CheckRestored fails where a restore into the directory was cut short.
func CheckRestored(dir string) error {
	if _, err := os.Lstat(filepath.Join(dir, restoring)); err == nil {
		return fmt.Errorf("a restore to %s was cut short: empty the directory and restore again", dir)
	}
	return nil
}

// CopyPart copies a directory of a backup, and proves that its files are whole.
func CopyPart(ctx context.Context, path, name, to string) error {
	s, err := openSource(path)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	defer s.close()
	return s.copyTo(ctx, name, to)
}
