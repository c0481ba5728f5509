package main

import (
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestRebuildWithFewFiles: a rebuild that may not open enough files names the limit. It
// must not say that no backup or checkpoint fits, nor advise to accept a loss.
func TestRebuildWithFewFiles(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	importFeed(t, data, feedFiles(t)[0])
	refused := false // the limit was reached while the new counts were opened
	for n := 14; n <= 40; n++ {
		cmd := program(t.Context(), "rebuild", "--data", data)
		cmd.Args = append([]string{"sh", "-c", `ulimit -n "$0" && exec "$@"`, strconv.Itoa(n)}, cmd.Args...)
		sh, err := exec.LookPath("sh")
		if err != nil {
			t.Fatal(err)
		}
		cmd.Path = sh
		out, err := cmd.CombinedOutput()
		if err == nil {
			break
		}
		if strings.Contains(string(out), "--lossy") {
			t.Errorf("a rebuild that may open %d files ended with %v\n%s", n, err, out)
		}
		refused = refused || strings.Contains(string(out), "clicks.rebuilding") && strings.Contains(string(out), "LimitNOFILE")
	}
	if !refused {
		t.Error("no limit was reached while the new counts were opened")
	}
	run(t, "check", "--data", data)
}

// TestFewCollections: a command that uses little memory ends before its garbage is collected.
func TestFewCollections(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	run(t, "user", "add", "bob", "--data", data)
	if p := try(t, "GODEBUG=gctrace=1", "check", "--data", data); p.status != 0 || strings.Contains(p.stderr, "gc 2 @") { // the start of a test program may make the first
		t.Errorf("status %d: %s", p.status, p.stderr)
	}
}
