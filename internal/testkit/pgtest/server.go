package pgtest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/footfall/footfall/internal/testkit/daemon"
)

// User is the superuser of the servers, and Password theirs.
const (
	User     = "footfall"
	Password = "p@ss word/?"
)

const (
	patience = time.Minute // for a start on a busy machine
	pause    = 10 * time.Millisecond
)

// Server is a PostgreSQL on a port of 127.0.0.1, which can be stopped and started again.
// It does not sync to the disk.
type Server struct {
	dir, programs string
	port          int
	as            *syscall.Credential // nil: as this process
	process       *daemon.Daemon
}

// Launch starts a server that keeps its files in a directory, and waits until it serves.
// The directory is empty, or one of an earlier Launch.
func Launch(dir string) (*Server, error) {
	at, err := programs()
	if err != nil {
		return nil, fmt.Errorf("pgtest: %w", err)
	}
	s := &Server{dir: dir, programs: at}
	if err := s.initialize(); err != nil {
		return nil, fmt.Errorf("pgtest: %w", err)
	}
	s.process = &daemon.Daemon{
		Name: "PostgreSQL", Command: s.command, Patience: patience, Output: filepath.Join(dir, "output"),
		Ready: func(ctx context.Context) error { return s.Exec(ctx, "postgres", "SELECT 1") },
	}
	for range 10 { // another process may take the port first
		if s.port, err = freePort(); err != nil {
			return nil, fmt.Errorf("pgtest: %w", err)
		}
		if err = s.Start(); err == nil {
			return s, nil
		}
	}
	return nil, err
}

// initialize makes the files of the server. PostgreSQL refuses to run as root.
func (s *Server) initialize() error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	if os.Geteuid() == 0 {
		u, err := user.Lookup("postgres")
		if err != nil {
			return err
		}
		uid, err1 := strconv.Atoi(u.Uid)
		gid, err2 := strconv.Atoi(u.Gid)
		if err := errors.Join(err1, err2, os.Chown(s.dir, uid, gid)); err != nil {
			return err
		}
		s.as = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	if _, err := os.Stat(s.data()); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	password := filepath.Join(s.dir, "password")
	if err := os.WriteFile(password, []byte(Password+"\n"), 0o644); err != nil {
		return err
	}
	// The order of texts is that of a language, so that tests see where it must not matter.
	init := exec.Command(filepath.Join(s.programs, "initdb"), "-D", s.data(), "-U", User, "--pwfile", password, "-A", "scram-sha-256",
		"-E", "UTF8", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US", "--no-sync")
	init.Dir, init.SysProcAttr = s.dir, &syscall.SysProcAttr{Credential: s.as}
	if out, err := init.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

func (s *Server) command() *exec.Cmd {
	c := exec.Command(filepath.Join(s.programs, "postgres"), "-D", s.data(), "-p", strconv.Itoa(s.port), "-k", s.dir, "-h", "127.0.0.1",
		"-c", "fsync=off", "-c", "full_page_writes=off", "-c", "shared_buffers=32MB", "-c", "max_connections=300")
	c.Dir, c.SysProcAttr = s.dir, &syscall.SysProcAttr{Credential: s.as}
	return c
}

// Start starts the server again, on the same port, and waits until it serves.
func (s *Server) Start() error { return s.process.Start() }

// Stop ends the server in order, and its connections with it.
func (s *Server) Stop() { s.end(syscall.SIGINT) }

// Kill ends the server at once, as a crash does. (After kill -9 its children would still
// end, while it starts again.)
func (s *Server) Kill() { s.end(syscall.SIGQUIT) }

func (s *Server) end(how syscall.Signal) {
	_ = s.process.Signal(how) // it may have ended
	for s.process.Running() {
		time.Sleep(pause)
	}
}
