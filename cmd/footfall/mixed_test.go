package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestOlderLinks: links and users of an older backup with newer counts are refused,
// because new links would reuse the ids of links that the backup lacks.
func TestOlderLinks(t *testing.T) {
	t.Parallel()
	data, backups := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "backups")
	token := addUser(t, data, "ann")
	run(t, "backup", "--data", data, "--to", backups)
	server := serve(t, "--data", data)
	visit(t, shorten(t, server, token, "http://example.org/"))
	stop(t, server)
	old, err := filepath.Glob(filepath.Join(backups, "*", "footfall.db"))
	if err != nil || len(old) != 1 {
		t.Fatal(old, err)
	}
	b, err := os.ReadFile(old[0])
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(data, "footfall.db"), string(b))
	fails(t, "is older than the other parts", "check", "--data", data)
	fails(t, "put the newer one back", "link", "add", "ann", "http://example.org/other", "--data", data)
}

// newData makes a data directory with a number of clicks on a link of ann, and returns
// an access token of ann.
func newData(t *testing.T, visits int) (data, token string) {
	t.Helper()
	data = filepath.Join(t.TempDir(), "data")
	token = addUser(t, data, "ann")
	visitLink(t, data, token, visits)
	return data, token
}

// visitLink starts a server for a while that counts visits of a link.
func visitLink(t *testing.T, data, token string, visits int) {
	t.Helper()
	server := serve(t, "--data", data)
	short := shorten(t, server, token, "http://example.org/")
	for range visits {
		visit(t, short)
	}
	stop(t, server)
}

// checkClicks checks how many clicks are counted, with a server and with footfall check.
func checkClicks(t *testing.T, data, token string, want uint64) {
	t.Helper()
	server := serve(t, "--data", data)
	if n := clicks(t, server, token); n != want {
		t.Errorf("%d clicks are counted, want %d", n, want)
	}
	stop(t, server)
	checkAgrees(t, data)
}

// TestForeignJournal: the journal of another installation is refused.
func TestForeignJournal(t *testing.T) {
	t.Parallel()
	data, token := newData(t, 3)
	other, _ := newData(t, 5)
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
	checkClicks(t, data, token, 3)
}

// TestRebuildLosesNothing: counts that would lack clicks do not replace complete ones
// without the operator's consent.
func TestRebuildLosesNothing(t *testing.T) {
	t.Parallel()
	data, token := newData(t, 4)
	other, _ := newData(t, 2)
	foreign, backups := filepath.Join(t.TempDir(), "foreign"), filepath.Join(t.TempDir(), "backups")
	run(t, "backup", "--data", other, "--to", foreign)
	fails(t, "another installation", "backup", "--data", data, "--to", foreign)
	contains(t, run(t, "rebuild", "--data", data, "--from", foreign), "belongs to another installation", "counted again from the beginning")
	checkClicks(t, data, token, 4)

	run(t, "backup", "--data", data, "--to", backups)
	if err := os.RemoveAll(filepath.Join(data, "journal")); err != nil { // as if a disk was not mounted
		t.Fatal(err)
	}
	visitLink(t, data, token, 3)
	fails(t, "4 clicks that are counted now would be missing", "rebuild", "--data", data)
	checkClicks(t, data, token, 7)
	contains(t, run(t, "rebuild", "--data", data, "--from", backups), "counted again from the backup")
	checkClicks(t, data, token, 7)
	contains(t, run(t, "rebuild", "--data", data, "--lossy"), "counted again from the beginning")
	checkClicks(t, data, token, 3)
}
