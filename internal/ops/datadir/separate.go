package datadir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// checkSeparate fails if backups would be made inside the data directory, or if the
// data directory is inside that of the backups, whatever links lead to them.
func checkSeparate(data, backups string) error {
	for _, c := range []struct{ inner, outer, what string }{
		{backups, data, "%s is in the data directory"},
		{data, backups, "the data directory is in %s"},
	} {
		in, err := isInside(c.inner, c.outer)
		if err != nil {
			return fmt.Errorf("backup: %w", err)
		}
		if in {
			return fmt.Errorf("backup: "+c.what+": %w", backups, ErrNotSeparate)
		}
	}
	return nil
}

// isInside reports whether a path, which may be missing, is a directory or inside it.
// Directories are compared by inode.
func isInside(path, dir string) (bool, error) {
	outer, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if path, err = filepath.Abs(path); err != nil {
		return false, err
	}
	// A path that is missing will be made in its nearest parent that exists.
	real, err := filepath.EvalSymlinks(path)
	for errors.Is(err, fs.ErrNotExist) && path != filepath.Dir(path) {
		if _, dangling := os.Lstat(path); dangling == nil {
			return false, fmt.Errorf("%s is a symbolic link that leads nowhere", path)
		}
		path = filepath.Dir(path)
		real, err = filepath.EvalSymlinks(path)
	}
	for err == nil {
		var info fs.FileInfo
		if info, err = os.Stat(real); err == nil && os.SameFile(info, outer) {
			return true, nil
		}
		if real == filepath.Dir(real) {
			break
		}
		real = filepath.Dir(real)
	}
	return false, err
}
