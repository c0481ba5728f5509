package main

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

// launchPostgres starts PostgreSQL with a database, a user and a password footfall.
func launchPostgres(dir string, port int) (*daemon.Daemon, string, error) {
	programs, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil || len(programs) == 0 {
		return nil, "", errors.New("no PostgreSQL in /usr/lib/postgresql: install postgresql")
	}
	bin := programs[len(programs)-1]
	dir, err = filepath.Abs(dir)
	if err != nil {
		return nil, "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, "", err
	}
	as, err := postgresUser(dir)
	if err != nil {
		return nil, "", err
	}
	run := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(bin, name), args...)
		cmd.Dir, cmd.SysProcAttr = dir, &syscall.SysProcAttr{Credential: as}
		cmd.Env = append(os.Environ(), "PGPASSWORD=footfall")
		return cmd
	}
	data := filepath.Join(dir, "data")
	if _, err := os.Stat(filepath.Join(data, "PG_VERSION")); errors.Is(err, fs.ErrNotExist) {
		secret := filepath.Join(dir, "password")
		if err := os.WriteFile(secret, []byte("footfall"), 0o644); err != nil {
			return nil, "", err
		}
		if out, err := run("initdb", "-D", data, "-U", "footfall", "-E", "UTF8", "--locale=C", "-A", "scram-sha-256", "--pwfile="+secret).CombinedOutput(); err != nil {
			return nil, "", fmt.Errorf("initdb: %w\n%s", err, out)
		}
	}
	client := []string{"-h", "127.0.0.1", "-p", strconv.Itoa(port), "-U", "footfall"}
	d := &daemon.Daemon{
		Name: "postgres",
		Command: func() *exec.Cmd {
			return run("postgres", "-D", data, "-h", "127.0.0.1", "-p", strconv.Itoa(port), "-k", "")
		},
		Ready: func(context.Context) error {
			return run("pg_isready", append(client, "-q", "-t", "1")...).Run()
		},
		Output:   filepath.Join(dir, "output"),
		Patience: time.Minute,
	}
	if err := d.Start(); err != nil {
		return nil, "", err
	}
	if run("psql", append(client, "-d", "footfall", "-c", "")...).Run() != nil {
		if out, err := run("createdb", append(client, "footfall")...).CombinedOutput(); err != nil {
			d.Kill()
			return nil, "", fmt.Errorf("createdb: %w\n%s", err, out)
		}
	}
	return d, fmt.Sprintf("postgres://footfall:footfall@127.0.0.1:%d/footfall", port), nil
}

// postgresUser gives dir to the user postgres and returns who that is, if this process
// is root: the server refuses to run as root.
func postgresUser(dir string) (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, err
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, os.Chown(dir, uid, gid)
}
