package main

import (
	"os/exec"
	"path/filepath"
	"regexp"
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

// TestFewCollections: garbage is collected when there are 32 MB, and not before. Most commands end
// before that; with the race detector they use more memory.
func TestFewCollections(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	run(t, "user", "add", "bob", "--data", data)
	p := try(t, "GODEBUG=gctrace=1", "check", "--data", data)
	if p.status != 0 {
		t.Fatalf("status %d: %s", p.status, p.stderr)
	}
	// The first collection may come before the command begins: a test program starts with more garbage.
	if goal := regexp.MustCompile(`(?m)^gc 2 @.* (\d+) MB goal`).FindStringSubmatch(p.stderr); goal != nil {
		if mb, _ := strconv.Atoi(goal[1]); mb < 32 {
			t.Errorf("garbage was collected when there were %d MB:\n%s", mb, p.stderr)
		}
	}
}
