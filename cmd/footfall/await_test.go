package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// await tries f until it says that it is so. Where that never comes, the test fails
// a little before its deadline, with what f got last.
func await(t *testing.T, what string, f func() (got string, ok bool)) {
	t.Helper()
	deadline, _ := t.Deadline()
	if err := awaited(deadline, what, f); err != nil {
		t.Fatal(err)
	}
}

// awaited is await for where there is no test: deadline is its own, the zero time
// where it has none.
func awaited(deadline time.Time, what string, f func() (got string, ok bool)) error {
	const (
		pause = 5 * time.Millisecond // others need the processor for what is awaited
		early = 5 * time.Second      // for the test to clean up and to say so
	)
	for {
		got, ok := f()
		if ok {
			return nil
		}
		if !deadline.IsZero() && time.Until(deadline) < early {
			return fmt.Errorf("%s: not so at the end of the time for tests; last there was %q", what, got)
		}
		time.Sleep(pause)
	}
}

// awaitOf is await for what a process that was started does: it also fails once
// the process has ended.
func awaitOf(t *testing.T, cmd *exec.Cmd, what string, f func() (got string, ok bool)) {
	t.Helper()
	await(t, what, func() (string, bool) {
		t.Helper()
		over := ended(cmd) // before f, which thus sees all that it did
		got, ok := f()
		if over && !ok {
			t.Fatalf("%s: not so, and footfall %v ended: %v\n%v; last there was %q", what, cmd.Args[1:], cmd.Wait(), cmd.Stderr, got)
		}
		return got, ok
	})
}

// ended tells whether a process has ended, and leaves it to Wait.
func ended(cmd *exec.Cmd) bool {
	var info unix.Siginfo
	err := unix.Waitid(unix.P_PID, cmd.Process.Pid, &info, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil)
	return err != nil || info.Signo != 0
}

// TestAwait: what never comes fails with what there was last, and says so before the
// deadline; the end of a process is seen.
func TestAwait(t *testing.T) {
	t.Parallel()
	tries := 0
	if err := awaited(time.Time{}, "the third try", func() (string, bool) { tries++; return "", tries == 3 }); err != nil || tries != 3 {
		t.Errorf("%d tries, %v", tries, err)
	}
	err := awaited(time.Now(), "the end of days", func() (string, bool) { return "Monday", false })
	if want := `the end of days: not so at the end of the time for tests; last there was "Monday"`; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	data := filepath.Join(t.TempDir(), "data")
	run(t, "user", "add", "ann", "--data", data)
	cmd, in, said := importing(t, data)
	if ended(cmd) {
		t.Error("a process that reads a pipe has ended")
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	await(t, "the end of an import of nothing", func() (string, bool) { return "it runs", ended(cmd) })
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v: %s", err, said)
	}
}
