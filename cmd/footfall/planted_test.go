package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/footfall/footfall/internal/testkit/harness"
)

// other is the id of a user who does not run the tests.
const other = 12345

// plant makes a directory look as if a process of an owner served it. received is what
// commands have sent to that process.
func plant(t *testing.T, dir string, owner int, mode os.FileMode) (received func() string) {
	t.Helper()
	lock, err := os.Create(filepath.Join(dir, "lock"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { lock.Close() })
	socket := harness.Socket(dir)
	l, err := net.Listen("unix", socket)
	if err == nil {
		err = errors.Join(unix.Flock(int(lock.Fd()), unix.LOCK_EX), os.Chmod(lock.Name(), 0o666), os.Chmod(socket, 0o777), os.Chmod(dir, mode))
	}
	for _, path := range []string{dir, socket, lock.Name()} {
		err = errors.Join(err, os.Chown(path, owner, -1))
	}
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	requests := ""
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		requests += fmt.Sprintln(r.Method, r.URL, string(body), err)
		fmt.Fprintln(w, `{"result":null}`)
	})}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(l) }) // until Close
	t.Cleanup(func() {
		server.Close()
		serving.Wait()
	})
	return func() string {
		mu.Lock()
		defer mu.Unlock()
		return requests
	}
}

// shared makes a directory that other users can reach.
func shared(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "footfall-test-")
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// as makes a command run as a user. Only root may do that.
func as(cmd *exec.Cmd, user uint32) *exec.Cmd {
	cmd.Path = "/proc/self/exe" // the user may not open the directory of the program
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: user, Gid: user}}
	return cmd
}

// TestPlanted: a command sends nothing to a process of another user that pretends to
// serve a directory.
func TestPlanted(t *testing.T) {
	t.Parallel()
	self := os.Geteuid()
	type planted struct {
		what  string
		owner int
		mode  os.FileMode
		named bool // the command names the directory
		user  int  // the user who runs the command
		want  string
	}
	all := []planted{{"writable for everybody", self, 0o777, true, self, "everybody may write in"}}
	if self == 0 {
		all = append(all,
			planted{"another user's, not named", other, 0o755, false, 0, "unless it is named"},
			planted{"another user's, root listens", other, 0o755, true, 0, "a process of user 0 answers in"},
			planted{"root's, for another user", 0, 0o777, false, other, "belongs to user 0"},
			planted{"root's, for another user who names it", 0, 0o777, true, other, "belongs to user 0"})
	}
	for _, p := range all {
		t.Run(p.what, func(t *testing.T) {
			top := shared(t)
			dir := filepath.Join(top, "footfall-data")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			received := plant(t, dir, p.owner, p.mode)
			args := []string{"user", "password", "ann"}
			if p.named {
				args = append(args, "--data", dir)
			}
			cmd := program(t.Context(), args...)
			cmd.Dir, cmd.Stdin = top, strings.NewReader("a-secret-password\n")
			if p.user != self {
				as(cmd, uint32(p.user))
			}
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), p.want) {
				t.Errorf("%v: %s\nwant an error with %q", err, out, p.want)
			}
			if got := received(); got != "" {
				t.Errorf("the command sent %s to a process of another user", got)
			}
		})
	}
}

// TestPlantedLinks: a symbolic link in place of the socket is not followed, and a pipe in
// place of the lock does not block.
func TestPlantedLinks(t *testing.T) {
	t.Parallel()
	for name, mode := range map[string]uint32{"footfall.sock": 0, "lock": unix.S_IFIFO} {
		elsewhere, dir := shared(t), t.TempDir()
		receivedElsewhere := plant(t, elsewhere, os.Geteuid(), 0o700)
		received := plant(t, dir, os.Geteuid(), 0o700)
		path := filepath.Join(dir, name)
		err := os.Remove(path)
		if mode == 0 {
			err = errors.Join(err, os.Symlink(filepath.Join(elsewhere, name), path))
		} else {
			err = errors.Join(err, unix.Mknod(path, mode|0o600, 0))
		}
		if err != nil {
			t.Fatal(err)
		}
		cmd := program(t.Context(), "user", "password", "ann", "--data", dir)
		cmd.Stdin = strings.NewReader("a-secret-password\n")
		if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "find out who put it there") {
			t.Errorf("with another kind of file as %s, the command ended with %v\n%s", name, err, out)
		}
		if got := received() + receivedElsewhere(); got != "" {
			t.Errorf("with another kind of file as %s, the command sent %s", name, got)
		}
	}
}

// TestRootCommands: root may give commands to the server of another user, if they name
// its directory. Without root the test uses one user.
func TestRootCommands(t *testing.T) {
	t.Parallel()
	user := os.Geteuid()
	if user == 0 {
		user = other
	}
	top := shared(t)
	if err := os.Chown(top, user, -1); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(top, "footfall-data")
	server := serving("--data", data)
	if user != os.Geteuid() {
		as(server, uint32(user))
	}
	startServer(t, server)
	if out, err := program(t.Context(), "user", "add", "ann", "--data", data).CombinedOutput(); err != nil || len(out) < 32 {
		t.Errorf("%v: %s", err, out)
	}
}
