package main

import (
	"context"
	"encoding/json"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/faces/feed"
	"github.com/footfall/footfall/internal/testkit/await"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// TestBackup makes backups of a server under load, while an import runs. Each backup
// must have every click that was acknowledged before it, and no click twice.
func TestBackup(t *testing.T) {
	t.Parallel()
	data, backups := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "backups")
	token := addUser(t, data, "ann")
	server := serve(t, "--data", data)
	short := shorten(t, server, token, "http://example.org/")
	imported := make(chan error, 1)
	go func() {
		imported <- program(context.Background(), append([]string{"import", "--format", "bitly-feed", "--data", data}, feedFiles(t)...)...).Run()
	}()
	type taken struct {
		path     string
		answered uint64 // before the backup began
		sent     uint64 // before the backup ended
	}
	var backupsTaken []taken
	var v visitors
	end := v.begin(server, path.Base(short), nil)
	v.await(t, 100)
	for range 3 {
		b := taken{answered: v.answered.Load()}
		run(t, "backup", "--data", data, "--to", backups, "--keep", "2")
		b.sent = v.sent.Load()
		dirs, err := filepath.Glob(filepath.Join(backups, "2*"))
		if err != nil || len(dirs) == 0 || len(dirs) > 2 {
			t.Fatal(dirs, err)
		}
		b.path = dirs[len(dirs)-1]
		backupsTaken = append(backupsTaken, b)
	}
	end()
	if err := <-imported; err != nil {
		t.Fatal(err)
	}
	server.Kill()
	for _, b := range backupsTaken[1:] {
		restored := filepath.Join(t.TempDir(), "restored")
		contains(t, run(t, "restore", "--from", b.path, "--data", restored), "everything agrees")
		server := serve(t, "--data", restored)
		if n := clicks(t, server, token); n < b.answered || n > b.sent {
			t.Errorf("a backup has %d clicks; %d were answered before it and %d sent by its end", n, b.answered, b.sent)
		}
		stop(t, server)
		// The clicks that the import had recorded by then are known, the rest is new.
		out := importFeed(t, restored, feedFiles(t)...)
		var r feed.Result
		if err := json.Unmarshal([]byte(out), &r); err != nil || r.Clicks+r.Known != feedClicks {
			t.Errorf("the import into the restored directory printed %s", out)
		}
		checkAgrees(t, restored)
	}
	fails(t, "is not empty", "restore", "--from", backups, "--data", data)
	fails(t, "no complete backup", "restore", "--from", t.TempDir(), "--data", filepath.Join(t.TempDir(), "new"))
	fails(t, "which is not a backup", "backup", "--data", data, "--to", filepath.Join(backupsTaken[2].path, "journal"))
	fails(t, "the data directory is in", "backup", "--data", data, "--to", filepath.Dir(data))
	fails(t, "is in the data directory", "backup", "--data", data, "--to", filepath.Join(data, "backups"))
}

// TestKilledBackup kills backups with -9. The one before must stay, and the next one must
// be complete.
func TestKilledBackup(t *testing.T) {
	t.Parallel()
	data, backups := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "backups")
	importFeed(t, data, feedFiles(t)...)
	began := time.Now()
	run(t, "backup", "--data", data, "--to", backups, "--keep", "1")
	whole := time.Since(began)
	rng := seedtest.Rand(t)
	for range seedtest.Rounds(t, 4) {
		_, _ = runFor(t, time.Duration(rng.Float64()*float64(whole)), "backup", "--data", data, "--to", backups, "--keep", "1")
		contains(t, run(t, "restore", "--from", backups, "--data", filepath.Join(t.TempDir(), "restored")), "6724 clicks", "everything agrees")
	}
	run(t, "backup", "--data", data, "--to", backups, "--keep", "1")
	if names, err := os.ReadDir(backups); err != nil || len(names) != 1 {
		t.Errorf("the directory of backups has %v (%v), want one backup", names, err)
	}
}

// TestRebuild rebuilds counts from everything that can be their base, and refuses if
// clicks would be missing.
func TestRebuild(t *testing.T) {
	t.Parallel()
	data, backups := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "backups")
	files := feedFiles(t)
	damage := func() { // the counts
		t.Helper()
		names, err := filepath.Glob(filepath.Join(data, "clicks", "*.sst"))
		if err != nil || len(names) == 0 {
			t.Fatal(names, err)
		}
		for _, name := range names {
			if err := os.Truncate(name, 100); err != nil {
				t.Fatal(err)
			}
		}
	}
	rebuilds := func(want string, args ...string) {
		t.Helper()
		contains(t, run(t, append([]string{"rebuild", "--data", data}, args...)...), want)
		contains(t, run(t, "check", "--data", data), "6724 clicks", "everything agrees")
	}
	importFeed(t, data, files[0])
	run(t, "backup", "--data", data, "--to", backups)
	importFeed(t, data, files[1])
	importFeed(t, data, files[2:]...)
	rebuilds("from the beginning")
	damage()
	fails(t, "rebuild", "check", "--data", data)
	rebuilds("from the backup", "--from", backups)

	// The journal is trimmed: the checkpoint replaces its beginning.
	journal := func() string {
		t.Helper()
		names, err := filepath.Glob(filepath.Join(data, "journal", "*"))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(names, " ")
	}
	before := journal()
	server := serve(t, "--data", data, "--journal-retention", "1ns")
	await.Until(t, "the journal is trimmed", func() (string, bool) {
		now := journal()
		return now, now != before
	})
	stop(t, server)
	damage()
	rebuilds("from the checkpoint")
	if err := os.RemoveAll(filepath.Join(data, "checkpoint")); err != nil {
		t.Fatal(err)
	}
	fails(t, "rebuild failed; the counts are unchanged: the journal begins at position ", "rebuild", "--data", data)
	fails(t, "the clicks between them are missing", "rebuild", "--data", data, "--from", backups)
	checkAgrees(t, data) // the refused rebuild changed nothing
	serve(t, "--data", data)
	fails(t, "stop it, or name another", "rebuild", "--data", data)
}
