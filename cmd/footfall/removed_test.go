package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestCountsReplaced: a server whose counts are moved away writes nothing into what
// lies in their place, and they are whole when they are put back. So nothing is lost
// even where the journal has dropped what is counted.
func TestCountsReplaced(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	token, _ := run(t, "user", "add", "ann", "--data", data)
	token = strings.TrimSpace(token)
	clicks, moved := filepath.Join(data, "clicks"), data+".moved"
	seen := func(base, want string) {
		t.Helper()
		await(t, "clicks are counted", func() (string, bool) {
			got := strings.TrimSpace(fetch(t, base+"/v3/user/clicks?unit=month&format=txt&access_token="+token))
			return got, got == want
		})
	}
	base, stop := serveUntil(t, "--data", data, "--domain", "sho.rt", "--journal-retention", "0")
	path := strings.TrimPrefix(shorten(t, base, token, "http://example.org/"), "http://sho.rt")
	for range 5 {
		visit(t, "GET", base+path)
	}
	seen(base, "5")
	stop(syscall.SIGTERM)

	cmd := serving("--data", data, "--domain", "sho.rt", "--journal-retention", "0")
	base, end := begin(t, cmd)
	for range 5 {
		visit(t, "GET", base+path)
	}
	seen(base, "10")
	if err := os.Rename(clicks, moved); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(clicks, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := cmd.Process.Wait(); err != nil { // it ends by itself
		t.Fatal(err)
	}
	_ = end(syscall.SIGTERM)
	if files, err := os.ReadDir(clicks); err != nil || len(files) > 0 {
		t.Errorf("what was put in the place of the counts has %v, %v", files, err)
	}
	if err := os.Remove(clicks); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(moved, clicks); err != nil {
		t.Fatal(err)
	}
	base, _ = serve(t, "--data", data, "--domain", "sho.rt", "--journal-retention", "0")
	seen(base, "10")
	agrees(t, data)
}

// TestNamedPipe: an import of a named pipe that nobody writes to ends when told.
func TestNamedPipe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data, pipe := filepath.Join(dir, "data"), filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := program(t.Context(), "import", "--format", "ndjson", "--data", data, pipe)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	awaitOpen(t, cmd, filepath.Join(data, "footfall.db"))
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != 7 {
		t.Errorf("it ended with %v", err)
	}
}
