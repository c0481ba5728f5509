package pgtest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
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

// Server is a PostgreSQL on a port of 127.0.0.1, which can be stopped and started again.
// It does not sync to the disk.
type Server struct {
	*daemon.Daemon

	dir, programs string
	ports         *daemon.Ports
	port          int
	as            *syscall.Credential // nil: as this process
}

// Launch starts a server that keeps its files in a directory, and waits until it serves.
// The directory is empty, or one of an earlier Launch, whose port it keeps.
func Launch(dir string) (*Server, error) {
	at, err := programs()
	if err != nil {
		return nil, fmt.Errorf("pgtest: %w", err)
	}
	s := &Server{dir: dir, programs: at}
	if err := s.initialize(); err != nil {
		return nil, fmt.Errorf("pgtest: %w", err)
	}
	if s.ports, err = daemon.ReservePorts(filepath.Join(dir, "ports")); err != nil {
		return nil, fmt.Errorf("pgtest: %w", err)
	}
	s.port = s.ports.Take()
	s.Daemon = &daemon.Daemon{
		Name:       "PostgreSQL",
		Command:    s.command,
		Ready:      func(ctx context.Context) error { return s.Exec(ctx, "postgres", "SELECT 1") },
		Output:     filepath.Join(dir, "output"),
		Patience:   time.Minute,
		KillSignal: syscall.SIGQUIT, // the server ends its processes at once; SIGKILL would leave them
	}
	if err := s.Start(); err != nil {
		s.Close()
		return nil, fmt.Errorf("pgtest: %w", err)
	}
	return s, nil
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

func (s *Server) command() *exec.Cmd {
	c := exec.Command(filepath.Join(s.programs, "postgres"), "-D", s.data(), "-p", strconv.Itoa(s.port), "-k", s.dir, "-h", "127.0.0.1",
		"-c", "fsync=off", "-c", "full_page_writes=off", "-c", "shared_buffers=32MB", "-c", "max_connections=300")
	c.Dir, c.SysProcAttr = s.dir, &syscall.SysProcAttr{Credential: s.as}
	return c
}

// Stop ends the server in order, and its connections with it.
func (s *Server) Stop() { s.End(syscall.SIGINT) }

// Close kills the server for good. Its files stay.
func (s *Server) Close() {
	s.Kill()
	s.ports.Release()
}
