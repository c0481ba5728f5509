package datadir

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/storage/store"
)

// linkOf is the link that openIn makes.
func linkOf(t *testing.T, d *Dir) store.Link {
	t.Helper()
	l, err := d.DB.LinkByID(t.Context(), 2) // its aggregate link has 1
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// counted waits until all recorded clicks are counted, and returns how many there are.
func counted(t *testing.T, d *Dir) uint64 {
	t.Helper()
	if err := d.Recorder.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	ledger, err := d.Counts.Ledger(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return ledger.Total()
}

// TestPartRemoved: a server notices that a part of its directory was removed or
// replaced, and loses nothing that it acknowledged.
func TestPartRemoved(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		remove func(dir string) error
		saved  string // what it did with links and users
	}{
		"the journal":             {remove: func(dir string) error { return os.RemoveAll(filepath.Join(dir, journalDir)) }},
		"the journal, moved away": {remove: func(dir string) error { return os.Rename(filepath.Join(dir, journalDir), dir+".moved") }},
		"another journal": {remove: func(dir string) error {
			path := filepath.Join(dir, journalDir)
			return errors.Join(os.Rename(path, dir+".moved"), os.Mkdir(path, 0o700))
		}},
		"the files of the journal": {remove: func(dir string) error {
			files, err := filepath.Glob(filepath.Join(dir, journalDir, "*"))
			for _, f := range files {
				err = errors.Join(err, os.Remove(f))
			}
			return err
		}},
		"links and users": {
			remove: func(dir string) error { return os.Remove(filepath.Join(dir, databaseFile)) },
			saved:  "footfall.db was removed, and is written back",
		},
		"links and users, and their log": {
			remove: func(dir string) error {
				path := filepath.Join(dir, databaseFile)
				return errors.Join(os.Remove(path), os.Remove(path+"-wal"), os.Remove(path+"-shm"))
			},
			saved: "footfall.db was removed, and is written back",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "data")
			d, log := openIn(t, dir)
			link := linkOf(t, d)
			if err := d.checkParts(); err != nil {
				t.Fatalf("a directory with all its parts: %v", err)
			}
			d.click(t, 3)
			if err := c.remove(dir); err != nil {
				t.Fatal(err)
			}
			d.click(t, 4)
			if err := d.checkParts(); !errors.As(err, new(*RemovedPartError)) {
				t.Fatalf("Maintain ended with %v", err)
			}
			_ = d.Close(t.Context()) // a removed journal cannot be sealed
			if c.saved != "" && !strings.Contains(log.String(), c.saved) {
				t.Errorf("the log does not say that %s: %s", c.saved, log)
			}
			d, _ = openIn(t, dir)
			defer d.mustClose(t)
			if l, err := d.DB.LinkByID(t.Context(), link.ID); err != nil || l != link {
				t.Errorf("after the next start the link is %+v, %v", l, err)
			}
			if n := counted(t, d); n != 7 {
				t.Errorf("after the next start %d of 7 clicks are counted", n)
			}
		})
	}
}

// TestLinksReplaced: a file that replaced footfall.db is not overwritten, and the
// links and users are saved next to it.
func TestLinksReplaced(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	d, log := openIn(t, dir)
	link := linkOf(t, d)
	path := filepath.Join(dir, databaseFile)
	if err := errors.Join(os.Remove(path), os.WriteFile(path, []byte("another"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if err := d.checkParts(); !errors.As(err, new(*RemovedPartError)) {
		t.Fatalf("Maintain ended with %v", err)
	}
	d.mustClose(t)
	if b, err := os.ReadFile(path); string(b) != "another" {
		t.Errorf("the other file was changed: %q, %v", b, err)
	}
	if !strings.Contains(log.String(), "saved in another file") {
		t.Errorf("the log is %s", log)
	}
	if info, err := os.Stat(path + savedSuffix); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("links and users were saved as %v, %v", info, err)
	}
	if _, err := os.Stat(path + "-wal"); err == nil {
		t.Error("the -wal of the removed file was left, and SQLite would apply it to another file")
	}
	if err := os.Rename(path+savedSuffix, path); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"-wal", "-shm"} {
		_ = os.Remove(path + suffix)
	}
	d, _ = openIn(t, dir)
	defer d.mustClose(t)
	if l, err := d.DB.LinkByID(t.Context(), link.ID); err != nil || l != link {
		t.Errorf("in the saved file the link is %+v, %v", l, err)
	}
}
