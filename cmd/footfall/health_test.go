package main

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/footfall/footfall/internal/testkit/harness"
)

// TestHealth: a container checks its health with footfall, because it has no other
// program. Only a server that answers visitors is healthy.
func TestHealth(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	unhealthy := func(want string) {
		t.Helper()
		contains(t, sentence(t, "FOOTFALL_DATA="+data, "FOOTFALL_LISTEN=:8080", "healthcheck"), want)
	}
	unhealthy("no server runs in " + data + ": start footfall serve")
	if _, err := os.Stat(data); !os.IsNotExist(err) {
		t.Errorf("the check made a data directory: %v", err)
	}
	addUser(t, data, "ann")
	unhealthy("no server runs in") // the check must not become the owner of the directory

	server := serve(t, "--data", data)
	contains(t, fetch(t, server.URL+"/healthz"), "ok\n")
	contains(t, run(t, "healthcheck", "--data", data), "ok\n")
	stop(t, server)
	unhealthy("no server runs in") // the socket is still there
}

// TestHealthHangs: a server that does not answer is not healthy. The check ends when its
// time is over, even if it could not ask before.
func TestHealthHangs(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", harness.Socket(data))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	fails(t, "the process that owns "+data, "healthcheck", "--data", data, "--timeout", "1ms")
}
