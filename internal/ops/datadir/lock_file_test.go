package datadir

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// tryOpen opens a data directory, and closes it if that succeeds.
func tryOpen(t *testing.T, dir string, create bool) error {
	t.Helper()
	d, err := Open(t.Context(), Options{Path: dir, Create: create, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err == nil {
		d.mustClose(t)
	}
	return err
}

// TestForeignDirectories: a directory that cannot be footfall's is refused, and
// nothing is left in it.
func TestForeignDirectories(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	full := t.TempDir()
	for _, name := range []string{file, filepath.Join(full, "letter")} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for dir, want := range map[string]string{
		file:                        "is a file",
		filepath.Join(file, "data"): "not a directory",
		full:                        "holds letter",
	} {
		if err := tryOpen(t, dir, true); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", dir, err, want)
		}
	}
	if names, err := os.ReadDir(full); err != nil || len(names) != 1 {
		t.Errorf("the refused directory has %v, %v", names, err)
	}
	if err := tryOpen(t, full, false); !errors.Is(err, ErrNoData) {
		t.Errorf("without Create: %v", err)
	}
	cut := t.TempDir()
	if err := os.Mkdir(filepath.Join(cut, ".restoring"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := tryOpen(t, cut, true); err == nil || !strings.Contains(err.Error(), "was not finished") {
		t.Errorf("an unfinished restore: %v", err)
	}
	if names, err := os.ReadDir(cut); err != nil || len(names) != 1 {
		t.Errorf("the files of an unfinished restore are now %v, %v", names, err)
	}
	volume := t.TempDir()
	if err := os.Mkdir(filepath.Join(volume, "lost+found"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := tryOpen(t, volume, true); err != nil {
		t.Errorf("the root of a file system: %v", err)
	}
}

// TestOwner: only the owner opens a data directory. Otherwise a command of root
// would leave files that the service cannot open.
func TestOwner(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := tryOpen(t, dir, true); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() != 0 {
		if err := CheckDir("/"); err == nil || !errors.As(err, new(*OwnerError)) {
			t.Errorf("the directory of root: %v", err)
		}
		return
	}
	const other = 12345
	before := listing(t, dir)
	if err := os.Chown(dir, other, other); err != nil {
		t.Fatal(err)
	}
	for _, create := range []bool{false, true} {
		if err := tryOpen(t, dir, create); err == nil || !errors.As(err, new(*OwnerError)) {
			t.Errorf("another user's directory, create %v: %v", create, err)
		}
	}
	if err := Rebuild(t.Context(), Options{Path: dir, Log: slog.New(slog.DiscardHandler)}, "", false, func(string) {}); err == nil || !errors.As(err, new(*OwnerError)) {
		t.Errorf("rebuild of another user's directory: %v", err)
	}
	if after := listing(t, dir); after != before {
		t.Errorf("another user's directory was changed from\n%s\nto\n%s", before, after)
	}
	empty := t.TempDir()
	if err := os.Chown(empty, other, other); err != nil {
		t.Fatal(err)
	}
	if err := tryOpen(t, empty, true); err == nil || !errors.As(err, new(*OwnerError)) {
		t.Errorf("another user's empty directory: %v", err)
	}
	if after := listing(t, empty); after != "" {
		t.Errorf("another user's empty directory now has %s", after)
	}
}

// listing is the files below a directory, with their sizes and times.
func listing(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		info, err := e.Info()
		if err == nil {
			fmt.Fprintln(&b, path, info.Size(), info.ModTime())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestOwnedByAnotherProcess: if a process has the directory open, ErrOwned comes first,
// even if the directory belongs to another user.
func TestOwnedByAnotherProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := open(t, dir)
	defer d.mustClose(t)
	if os.Geteuid() == 0 {
		if err := os.Chown(dir, 12345, 12345); err != nil {
			t.Fatal(err)
		}
	}
	if err := tryOpen(t, dir, true); !errors.Is(err, ErrOwned) {
		t.Errorf("an owned directory: %v", err)
	}
}

// TestPrivate: a directory that was made by hand gets mode 0700.
func TestPrivate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o775); err != nil {
		t.Fatal(err)
	}
	if err := tryOpen(t, dir, true); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the directory is %v, %v", info.Mode(), err)
	}
}
