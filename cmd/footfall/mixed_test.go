package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestOlderLinks: links and users of an older backup beside newer counts are
// refused, for the ids of links that they do not know would be given again.
func TestOlderLinks(t *testing.T) {
	t.Parallel()
	data, backups := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "backups")
	token, _ := run(t, "user", "add", "ann", "--data", data)
	run(t, "backup", "--data", data, "--to", backups)
	base, stop := serveUntil(t, "--data", data)
	visit(t, "GET", shorten(t, base, strings.TrimSpace(token), "http://example.org/"))
	stop(syscall.SIGTERM)
	old, err := filepath.Glob(filepath.Join(backups, "*", "footfall.db"))
	if err != nil || len(old) != 1 {
		t.Fatal(old, err)
	}
	b, err := os.ReadFile(old[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(data, "footfall.db"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	fails(t, "is older than what lies beside it", "check", "--data", data)
	fails(t, "put the newer one back", "link", "add", "ann", "http://example.org/other", "--data", data)
}

// counting makes an installation with clicks on a link of ann, and returns
// where it is and how many there are.
func counting(t *testing.T, clicks int) (data, token string) {
	t.Helper()
	data = filepath.Join(t.TempDir(), "data")
	token, _ = run(t, "user", "add", "ann", "--data", data)
	token = strings.TrimSpace(token)
	clicking(t, data, token, clicks)
	return data, token
}

// clicking serves the directory and clicks.
func clicking(t *testing.T, data, token string, clicks int) {
	t.Helper()
	base, stop := serveUntil(t, "--data", data)
	short := shorten(t, base, token, "http://example.org/")
	for range clicks {
		visit(t, "GET", short)
	}
	stop(syscall.SIGTERM)
}

// has wants so many clicks of all time to be counted.
func has(t *testing.T, data, token string, clicks int64) {
	t.Helper()
	base, stop := serveUntil(t, "--data", data)
	if n := all(t, base, token); n != clicks {
		t.Errorf("%d clicks are counted, want %d", n, clicks)
	}
	stop(syscall.SIGTERM)
	agrees(t, data)
}

// TestForeignJournal: the journal of another installation counts on nobody's
// links.
func TestForeignJournal(t *testing.T) {
	t.Parallel()
	data, token := counting(t, 3)
	other, _ := counting(t, 5)
	mine, theirs := filepath.Join(data, "journal"), filepath.Join(other, "journal")
	if err := os.Rename(mine, mine+".mine"); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(mine, os.DirFS(theirs)); err != nil {
		t.Fatal(err)
	}
	fails(t, "does not belong to these counts", "check", "--data", data)
	if err := os.RemoveAll(mine); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(mine+".mine", mine); err != nil {
		t.Fatal(err)
	}
	has(t, data, token, 3)
}

// TestRebuildLosesNothing: counts that would lack clicks do not replace those
// that have them, unless the operator says so.
func TestRebuildLosesNothing(t *testing.T) {
	t.Parallel()
	data, token := counting(t, 4)
	other, _ := counting(t, 2)
	foreign, backups := filepath.Join(t.TempDir(), "foreign"), filepath.Join(t.TempDir(), "backups")
	run(t, "backup", "--data", other, "--to", foreign)
	fails(t, "another installation", "backup", "--data", data, "--to", foreign)
	if out, _ := run(t, "rebuild", "--data", data, "--from", foreign); !strings.Contains(out, "of another installation") || !strings.Contains(out, "counted again from the beginning") {
		t.Error(out)
	}
	has(t, data, token, 4)

	run(t, "backup", "--data", data, "--to", backups)
	if err := os.RemoveAll(filepath.Join(data, "journal")); err != nil { // a mount that did not come, say
		t.Fatal(err)
	}
	clicking(t, data, token, 3)
	fails(t, "4 clicks that are counted now would be missing", "rebuild", "--data", data)
	has(t, data, token, 7)
	if out, _ := run(t, "rebuild", "--data", data, "--from", backups); !strings.Contains(out, "counted again from the backup") {
		t.Error(out)
	}
	has(t, data, token, 7)
	if out, _ := run(t, "rebuild", "--data", data, "--lossy"); !strings.Contains(out, "counted again from the beginning") {
		t.Error(out)
	}
	has(t, data, token, 3)
}
