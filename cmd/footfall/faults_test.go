package main

import (
	"os"
	"os/signal"
	"path"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/footfall/footfall/internal/testkit/harness"
)

// TestKilledWithAlarms: the disk of the journal fails and the program is killed while
// visitors come. Every click that was answered must be counted, or reported as not
// durable.
func TestKilledWithAlarms(t *testing.T) {
	t.Parallel()
	data := t.TempDir() + "/data"
	token := addUser(t, data, "ann")
	hash := path.Base(strings.TrimSpace(run(t, "link", "add", "ann", "http://example.org/", "--data", data)))
	before := uint64(0)
	for range 3 {
		server := serve(t, "--data", data)
		var v visitors
		reached := make(chan struct{})
		end := v.begin(server, hash, func(answered uint64) {
			switch answered {
			case 50: // from now on no file can be extended
				limit := unix.Rlimit{Cur: 0, Max: unix.RLIM_INFINITY}
				if err := unix.Prlimit(server.Cmd.Process.Pid, unix.RLIMIT_FSIZE, &limit, nil); err != nil {
					t.Error(err)
				}
			case 200:
				close(reached)
			}
		})
		<-reached
		server.Kill()
		end()
		reported := harness.NotDurable(server.Log.String())
		if reported == 0 {
			t.Error("the log reports no click as not durable, although the journal could not be written")
		}
		again := serve(t, "--data", data)
		run(t, "check", "--data", data) // which waits until all is counted
		all := clicks(t, again, token)
		counted := all - before
		before = all
		if answered := v.answered.Load(); counted+reported < answered {
			t.Errorf("%d visitors were answered and %d reported as not durable, but only %d are counted", answered, reported, counted)
		}
		stop(t, again)
	}
}

// TestDirectoryGoesAway: a server whose data directory is moved away ends, and writes
// nothing into the directory that is there instead.
func TestDirectoryGoesAway(t *testing.T) {
	t.Parallel()
	data := t.TempDir() + "/data"
	addUser(t, data, "ann")
	server := serve(t, "--data", data)
	if err := os.Remove(data + "/lock"); err != nil {
		t.Fatal(err)
	}
	fails(t, "another footfall process owns the data directory", "rebuild", "--data", data)
	run(t, "user", "list", "--data", data) // by the server
	if err := os.Rename(data, data+".old"); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	_ = server.Wait()
	contains(t, server.Log.String(), "was moved away, removed or replaced")
	if names, err := os.ReadDir(data); err != nil || len(names) != 0 {
		t.Errorf("the directory that is there instead has %v (%v), want nothing", names, err)
	}
	run(t, "check", "--data", data+".old")
}

// TestHangup: SIGHUP stops the server.
func TestHangup(t *testing.T) {
	t.Parallel()
	// A program inherits that SIGHUP is ignored, as under nohup, but not that it is
	// caught.
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGHUP)
	defer signal.Stop(caught)
	server := serve(t, "--data", t.TempDir()+"/data")
	if err := server.End(syscall.SIGHUP); err != nil {
		t.Error(err)
	}
	contains(t, server.Log.String(), "msg=stopping")
}
