package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestOlderLinks: links and users of an older backup beside newer counts are
// refused, for the ids of links that they do not know would be given again.
func TestOlderLinks(t *testing.T) {
	data, backups := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "backups")
	token, _ := run(t, "user", "add", "ann", "--data", data)
	run(t, "backup", "--data", data, "--to", backups)
	base, stop := serveUntil(t, "--data", data)
	visit(t, "GET", shorten(t, base, strings.TrimSpace(token), "http://example.org/"))
	stop(syscall.SIGTERM)
	old, err := filepath.Glob(filepath.Join(backups, "*", "footfall.db"))
	if err != nil || len(old) != 1 {
		t.Fatal(old, err)
	}
	b, err := os.ReadFile(old[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(data, "footfall.db"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	fails(t, "restore both from the same backup", "check", "--data", data)
	fails(t, "restore both from the same backup", "link", "add", "ann", "http://example.org/other", "--data", data)
}
