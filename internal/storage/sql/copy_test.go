package sql_test

import (
	"errors"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/storage/sql"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/storage/storetest"
)

// fill gives a database links and users of random histories, and a secret.
func fill(t *testing.T, db *sql.DB) {
	t.Helper()
	storetest.LinkHistories(t, db, open(t, filepath.Join(t.TempDir(), "other.db")))
	if _, err := db.Secret(t.Context(), [32]byte{1}); err != nil {
		t.Fatal(err)
	}
	sums, err := db.Sums(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sums {
		if s.Rows == 0 {
			t.Errorf("the histories left no row in %s", s.Table)
		}
	}
}

// copies copies links and users, twice, and compares everything that a user of them sees.
func copies(t *testing.T, from, to *sql.DB) {
	t.Helper()
	for range 2 {
		if err := sql.Copy(t.Context(), from, to); err != nil {
			t.Fatal(err)
		}
	}
	type state struct {
		sums   []sql.TableSum
		users  []store.User
		links  []store.Link
		last   any
		secret [32]byte
	}
	var states [2]state
	for i, db := range []*sql.DB{from, to} {
		s := &states[i]
		var errs [5]error
		s.sums, errs[0] = db.Sums(t.Context())
		s.users, errs[1] = db.ListUsers(t.Context(), "", 1000)
		s.links, errs[2] = db.AllLinks(t.Context(), 0, 1000)
		s.last, errs[3] = db.Links(t.Context())
		s.secret, errs[4] = db.Secret(t.Context(), [32]byte{2})
		if err := errors.Join(errs[:]...); err != nil {
			t.Fatal(err)
		}
	}
	if !reflect.DeepEqual(states[0], states[1]) {
		t.Errorf("the copy has\n%+v\nwant\n%+v", states[1], states[0])
	}
}

// TestCopy: a copy has the same rows, ids and secret. A database that is not empty is refused, and stays
// as it is.
func TestCopy(t *testing.T) {
	t.Parallel()
	from, to := open(t, filepath.Join(t.TempDir(), "from.db")), open(t, filepath.Join(t.TempDir(), "to.db"))
	fill(t, from.DB)
	copies(t, from.DB, to.DB)
	other := open(t, filepath.Join(t.TempDir(), "other.db"))
	if _, err := other.AddUser(t.Context(), "eve", 1); err != nil {
		t.Fatal(err)
	}
	if err := sql.Copy(t.Context(), from.DB, other.DB); !errors.Is(err, sql.ErrNotEmpty) {
		t.Errorf("a copy to a database with a user: %v, want ErrNotEmpty", err)
	}
	if users, err := other.ListUsers(t.Context(), "", 10); err != nil || len(users) != 1 {
		t.Errorf("after the refusal there are %v, %v", users, err)
	}
	if _, err := other.Secret(t.Context(), [32]byte{3}); err != nil {
		t.Fatal(err)
	}
	if err := sql.Copy(t.Context(), from.DB, other.DB); !errors.Is(err, sql.ErrNotEmpty) {
		t.Errorf("a copy to another installation: %v, want ErrNotEmpty", err)
	}
	if err := sql.Copy(t.Context(), other.DB, open(t, filepath.Join(t.TempDir(), "one.db")).DB); err != nil {
		t.Errorf("a copy of one user: %v", err)
	}
}

// TestCopiedColumns: Copy knows every column of every table, except those of tables that are about
// one database.
func TestCopiedColumns(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "links.db")
	open(t, path)
	want := text(t, raw(t, path), `SELECT group_concat(c, ' ') FROM (SELECT m.name || '.' || c.name AS c FROM sqlite_schema m JOIN pragma_table_info(m.name) c
		WHERE m.type = 'table' AND m.name NOT IN ('progress', 'lives', 'deletions', 'installation', 'last_ids', 'schema_versions') ORDER BY 1)`)
	if got := strings.Join(sql.CopiedColumns(), " "); got != want {
		t.Errorf("Copy knows the columns\n%s\nand there are\n%s", got, want)
	}
}
