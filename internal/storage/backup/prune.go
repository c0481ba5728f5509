package backup

import (
	"errors"
	"os"
	"path/filepath"
)

// prune removes the oldest backups of a directory so that keep remain, at least 1.
func prune(dir string, keep int) error {
	all, err := List(dir)
	for _, old := range all[min(max(keep, 1), len(all)):] {
		// It is renamed first, so that half of it is not taken for a backup.
		gone := filepath.Join(dir, partial+filepath.Base(old))
		err = errors.Join(err, os.Rename(old, gone), os.RemoveAll(gone))
	}
	return err
}
