package main

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"testing"

	"github.com/footfall/footfall/internal/testkit/harness"
)

// segments returns the files of a journal, oldest first.
func segments(t *testing.T, data string) []string {
	t.Helper()
	var files []string
	for _, ext := range []string{"sealed", "open"} {
		some, err := filepath.Glob(filepath.Join(data, "journal", "*."+ext))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, some...)
	}
	return files
}

// flip flips a bit in the middle of a file.
func flip(t *testing.T, file string) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestDamagedJournal damages a journal whose clicks are all counted. Every command must
// print what to do, check must name the damage and check the rest, and check --repair
// must remove the damage without losing a click.
func TestDamagedJournal(t *testing.T) {
	t.Parallel()
	files := feedFiles(t)
	for name, damage := range map[string]func(segments []string) error{
		"the newest segment":            func(s []string) error { flip(t, s[len(s)-1]); return nil },
		"the newest segment, all of it": func(s []string) error { return os.WriteFile(s[len(s)-1], make([]byte, 100), 0o600) },
		"a segment removed":             func(s []string) error { return os.Remove(s[1]) },
		"the header of a segment":       func(s []string) error { return os.WriteFile(s[1], make([]byte, 10), 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data, backups := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "backups")
			importFeed(t, data, files[0])
			run(t, "backup", "--data", data, "--to", backups)
			importFeed(t, data, files[1])
			importFeed(t, data, files[2:]...)
			if err := damage(segments(t, data)); err != nil {
				t.Fatal(err)
			}
			commands := [][]string{{"serve", "--listen", "127.0.0.1:0"}}
			if name == "the newest segment" {
				commands = append(commands, [][]string{{"export"}, {"backup", "--to", backups}, {"rebuild"}, {"rebuild", "--from", backups}}...)
			}
			for _, command := range commands {
				fails(t, "footfall check --repair", append(command, "--data", data)...)
			}
			p := try(t, "check", "--data", data)
			if p.status == 0 {
				t.Error("check found nothing")
			}
			contains(t, p.all(), "cannot be read. The clicks in them are counted", "6724 clicks in", "run footfall check --repair")

			contains(t, run(t, "check", "--data", data, "--repair"), ".damaged", "note: positions ", "6724 clicks in", "everything agrees", "kept the counts")
			if kept, err := filepath.Glob(filepath.Join(data, "journal", "*.damaged")); err != nil || len(kept) != 1 {
				t.Errorf("the repair kept the damaged files %v (%v)", kept, err)
			}
			if name != "a segment removed" {
				return // from here on every repair has the same result
			}
			contains(t, importFeed(t, data, files[0]), `"clicks":0,`)
			contains(t, run(t, "rebuild", "--data", data), "from the checkpoint")
			checkAgrees(t, data)
			if err := os.RemoveAll(filepath.Join(data, "checkpoint")); err != nil {
				t.Fatal(err)
			}
			fails(t, "of the journal are missing", "rebuild", "--data", data)
			fails(t, "the clicks between them are missing", "rebuild", "--data", data, "--from", backups)

			// The repaired directory must work, and so must its backups.
			token := addUser(t, data, "ann")
			server := serve(t, "--data", data)
			visit(t, shorten(t, server, token, "http://example.org/"))
			awaitClicks(t, server, token, 1)
			run(t, "backup", "--data", data, "--to", backups)
			server.Kill()
			restored := filepath.Join(t.TempDir(), "restored")
			contains(t, run(t, "restore", "--from", backups, "--data", restored), "6725 clicks", "everything agrees")
		})
	}
}

// TestDamageNotCounted damages a journal whose clicks a killed server had not synced to
// the counts. Repair must count what can be read, and must not give up the rest without
// an option.
func TestDamageNotCounted(t *testing.T) {
	t.Parallel()
	const visits = 31
	data := filepath.Join(t.TempDir(), "data")
	token := addUser(t, data, "ann")
	server := serve(t, "--data", data)
	short := shorten(t, server, token, "http://example.org/")
	for range visits {
		visit(t, short)
	}
	server.Kill()
	newest := segments(t, data)[len(segments(t, data))-1]
	whole, err := os.ReadFile(newest)
	if err != nil {
		t.Fatal(err)
	}
	flip(t, newest)

	p := try(t, "check", "--data", data)
	if p.status == 0 {
		t.Error("check found nothing")
	}
	contains(t, p.all(), newest, "the clicks are not counted", "0 clicks in", "run footfall check --repair")
	damagedBytes, _ := os.ReadFile(newest)
	p = try(t, "check", "--data", data, "--repair")
	if p.status == 0 {
		t.Error("clicks that are not counted were given up without the option")
	}
	contains(t, p.all(), "was left as it is", "--give-up-damaged", "in a backup")
	if b, err := os.ReadFile(newest); err != nil || !bytes.Equal(b, damagedBytes) {
		t.Errorf("the segment was changed: %v", err)
	}

	restored := filepath.Join(t.TempDir(), "restored") // as the advice says, with the segment from a backup
	if err := os.Remove(harness.Socket(data)); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(restored, os.DirFS(data)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(restored, "journal", filepath.Base(newest)), whole, 0o600); err != nil {
		t.Fatal(err)
	}
	contains(t, run(t, "check", "--data", restored), fmt.Sprint(visits, " clicks in"))

	contains(t, run(t, "check", "--data", data, "--repair", "--give-up-damaged"), "gave up ", fmt.Sprint(visits-1, " clicks in"), "everything agrees")
	server = serve(t, "--data", data)
	visit(t, server.URL+"/"+path.Base(short))
	awaitClicks(t, server, token, visits)
}

// TestLostSegments: check names segments that were removed, also if nothing else needs
// them.
func TestLostSegments(t *testing.T) {
	t.Parallel()
	files := feedFiles(t)
	data := filepath.Join(t.TempDir(), "data")
	for _, f := range files {
		importFeed(t, data, f)
	}
	if err := os.Remove(segments(t, data)[0]); err != nil {
		t.Fatal(err)
	}
	p := try(t, "check", "--data", data)
	if p.status == 0 {
		t.Error("check finds nothing wrong without the first segment")
	}
	contains(t, p.all(), "positions 0 to ", "6724 clicks in")
	contains(t, run(t, "check", "--data", data, "--repair"), "everything agrees")
	fails(t, "rebuild failed; the counts are unchanged: the journal begins at position ", "rebuild", "--data", data)

	// Without the journal the counts stay, and the log reports it.
	if err := os.RemoveAll(filepath.Join(data, "journal")); err != nil {
		t.Fatal(err)
	}
	contains(t, succeeds(t, "check", "--data", data), "level=WARN", "the journal that was counted is gone", "note: the counts have the clicks up to position", "6724 clicks in", "everything agrees")
	run(t, "import", "--format", "combined", "--data", data, os.DevNull)
	checkAgrees(t, data)
}
