//go:build cluster

package sql_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/sql"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/logtest"
	"github.com/footfall/footfall/internal/testkit/pgtest"
)

// TestOpenAtOnce: many servers may start at once on an empty database.
func TestOpenAtOnce(t *testing.T) {
	t.Parallel()
	const servers = 20
	address := pgtest.Database(t)
	all := make([]*sql.Postgres, servers)
	errs := make([]error, servers)
	var group sync.WaitGroup
	for i := range servers {
		group.Go(func() {
			all[i], errs[i] = sql.OpenPostgres(context.Background(), sql.PostgresOptions{Address: address, Log: logtest.To(t)})
		})
	}
	group.Wait()
	for i, db := range all {
		if errs[i] != nil {
			t.Error(errs[i])
			continue
		}
		if _, err := db.AddUser(t.Context(), fmt.Sprint("user", i), 1); err != nil {
			t.Error(err)
		}
		defer db.Close()
	}
	if users, err := all[0].ListUsers(t.Context(), "", 99); err != nil || len(users) != servers || users[0].ID == users[1].ID {
		t.Errorf("the servers made the users %v, %v", users, err)
	}
}

// TestPostgresVersion: a newer schema is refused, and not changed.
func TestPostgresVersion(t *testing.T) {
	t.Parallel()
	address := pgtest.Database(t)
	db, _ := openPostgres(t, address)
	shared := rawPostgres(t, address)
	exec(t, shared, `INSERT INTO schema_versions VALUES (99)`)
	if _, err := sql.OpenPostgres(t.Context(), sql.PostgresOptions{Address: address, Log: logtest.To(t)}); !errors.Is(err, store.ErrVersion) {
		t.Errorf("a newer schema gave %v, not store.ErrVersion", err)
	}
	if _, err := db.AddUser(t.Context(), "ann", 1); err != nil {
		t.Errorf("a server that is open already: %v", err)
	}
}

// TestPostgresAddress: passwords come from the address, a file or the environment, and are
// in no error.
func TestPostgresAddress(t *testing.T) {
	address := pgtest.Database(t)
	without, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	without.User = url.User(pgtest.User)
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte(pgtest.Password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	file := without.String() + "&password-file=" + url.QueryEscape(password)
	open := func(address string) error {
		db, err := sql.OpenPostgres(t.Context(), sql.PostgresOptions{Address: address, Log: logtest.To(t)})
		if err == nil {
			err = db.Close()
		}
		return err
	}
	for what, address := range map[string]string{"the address": address, "a file": file} {
		if err := open(address); err != nil {
			t.Errorf("a password from %s: %v", what, err)
		}
	}
	for what, address := range map[string]string{
		"no password":    without.String(),
		"a missing file": file + "x",
		"wrong password": strings.Replace(address, url.QueryEscape("/"), "s3cret", 1),
		"no address":     "postgres://footfall:s3cret@127.0.0.1:port/x",
		"no option":      address + "&sslmode=s3cret",
		"no database":    strings.Replace(address, "/test_", "/none_", 1),
	} {
		err := open(address)
		if err == nil || errors.Is(err, click.ErrUnavailable) || strings.Contains(err.Error(), "p@ss") || strings.Contains(err.Error(), "p%40ss") || strings.Contains(err.Error(), ":s3cret") {
			t.Errorf("%s: %v", what, err)
		}
	}
	t.Setenv("PGPASSWORD", pgtest.Password)
	if err := open(without.String()); err != nil {
		t.Errorf("a password from the environment: %v", err)
	}
}
