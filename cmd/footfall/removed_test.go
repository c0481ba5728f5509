package main

import (
	"os"
	"path"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/footfall/footfall/internal/testkit/harness"
)

// TestCountsReplaced: a server whose counts are moved away writes nothing into the
// directory that is there instead. The counts are complete when they are put back, so no
// click is lost, although the journal has removed what is counted.
func TestCountsReplaced(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	token := addUser(t, data, "ann")
	counts, moved := filepath.Join(data, "clicks"), data+".moved"
	options := []string{"--data", data, "--domain", "sho.rt", "--journal-retention", "0"}
	server := serve(t, options...)
	hash := path.Base(shorten(t, server, token, "http://example.org/"))
	visit5 := func() {
		for range 5 {
			visit(t, server.URL+"/"+hash)
		}
	}
	visit5()
	awaitClicks(t, server, token, 5)
	stop(t, server)

	server = serve(t, options...)
	visit5()
	awaitClicks(t, server, token, 10)
	if err := os.Rename(counts, moved); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(counts, 0o700); err != nil {
		t.Fatal(err)
	}
	_ = server.Wait() // it ends by itself
	if files, err := os.ReadDir(counts); err != nil || len(files) > 0 {
		t.Errorf("the directory that is there instead of the counts has %v (%v), want nothing", files, err)
	}
	if err := os.Remove(counts); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(moved, counts); err != nil {
		t.Fatal(err)
	}
	awaitClicks(t, serve(t, options...), token, 10)
	checkAgrees(t, data)
}

// TestNamedPipe: SIGTERM ends an import of a named pipe that no process writes to.
func TestNamedPipe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data, pipe := filepath.Join(dir, "data"), filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := harness.Launch(program(t.Context(), "import", "--format", "ndjson", "--data", data, pipe))
	if err != nil {
		t.Fatal(err)
	}
	awaitOpen(t, p, filepath.Join(data, "footfall.db"))
	if err := p.Stop(); err == nil || p.Cmd.ProcessState.ExitCode() != 7 {
		t.Errorf("the import ended with %v", err)
	}
}
