package datadir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// apart fails where backups would lie in the data directory, or the data among
// the backups, by whatever links the two are named.
func checkSeparate(data, backups string) error {
	for _, c := range []struct{ inner, outer, what string }{
		{backups, data, "%s lies in the data directory"},
		{data, backups, "the data directory lies in %s"},
	} {
		in, err := isInside(c.inner, c.outer)
		if err != nil {
			return fmt.Errorf("backup: %w", err)
		}
		if in {
			return fmt.Errorf("backup: "+c.what+": name another one, on another disk if there is one", backups)
		}
	}
	return nil
}

// within tells whether a path that may be missing is of a directory or of what
// is in it. Directories are compared as the file system knows them.
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
	// Of what is missing, the nearest directory that is there says where it will be.
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
