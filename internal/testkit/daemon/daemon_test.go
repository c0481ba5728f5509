package daemon_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/testkit/await"
	"github.com/footfall/footfall/internal/testkit/daemon"
)

// role says what this program is in another process: a server, or one who starts it.
const role = "FOOTFALL_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(role) {
	case "server": // ends at once if the file "broken" exists, which it removes
		if os.Remove("broken") == nil {
			fmt.Println("the file is broken")
			os.Exit(1)
		}
		if err := errors.Join(os.WriteFile("new", []byte(strconv.Itoa(os.Getpid())), 0o600), os.Rename("new", "pid")); err != nil {
			panic(err)
		}
		stay()
	case "starter":
		if err := server(".").Start(); err != nil {
			panic(err)
		}
		fmt.Println("started")
		stay()
	}
	os.Exit(m.Run())
}

// stay waits for a signal that never comes. The runtime ends a program that only waits.
func stay() {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGUSR1)
	<-c
}

// server is ready once it has written its pid into dir.
func server(dir string) *daemon.Daemon {
	return &daemon.Daemon{
		Name: "server",
		Command: func() *exec.Cmd {
			_ = os.Remove(filepath.Join(dir, "pid")) // of the last run
			cmd := exec.Command(os.Args[0])
			cmd.Dir, cmd.Env = dir, append(os.Environ(), role+"=server")
			return cmd
		},
		Ready: func(context.Context) error {
			_, err := os.Stat(filepath.Join(dir, "pid"))
			return err
		},
		Output:   filepath.Join(dir, "output"),
		Patience: time.Minute,
	}
}

// state returns the state of a process as in /proc: S, T if it is frozen, or nothing.
func state(pid int) string {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	return strings.Fields(string(stat[strings.LastIndex(string(stat), ")")+1:]))[0]
}

func awaitState(t *testing.T, pid int, states ...string) {
	t.Helper()
	await.Until(t, fmt.Sprintf("process %d is in one of the states %q", pid, states), func() (string, bool) {
		got := state(pid)
		for _, s := range states {
			if got == s {
				return got, true
			}
		}
		return got, false
	})
}

func TestStartAndKill(t *testing.T) {
	d := server(t.TempDir())
	t.Cleanup(d.Kill)
	if err := d.Freeze(); err == nil {
		t.Error("a server that does not run was frozen")
	}
	if err := errors.Join(d.Start(), d.Start()); err != nil {
		t.Fatal(err)
	}
	first := d.Pid()
	if err := d.Freeze(); err != nil {
		t.Fatal(err)
	}
	awaitState(t, first, "T", "t")
	if err := d.Thaw(); err != nil {
		t.Fatal(err)
	}
	awaitState(t, first, "S", "R")
	if err := errors.Join(d.Freeze(), d.Restart()); err != nil {
		t.Fatal(err)
	}
	if second := d.Pid(); second == first || state(first) != "" {
		t.Errorf("after Restart there is process %d (%q), and %d before", second, state(first), first)
	}
	d.Kill()
	d.Kill()
	if d.Running() || d.Thaw() != nil {
		t.Error("after Kill the server runs")
	}
}

func TestRunThatFails(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "broken"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	d := server(dir)
	t.Cleanup(d.Kill)
	if err := d.Start(); err != nil {
		t.Error(err)
	}
	if tail := d.Tail(); !strings.Contains(tail, "the file is broken") {
		t.Errorf("the end of the output is %q, want the error of the first run", tail)
	}

	d = server(t.TempDir())
	d.Command = func() *exec.Cmd { return exec.Command(filepath.Join(dir, "missing")) }
	if err := d.Start(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a server without a program starts with %v", err)
	}
}

func TestServerThatNeverServes(t *testing.T) {
	d := server(t.TempDir())
	d.Patience = 0
	d.Ready = func(context.Context) error { return errors.New("busy") }
	if err := d.Start(); err == nil || !strings.Contains(err.Error(), "busy") || d.Running() {
		t.Errorf("Start returned %v, want the error of Ready, and no process", err)
	}
}

func TestKilledWhileItStarts(t *testing.T) {
	d := server(t.TempDir())
	d.Ready = func(context.Context) error { d.Kill(); return errors.New("not yet") }
	if err := d.Start(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("Start returned %v, want that the server was killed", err)
	}
}

func TestDiesWithItsStarter(t *testing.T) {
	dir := t.TempDir()
	starter := exec.Command(os.Args[0])
	starter.Dir, starter.Env = dir, append(os.Environ(), role+"=starter")
	output, err := starter.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := starter.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := output.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(string(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := starter.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = starter.Wait()          // it was killed
	awaitState(t, pid, "", "Z") // Z if nobody waits for orphans
}

func TestPorts(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ports")
	p, err := daemon.ReservePorts(file)
	if err != nil {
		t.Fatal(err)
	}
	first := p.Take()
	l, err := net.Listen("tcp", daemon.Address(first))
	if err != nil {
		t.Errorf("port %d is taken: %v", first, err)
	} else {
		l.Close()
	}
	if second := p.Take(); second == first {
		t.Errorf("port %d was given twice", first)
	}
	if _, err := daemon.ReservePorts(file); err == nil {
		t.Error("a block was reserved twice")
	}
	others, err := daemon.ReservePorts(filepath.Join(t.TempDir(), "ports"))
	if err != nil {
		t.Fatal(err)
	}
	if port := others.Take(); port == first {
		t.Errorf("port %d was given twice", port)
	}
	others.Release()
	p.Release()
	again, err := daemon.ReservePorts(file)
	if err != nil {
		t.Fatal(err)
	}
	if port := again.Take(); port != first {
		t.Errorf("the same file gives port %d, and %d before", port, first)
	}
	again.Release()
}
