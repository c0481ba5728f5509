package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// segments are the files of a journal, oldest first.
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

// flip turns a bit in the middle of a file.
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

// tells runs the program, and returns all it said, whether or not it failed.
func tells(t *testing.T, args ...string) (said string, err error) {
	t.Helper()
	var out bytes.Buffer
	cmd := program(t.Context(), args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	return out.String(), err
}

// contains looks for all of some words.
func contains(t *testing.T, said string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(said, w) {
			t.Errorf("%s\nlacks %q", said, w)
		}
	}
}

// TestDamagedJournal damages a journal whose clicks are all counted: every
// command says what to do, check names the damage and looks at all else, and
// check --repair goes on without it and without losing a click.
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
			run(t, "import", "--format", "bitly-feed", "--data", data, files[0])
			run(t, "backup", "--data", data, "--to", backups)
			run(t, "import", "--format", "bitly-feed", "--data", data, files[1])
			run(t, append([]string{"import", "--format", "bitly-feed", "--data", data}, files[2:]...)...)
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
			said, err := tells(t, "check", "--data", data)
			if err == nil {
				t.Error("check is content")
			}
			contains(t, said, "cannot be read; what was there is counted", "6724 clicks in", "run footfall check --repair")

			said, err = tells(t, "check", "--data", data, "--repair")
			if err != nil {
				t.Error(err)
			}
			contains(t, said, ".damaged", "note: positions ", "6724 clicks in", "everything agrees", "kept the counts")
			if kept, err := filepath.Glob(filepath.Join(data, "journal", "*.damaged")); err != nil || len(kept) != 1 {
				t.Errorf("%v are kept (%v)", kept, err)
			}
			again, _ := run(t, "import", "--format", "bitly-feed", "--data", data, "--json", files[0])
			contains(t, again, `"clicks":0,`)
			if out, _ := run(t, "rebuild", "--data", data); !strings.Contains(out, "from the checkpoint") {
				t.Error(out)
			}
			agrees(t, data)
			if err := os.RemoveAll(filepath.Join(data, "checkpoint")); err != nil {
				t.Fatal(err)
			}
			fails(t, "of the journal are missing", "rebuild", "--data", data)
			fails(t, "the clicks between them are missing", "rebuild", "--data", data, "--from", backups)

			// Life goes on, in backups too.
			token, _ := run(t, "user", "add", "ann", "--data", data)
			token = strings.TrimSpace(token)
			base, stop := serveUntil(t, "--data", data)
			visit(t, "GET", shorten(t, base, token, "http://example.org/"))
			await(t, "the visit is counted", func() (string, bool) {
				got := all(t, base, token)
				return fmt.Sprint(got), got == 1
			})
			run(t, "backup", "--data", data, "--to", backups)
			stop(syscall.SIGKILL)
			restored := filepath.Join(t.TempDir(), "restored")
			if out, _ := run(t, "restore", "--from", backups, "--data", restored); !strings.Contains(out, "6725 clicks") || !strings.Contains(out, "everything agrees") {
				t.Error(out)
			}
		})
	}
}

// TestDamageInDoubt damages a journal whose clicks a killed server had not made
// durable in the counts: what can be read is counted, and the rest is given up
// only where somebody says so.
func TestDamageInDoubt(t *testing.T) {
	t.Parallel()
	const clicks = 31
	data := filepath.Join(t.TempDir(), "data")
	token, _ := run(t, "user", "add", "ann", "--data", data)
	token = strings.TrimSpace(token)
	base, stop := serveUntil(t, "--data", data)
	short := shorten(t, base, token, "http://example.org/")
	for range clicks {
		visit(t, "GET", short)
	}
	stop(syscall.SIGKILL)
	newest := segments(t, data)[len(segments(t, data))-1]
	whole, err := os.ReadFile(newest)
	if err != nil {
		t.Fatal(err)
	}
	flip(t, newest)

	said, err := tells(t, "check", "--data", data)
	if err == nil {
		t.Error("check is content")
	}
	contains(t, said, newest, "what was there is not counted", "0 clicks in", "run footfall check --repair")
	damagedBytes, _ := os.ReadFile(newest)
	said, err = tells(t, "check", "--data", data, "--repair")
	if err == nil {
		t.Error("clicks that are not counted were given up unasked")
	}
	contains(t, said, "was left as it is", "--give-up-damaged", "from a backup")
	if b, err := os.ReadFile(newest); err != nil || !bytes.Equal(b, damagedBytes) {
		t.Errorf("it was not left as it is: %v", err)
	}

	good := filepath.Join(t.TempDir(), "good") // as the advice says: the file comes from elsewhere
	if err := os.Remove(filepath.Join(data, "footfall.sock")); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(good, os.DirFS(data)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(good, "journal", filepath.Base(newest)), whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, _ := run(t, "check", "--data", good); !strings.Contains(out, fmt.Sprint(clicks, " clicks in")) {
		t.Error(out)
	}

	said, err = tells(t, "check", "--data", data, "--repair", "--give-up-damaged")
	if err != nil {
		t.Error(err)
	}
	contains(t, said, "gave up ", fmt.Sprint(clicks-1, " clicks in"), "everything agrees")
	base, stop = serveUntil(t, "--data", data)
	defer stop(syscall.SIGTERM)
	visit(t, "GET", short[:0]+base+short[strings.LastIndexByte(short, '/'):])
	for n := all(t, base, token); n != clicks; n = all(t, base, token) {
		if n > clicks {
			t.Fatalf("%d clicks", n)
		}
	}
}

// TestLostSegments: check names segments that somebody removed, where nothing
// else would.
func TestLostSegments(t *testing.T) {
	t.Parallel()
	files := feedFiles(t)
	data := filepath.Join(t.TempDir(), "data")
	for _, f := range files {
		run(t, "import", "--format", "bitly-feed", "--data", data, f)
	}
	if err := os.Remove(segments(t, data)[0]); err != nil {
		t.Fatal(err)
	}
	said, err := tells(t, "check", "--data", data)
	if err == nil {
		t.Error("check is content without the first segment")
	}
	contains(t, said, "positions 0 to ", "6724 clicks in")
	said, err = tells(t, "check", "--data", data, "--repair")
	if err != nil {
		t.Error(err)
	}
	contains(t, said, "everything agrees")
	fails(t, "rebuild failed; the counts are unchanged: the journal begins at position ", "rebuild", "--data", data)

	// The whole journal goes: the counts stay, and it is said.
	if err := os.RemoveAll(filepath.Join(data, "journal")); err != nil {
		t.Fatal(err)
	}
	said, err = tells(t, "check", "--data", data)
	if err != nil {
		t.Error(err)
	}
	contains(t, said, "level=WARN", "the journal that was counted is gone", "note: the counts hold what came before position", "6724 clicks in", "everything agrees")
	run(t, "import", "--format", "combined", "--data", data, os.DevNull)
	agrees(t, data)
}
