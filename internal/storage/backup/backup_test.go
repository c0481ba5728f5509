package backup_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/storage/backup"
)

var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// take makes a backup of a directory, as b.
func take(t *testing.T, from, to, installation string, now time.Time, keep int) backup.Manifest {
	t.Helper()
	d, err := backup.Begin(to, installation, now)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Abort()
	if err := d.CopyDir(t.Context(), from, "b"); err != nil {
		t.Fatal(err)
	}
	m, err := d.Commit(1, 2, keep)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// write writes a file with a modification time.
func write(t *testing.T, path, text string, changed time.Time) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600), os.Chtimes(path, changed, changed)); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestClockSetBack: the newest backup is the one that was made last, and is never
// the one that is removed, even if the clock was set back.
func TestClockSetBack(t *testing.T) {
	from, to := t.TempDir(), filepath.Join(t.TempDir(), "backups")
	for i, now := range []time.Time{noon, noon.AddDate(5, 0, 0), noon, noon, noon.Add(time.Hour)} {
		text := strings.Repeat("x", i+1)
		write(t, filepath.Join(from, "file"), text, now)
		take(t, from, to, "mine", now, 1)
		all, err := backup.List(to)
		if err != nil || len(all) != 1 {
			t.Fatalf("backup %d: the backups %v are kept (%v), want one", i, all, err)
		}
		path, m, err := backup.Newest(to)
		if err != nil || read(t, filepath.Join(path, "b", "file")) != text || !m.Made.Equal(now) {
			t.Errorf("backup %d: the newest backup was made at %v (%v)", i, m.Made, err)
		}
	}
}

// TestSharedFiles: an unchanged file is shared with the backup before, unless it is
// damaged there.
func TestSharedFiles(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	write(t, filepath.Join(from, "file"), "sound", noon)
	if m := take(t, from, to, "mine", noon, 9); m.Copied != 5 || m.Bytes != 5 || m.Files != 1 {
		t.Errorf("the first backup: %+v", m)
	}
	if m := take(t, from, to, "mine", noon.Add(1), 9); m.Copied != 0 || m.Bytes != 5 {
		t.Errorf("another backup of unchanged files: %+v", m)
	}
	newest, _, err := backup.Newest(to)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(newest, "b", "file"), "sOund", noon) // as a disk would
	restored := filepath.Join(t.TempDir(), "restored")
	if err := backup.Restore(t.Context(), newest, restored); err == nil || !strings.Contains(err.Error(), "not as it was") {
		t.Errorf("a damaged file was restored: %v", err)
	}
	if m := take(t, from, to, "mine", noon.Add(2), 9); m.Copied != 5 {
		t.Errorf("a backup after a file of the last one was damaged: %+v", m)
	}
	newest, _, err = backup.Newest(to)
	if err == nil {
		err = backup.Restore(t.Context(), newest, restored)
	}
	if err != nil || read(t, filepath.Join(restored, "b", "file")) != "sound" {
		t.Errorf("restored files: %v", err)
	}
}

// TestRestoreTo: an existing empty directory is used, also if it is a mount point or
// a symbolic link, and one with files is refused.
func TestRestoreTo(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	write(t, filepath.Join(from, "file"), "x", noon)
	take(t, from, to, "mine", noon, 1)
	newest, _, err := backup.Newest(to)
	if err != nil {
		t.Fatal(err)
	}
	there := t.TempDir()
	if err := os.Mkdir(filepath.Join(there, "lost+found"), 0o700); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(there)
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(there, link); err != nil {
		t.Fatal(err)
	}
	if err := backup.Restore(t.Context(), newest, link); err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(there); err != nil || !os.SameFile(before, after) || read(t, filepath.Join(there, "b", "file")) != "x" {
		t.Errorf("a backup was not restored to a directory named by a link: %v", err)
	}
	if err := backup.CheckRestored(there); err != nil {
		t.Error(err)
	}
	if err := backup.Restore(t.Context(), newest, there); err == nil || !strings.Contains(err.Error(), "is not empty") {
		t.Errorf("restored into a directory with files: %v", err)
	}
	cut, cancel := context.WithCancel(t.Context())
	cancel()
	other := t.TempDir()
	if err := backup.Restore(cut, newest, other); !errors.Is(err, context.Canceled) {
		t.Errorf("a restore that was cut short: %v", err)
	}
	if err := backup.Restore(t.Context(), newest, other); err != nil {
		t.Errorf("after a restore that was cut short: %v", err)
	}
	write(t, filepath.Join(other, ".restoring", "b", "file"), "x", noon)
	if err := backup.CheckRestored(other); err == nil {
		t.Error("an unfinished restore is accepted")
	}
}

// TestOthers: backups of two installations do not mix.
func TestOthers(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	write(t, filepath.Join(from, "file"), "x", noon)
	take(t, from, to, "mine", noon, 1)
	if _, err := backup.Begin(to, "yours", noon); err == nil || !strings.Contains(err.Error(), "another installation") {
		t.Errorf("a backup among those of another installation: %v", err)
	}
	if _, err := backup.Begin(from, "mine", noon); err == nil || !strings.Contains(err.Error(), "which is not a backup") {
		t.Errorf("a backup among other files: %v", err)
	}
}
