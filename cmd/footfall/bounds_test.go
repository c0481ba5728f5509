package main

import (
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestRebuildWithFewFiles: a rebuild that may not open the files that it needs
// does not say that there is nothing to begin with, and advises no loss.
func TestRebuildWithFewFiles(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	run(t, "import", "--format", "bitly-feed", "--data", data, feedFiles(t)[0])
	refused := false
	for n := 14; n <= 40; n++ {
		cmd := program(t.Context(), "rebuild", "--data", data)
		cmd.Args = append([]string{"sh", "-c", `ulimit -n "$0" && exec "$@"`, strconv.Itoa(n)}, cmd.Args...)
		sh, err := exec.LookPath("sh")
		if err != nil {
			t.Fatal(err)
		}
		cmd.Path = sh
		said, err := cmd.CombinedOutput()
		if strings.Contains(string(said), "--lossy") {
			t.Errorf("with %d files: %v\n%s", n, err, said)
		}
		refused = refused || strings.Contains(string(said), "clicks.rebuilding") && strings.Contains(string(said), "LimitNOFILE")
	}
	if !refused {
		t.Error("no bound was met while the new counts were opened")
	}
	run(t, "check", "--data", data)
}
