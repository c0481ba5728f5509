package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/faces/feed"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// fails runs the program and wants it to fail with a sentence.
func fails(t *testing.T, want string, args ...string) {
	t.Helper()
	var errs bytes.Buffer
	cmd := program(t.Context(), args...)
	cmd.Stderr, cmd.Stdout = &errs, &errs
	if err := cmd.Run(); err == nil || !strings.Contains(errs.String(), want) || strings.Contains(errs.String(), "goroutine") {
		t.Errorf("footfall %s: %v\n%s\nwant a sentence with %q", strings.Join(args, " "), err, errs.String(), want)
	}
}

func agrees(t *testing.T, data string) {
	t.Helper()
	if out, _ := run(t, "check", "--data", data); !strings.Contains(out, "everything agrees") {
		t.Error(out)
	}
}

// TestBackup backs a server up under load, while an import runs: what was
// acknowledged before is in each backup, and nothing is in it twice.
func TestBackup(t *testing.T) {
	t.Parallel()
	data, backups := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "backups")
	token, _ := run(t, "user", "add", "ann", "--data", data)
	token = strings.TrimSpace(token)
	base, stop := serveUntil(t, "--data", data)
	short := shorten(t, base, token, "http://example.org/")
	imported := make(chan error, 1)
	go func() {
		imported <- program(context.Background(), append([]string{"import", "--format", "bitly-feed", "--data", data}, feedFiles(t)...)...).Run()
	}()
	type taken struct {
		path     string
		answered int64 // before
		sent     int64 // by the end
	}
	var all3 []taken
	var v visits
	end := v.begin(short)
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
		all3 = append(all3, b)
	}
	end()
	if err := <-imported; err != nil {
		t.Fatal(err)
	}
	stop(syscall.SIGKILL)
	for _, b := range all3[1:] {
		restored := filepath.Join(t.TempDir(), "restored")
		if out, _ := run(t, "restore", "--from", b.path, "--data", restored); !strings.Contains(out, "everything agrees") {
			t.Error(out)
		}
		base, stop := serveUntil(t, "--data", restored)
		if n := all(t, base, token); n < b.answered || n > b.sent {
			t.Errorf("a backup has %d clicks; %d were answered before it and %d sent by its end", n, b.answered, b.sent)
		}
		stop(syscall.SIGTERM)
		// What the import had brought by then is known, and the rest comes once.
		out, _ := run(t, append([]string{"import", "--format", "bitly-feed", "--json", "--data", restored}, feedFiles(t)...)...)
		var r feed.Result
		if err := json.Unmarshal([]byte(out), &r); err != nil || r.Clicks+r.Known != 6724 {
			t.Errorf("importing into what was restored: %s", out)
		}
		agrees(t, restored)
	}
	fails(t, "is not empty", "restore", "--from", backups, "--data", data)
	fails(t, "no complete backup", "restore", "--from", t.TempDir(), "--data", filepath.Join(t.TempDir(), "new"))
	fails(t, "which is no backup", "backup", "--data", data, "--to", filepath.Join(all3[2].path, "journal"))
	fails(t, "the data directory lies in", "backup", "--data", data, "--to", filepath.Dir(data))
	fails(t, "lies in the data directory", "backup", "--data", data, "--to", filepath.Join(data, "backups"))
}

// TestKilledBackup kills backups with -9: the one before stays, and the next
// one is good.
func TestKilledBackup(t *testing.T) {
	t.Parallel()
	data, backups := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "backups")
	run(t, append([]string{"import", "--format", "bitly-feed", "--data", data}, feedFiles(t)...)...)
	began := time.Now()
	run(t, "backup", "--data", data, "--to", backups, "--keep", "1")
	whole := time.Since(began)
	rng := seedtest.Rand(t)
	for range 8 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rng.Float64()*float64(whole)))
		_ = program(ctx, "backup", "--data", data, "--to", backups, "--keep", "1").Run()
		cancel()
		if out, _ := run(t, "restore", "--from", backups, "--data", filepath.Join(t.TempDir(), "restored")); !strings.Contains(out, "6724 clicks") || !strings.Contains(out, "everything agrees") {
			t.Fatal(out)
		}
	}
	run(t, "backup", "--data", data, "--to", backups, "--keep", "1")
	if names, err := os.ReadDir(backups); err != nil || len(names) != 1 {
		t.Errorf("one backup was to remain: %v, %v", names, err)
	}
}

// TestRebuild rebuilds counts from all that there is to begin with, and refuses
// where clicks would be missing.
func TestRebuild(t *testing.T) {
	t.Parallel()
	data, backups := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "backups")
	files := feedFiles(t)
	imports := func(files ...string) {
		t.Helper()
		run(t, append([]string{"import", "--format", "bitly-feed", "--data", data}, files...)...)
	}
	damage := func() { // counts that are gone in part
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
		if out, _ := run(t, append([]string{"rebuild", "--data", data}, args...)...); !strings.Contains(out, want) {
			t.Errorf("%s\nlacks %q", out, want)
		}
		if out, _ := run(t, "check", "--data", data); !strings.Contains(out, "6724 clicks") || !strings.Contains(out, "everything agrees") {
			t.Error(out)
		}
	}
	imports(files[0])
	run(t, "backup", "--data", data, "--to", backups)
	imports(files[1])
	imports(files[2:]...)
	rebuilds("from the beginning")
	damage()
	fails(t, "rebuild", "check", "--data", data)
	rebuilds("from the backup", "--from", backups)

	// The journal is trimmed: its beginning is gone, and the checkpoint is left.
	journal := func() string {
		t.Helper()
		names, err := filepath.Glob(filepath.Join(data, "journal", "*"))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(names, " ")
	}
	before := journal()
	_, stop := serveUntil(t, "--data", data, "--journal-retention", "1ns")
	for journal() == before { // it is looked at as the server starts
		<-time.After(time.Millisecond)
	}
	stop(syscall.SIGTERM)
	damage()
	rebuilds("from the checkpoint")
	if err := os.RemoveAll(filepath.Join(data, "checkpoint")); err != nil {
		t.Fatal(err)
	}
	fails(t, "rebuild failed; the counts are unchanged: the journal begins at position ", "rebuild", "--data", data)
	fails(t, "the clicks between them are missing", "rebuild", "--data", data, "--from", backups)
	agrees(t, data) // as they were
	_, stop = serveUntil(t, "--data", data)
	defer stop(syscall.SIGTERM)
	fails(t, "stop it, or name another", "rebuild", "--data", data)
}
