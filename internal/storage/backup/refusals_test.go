package backup_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/footfall/footfall/internal/storage/backup"
)

// TestNoBackups: ErrNone names the directory.
func TestNoBackups(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "counts"), "content", noon)
	for _, from := range []string{dir, t.TempDir(), filepath.Join(dir, "none"), filepath.Join(dir, "counts")} {
		if _, _, err := backup.Newest(from); !errors.Is(err, backup.ErrNone) || !strings.Contains(err.Error(), from) {
			t.Errorf("Newest(%s): %v", from, err)
		}
	}
}

// TestUnwritable: an error of permission says which user needs it.
func TestUnwritable(t *testing.T) {
	for _, number := range []error{syscall.EACCES, syscall.EROFS} {
		err := backup.Unwritable(&os.PathError{Op: "mkdir", Path: "/mnt", Err: number})
		if !errors.Is(err, number) || !errors.Is(err, backup.ErrWrite) {
			t.Error(err)
		}
	}
}
