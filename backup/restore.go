package backup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// restoring is where a backup lies in the directory that it is restored to,
// until all of it is there.
const restoring = ".restoring"

// Restore copies a backup to a directory that is missing or empty, and proves
// that every file is as it was when the backup was made. Until all is in its
// place the directory is one that CheckRestored refuses.
func Restore(ctx context.Context, path, to string) error {
	m, err := Read(path)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o700); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	entries, err := os.ReadDir(to)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	for _, e := range entries {
		switch e.Name() {
		case lostAndFound, restoring:
		default:
			return fmt.Errorf("restore: %s is not empty: move what is in it away, or name another directory", to)
		}
	}
	temp := filepath.Join(to, restoring)
	if err := os.RemoveAll(temp); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	if err := copyWhole(ctx, path, temp, m.Contents); err != nil {
		return fmt.Errorf("restore: %w", errors.Join(err, os.RemoveAll(temp)))
	}
	if err := os.Remove(filepath.Join(temp, manifestFile)); err != nil {
		return fmt.Errorf("restore: %w", err)
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
	if err := errors.Join(syncFile(to), os.Remove(temp), syncFile(to), syncFile(filepath.Dir(filepath.Clean(to)))); err != nil {
		return fmt.Errorf("restore: %w", err)
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

// copyWhole copies a backup, whose files must be what contents say, where they
// say anything.
func copyWhole(ctx context.Context, from, to string, contents []File) error {
	sums, err := copyTree(ctx, from, to)
	if err != nil {
		return err
	}
	for _, f := range contents {
		sum, there := sums[f.Name]
		if !there {
			return fmt.Errorf("the backup %s lacks its file %s: take an older one with --from", from, f.Name)
		}
		if sum != f.SHA256 {
			return fmt.Errorf("%s is not as it was when the backup was made: take an older one with --from", filepath.Join(from, f.Name))
		}
	}
	return nil
}

// CopyPart copies a directory of a backup, and proves that its files are whole.
func CopyPart(ctx context.Context, path, name, to string) error {
	m, err := Read(path)
	if err != nil {
		return err
	}
	var part []File
	for _, f := range m.Contents {
		if rest, ok := strings.CutPrefix(f.Name, name+"/"); ok {
			f.Name = rest
			part = append(part, f)
		}
	}
	return copyWhole(ctx, filepath.Join(path, name), to, part)
}
