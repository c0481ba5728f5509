package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDebug: a profile of the server comes through its data directory, as text or in
// the form of pprof.
func TestDebug(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	fails(t, "no server runs in "+data+": start footfall serve", "debug", "--data", data)
	server := serve(t, "--data", data)
	contains(t, run(t, "debug", "--data", data), "goroutine ", "server.(*App)")
	contains(t, run(t, "debug", "heap", "--data", data), "heap profile: ")
	out := filepath.Join(dir, "cpu")
	run(t, "debug", "cpu", "--seconds", "1", "--out", out, "--data", data)
	if profile, err := os.ReadFile(out); err != nil || !strings.HasPrefix(string(profile), "\x1f\x8b") { // gzip
		t.Errorf("the cpu profile is %q (%v), want gzip", profile, err)
	}
	fails(t, `unknown profile "brain": the profiles are cpu, `, "debug", "brain", "--data", data)
	stop(t, server)
	fails(t, "no server runs in", "debug", "--data", data)
}

// TestExitStatus: the status of a command says which kind of error it was. The help
// and docs/operations.md list the same statuses.
func TestExitStatus(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data, letter := filepath.Join(dir, "data"), filepath.Join(dir, "letter")
	writeFile(t, letter, "x")
	addUser(t, data, "ann")
	for _, c := range []struct {
		status int
		args   []string
	}{
		{0, []string{"user", "list", "--data", data}},
		{1, []string{"healthcheck", "--data", data}},
		{2, []string{"user", "add", "--data", data}},
		{2, []string{"user", "delete", "ann", "--data", data}},
		{3, []string{"user", "token", "bob", "--data", data}},
		{3, []string{"link", "delete", "none", "--yes", "--data", data}},
		{4, []string{"user", "add", "ann", "--data", data}},
		{5, []string{"check", "--data", dir}},
		{5, []string{"check", "--data", letter}},
		{5, []string{"debug", "--data", data}},
		{5, []string{"user", "add", "ann", "--data", dir}},
	} {
		if p := try(t, c.args...); p.status != c.status {
			t.Errorf("footfall %v: status %d, want %d: %s", c.args, p.status, c.status, p.all())
		}
	}
	if err := os.Truncate(filepath.Join(data, "footfall.db"), 0); err != nil {
		t.Fatal(err)
	}
	if p := try(t, "check", "--data", data); p.status != 6 {
		t.Errorf("a check without a footfall.db: status %d, want 6: %s", p.status, p.all())
	}
	page, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	help := strings.Join(strings.Fields(run(t, "--help")), " ")
	for _, m := range regexp.MustCompile(`(?m)^\| ([0-9]) \| `).FindAllStringSubmatch(string(page), -1) {
		contains(t, help, m[1]+" ")
	}
	if n := len(regexp.MustCompile(`(?m)^\| [0-7] \| `).FindAll(page, -1)); n != 8 {
		t.Errorf("docs/operations.md lists %d exit statuses, want 8", n)
	}
}
