package datadir

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestLockRemoved: while a server runs, no other process opens its directory, even
// if the lock file is removed or replaced. The server makes it again.
func TestLockRemoved(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	d, _ := openIn(t, dir)
	o := Options{Path: dir, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	lock := filepath.Join(dir, lockFile)
	others := func(t *testing.T) {
		t.Helper()
		for name, try := range map[string]func() error{
			"a server":  func() error { _, err := Open(t.Context(), o); return err },
			"a rebuild": func() error { return Rebuild(t.Context(), o, "", true, func(string) {}) },
			"a repair":  func() error { return RepairDamaged(t.Context(), o, GiveUp{}, func(string) {}) },
		} {
			if err := try(); !errors.Is(err, ErrOwned) {
				t.Errorf("%s while a server runs: %v", name, err)
			}
		}
	}
	if restored, err := d.lock.check(); restored || err != nil {
		t.Errorf("a lock that was not removed: %v, %v", restored, err)
	}
	for range 2 {
		if err := os.Remove(lock); err != nil {
			t.Fatal(err)
		}
		restored, err := d.lock.check()
		if !restored || err != nil {
			t.Errorf("a lock that was removed: %v, %v", restored, err)
		}
		others(t)
		if err := os.Remove(lock); err != nil {
			t.Fatal(err)
		}
		others(t) // they leave their own lock file
		if restored, err = d.lock.check(); !restored || err != nil {
			t.Errorf("a lock that was replaced: %v, %v", restored, err)
		}
	}
	others(t)
	d.mustClose(t)
	if err := os.Remove(lock); err != nil {
		t.Fatal(err)
	}
	d, _ = openIn(t, dir) // it has no owner now
	d.mustClose(t)
}

// TestDirectoryMoved: a server notices that its path leads to another directory.
func TestDirectoryMoved(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	d, _ := openIn(t, dir)
	if err := os.Rename(dir, dir+".old"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.lock.check(); !errors.Is(err, ErrMoved) {
		t.Errorf("a directory that was moved away: %v", err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := d.lock.check(); !errors.Is(err, ErrMoved) {
		t.Errorf("another directory in its place: %v", err)
	}
	if err := errors.Join(os.RemoveAll(dir), os.Rename(dir+".old", dir)); err != nil {
		t.Fatal(err)
	}
	d.mustClose(t)
}
