package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestHealth: a container asks with the program itself whether it is well, for it
// has no other. Only a server that lets visitors in is.
func TestHealth(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	health := func(want string, fail bool) {
		t.Helper()
		if said := says(t, fail, "FOOTFALL_DATA="+data, "FOOTFALL_LISTEN=:8080", "healthcheck"); !strings.Contains(said, want) {
			t.Errorf("health says %q, want %q", said, want)
		}
	}
	health("no server runs in "+data+": start footfall serve", true)
	if _, err := os.Stat(data); !os.IsNotExist(err) {
		t.Errorf("asking made a data directory: %v", err)
	}
	run(t, "user", "add", "ann", "--data", data)
	health("no server runs in", true) // and does not become the owner of what is there

	url, stop := serveUntil(t, "--data", data)
	if public := fetch(t, url+"/healthz"); !strings.HasPrefix(public, "ok\n") {
		t.Errorf("/healthz says %q", public)
	}
	health("ok\n", false)
	stop(os.Interrupt)
	health("no server runs in", true) // the socket is there still
}

// TestHealthHangs: a server that does not answer is not well, and whoever asks may
// give up at any time, also before the question was put.
func TestHealthHangs(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", filepath.Join(data, "footfall.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	cmd := program(t.Context(), "healthcheck", "--data", data, "--timeout", "1ms")
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "the process that owns "+data) {
		t.Errorf("health of a server that hangs: %v, %s", err, out)
	}
}
