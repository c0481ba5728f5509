package datadir

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBackupsSeparate: a backup is not made inside the data directory, nor around
// it, whatever links lead there.
func TestBackupsSeparate(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	data := filepath.Join(top, "data")
	if err := errors.Join(
		os.Mkdir(data, 0o700),
		os.Mkdir(filepath.Join(top, "elsewhere"), 0o700),
		os.Symlink(data, filepath.Join(top, "straight")),
		os.Symlink(filepath.Join(data, "journal"), filepath.Join(top, "deep")),
		os.Symlink(filepath.Join(top, "straight"), filepath.Join(top, "again")),
		os.Symlink(top, filepath.Join(top, "elsewhere", "up")),
		os.Symlink(filepath.Join(top, "nowhere"), filepath.Join(top, "dangling")),
	); err != nil {
		t.Fatal(err)
	}
	d := open(t, data)
	defer func() { d.mustClose(t) }()
	for to, want := range map[string]string{
		data:                               "is in the data directory",
		filepath.Join(data, "b"):           "is in the data directory",
		filepath.Join(top, "straight"):     "is in the data directory",
		filepath.Join(top, "straight/b"):   "is in the data directory",
		filepath.Join(top, "deep"):         "is in the data directory",
		filepath.Join(top, "again/x/y"):    "is in the data directory",
		top:                                "the data directory is in",
		filepath.Join(top, "elsewhere/up"): "the data directory is in",
		filepath.Join(top, "dangling"):     "leads nowhere",
	} {
		if _, err := d.Backup(t.Context(), to, 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("a backup to %s: %v, want a sentence with %q", to, err, want)
		}
	}
	for _, to := range []string{filepath.Join(top, "backups"), filepath.Join(top, "made", "here")} {
		if _, err := d.Backup(t.Context(), to, 1); err != nil {
			t.Errorf("a backup to %s: %v", to, err)
		}
	}
	linked := filepath.Join(t.TempDir(), "link") // the data directory by a link
	if err := os.Symlink(data, linked); err != nil {
		t.Fatal(err)
	}
	d.mustClose(t)
	d = open(t, linked)
	if _, err := d.Backup(t.Context(), filepath.Join(data, "b"), 1); err == nil || !strings.Contains(err.Error(), "is in the data directory") {
		t.Errorf("a backup into a data directory that is named by a link: %v", err)
	}
}
