// Package pgtest runs Debian's PostgreSQL, for tests and for developers to try out. Its
// processes end with the one that started them.
//
// The tests that use it have the build tag cluster. If PostgreSQL is missing, they fail.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
)

// shared is the server of the tests that run.
var shared struct {
	mu     sync.Mutex
	users  int // tests
	dir    string
	server *Server
}

// databases is the number of databases made so far: each has a name of its own.
var databases atomic.Int64

// Database returns the address of a new database, on a server that the tests of the
// process share. It starts with the first of them, and ends when none of them runs.
func Database(t testing.TB) string {
	t.Helper()
	return Shared(t).Database(t)
}

// Shared returns the server of Database. A test whose subtests call Database keeps it
// running between them by calling this.
func Shared(t testing.TB) *Server {
	t.Helper()
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.server == nil {
		s, dir, err := launch()
		if err != nil {
			t.Fatal(err)
		}
		shared.server, shared.dir = s, dir
	}
	shared.users++
	t.Cleanup(func() {
		shared.mu.Lock()
		defer shared.mu.Unlock()
		if shared.users--; shared.users > 0 {
			return
		}
		shared.server.Close()
		shared.server = nil
		if err := os.RemoveAll(shared.dir); err != nil {
			t.Error(err)
		}
	})
	return shared.server
}

// launch is Launch in a new directory.
func launch() (*Server, string, error) {
	// The directory of a test cannot be used: its parents are closed to other users.
	dir, err := os.MkdirTemp("", "footfall-postgres-")
	if err != nil {
		return nil, "", err
	}
	s, err := Launch(dir)
	if err != nil {
		return nil, "", errors.Join(err, os.RemoveAll(dir))
	}
	return s, dir, nil
}

// Start starts a server for one test, which may stop it. It ends with the test.
func Start(t testing.TB) *Server {
	t.Helper()
	s, dir, err := launch()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Database returns the address of a new database.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test_%d", databases.Add(1))
	if err := s.Exec(context.Background(), "postgres", "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	return s.Address(name)
}

// Address returns the address of a database of the server.
func (s *Server) Address(database string) string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(User, Password), Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)),
		Path: database, RawQuery: "sslmode=disable",
	}
	return u.String()
}

// Exec runs a statement in a database.
func (s *Server) Exec(ctx context.Context, database, statement string) error {
	c, err := pgx.Connect(ctx, s.Address(database))
	if err != nil {
		return err
	}
	_, err = c.Exec(ctx, statement)
	return errors.Join(err, c.Close(ctx))
}

// programs returns the directory with the programs of Debian's newest PostgreSQL.
func programs() (string, error) {
	all, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", err
	}
	newest := ""
	for _, p := range all {
		if dir := filepath.Dir(p); len(dir) > len(newest) || len(dir) == len(newest) && strings.Compare(dir, newest) > 0 {
			newest = dir
		}
	}
	if newest == "" {
		return "", errors.New("there is no PostgreSQL in /usr/lib/postgresql: install the package postgresql-15 of Debian (or a newer one)")
	}
	return newest, nil
}
