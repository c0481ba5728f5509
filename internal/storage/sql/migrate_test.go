package sql_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/footfall/footfall/internal/storage/sql"
	"github.com/footfall/footfall/internal/storage/store"
)

// first makes a database with the first migration alone.
func first(t *testing.T, path string) {
	t.Helper()
	migration, err := os.ReadFile("migrations/0001_users.sql")
	if err != nil {
		t.Fatal(err)
	}
	db := raw(t, path)
	exec(t, db, `CREATE TABLE schema_versions (version INTEGER PRIMARY KEY)`)
	exec(t, db, string(migration))
	exec(t, db, `INSERT INTO schema_versions VALUES (1);
		INSERT INTO users VALUES (7, 'ann', 12); UPDATE last_ids SET user_id = 7`)
}

func TestUpgrade(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "links.db")
	first(t, path)
	for range 2 { // the second Open changes nothing
		db := open(t, path)
		if u, err := db.UserByLogin(ctx, "ann"); err != nil || u.ID != 7 {
			t.Errorf("the upgrade lost a user: %+v, %v", u, err)
		}
		links, err := db.ImportLinks(ctx, []store.ForeignLink{{Login: "ann", Hash: "h", LongURL: "http://a/"}})
		if err != nil || links[0].User != 7 {
			t.Errorf("ImportLinks after the upgrade: %+v, %v", links, err)
		}
	}
	if v := text(t, raw(t, path), `SELECT group_concat(version) FROM (SELECT version FROM schema_versions ORDER BY version)`); v != "1,2,3,4,5,6,7,8,9,10,11,12,13,14" {
		t.Errorf("the schema's versions are %s", v)
	}
}

// TestUpgradingIsCalled: upgrading is called before an upgrade, and only then.
func TestUpgradingIsCalled(t *testing.T) {
	t.Parallel()
	schemas, err := filepath.Glob("migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "links.db")
	first(t, path)
	for _, c := range []struct {
		path string
		want [][2]int
	}{{path, [][2]int{{1, len(schemas)}}}, {path, nil}, {filepath.Join(t.TempDir(), "new.db"), nil}} {
		var got [][2]int
		db, err := sql.OpenReportingUpgrade(t.Context(), c.path, func(from, to int) {
			if v := text(t, raw(t, c.path), `SELECT MAX(version) FROM schema_versions`); v != "1" {
				t.Errorf("upgrading is called when the schema is already %s", v)
			}
			got = append(got, [2]int{from, to})
		})
		if err == nil {
			err = db.Close()
		}
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("upgrading is called with %v, want %v; %v", got, c.want, err)
		}
	}
}

// Links from before details existed get the Created of the link as UserTS.
func TestUpgradeOfLinksWithoutDetails(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "links.db")
	first(t, path)
	db := raw(t, path)
	migration, err := os.ReadFile("migrations/0002_links.sql")
	if err != nil {
		t.Fatal(err)
	}
	exec(t, db, string(migration))
	exec(t, db, `INSERT INTO schema_versions VALUES (2);
		INSERT INTO links VALUES (1, NULL, 'g', 1, 'http://a/', 0, 50), (2, 7, 'h', 1, 'http://a/', 0, 60), (3, 7, 'i', 1, 'http://a/', 0, 55);
		UPDATE last_ids SET link_id = 3`)
	links, all, err := open(t, path).ListLinks(context.Background(), store.LinkFilter{User: 7, Limit: 9})
	if err != nil || all != 2 {
		t.Fatalf("%d links, %v", all, err)
	}
	for i, want := range []store.Link{
		{ID: 2, User: 7, Hash: "h", Aggregate: 1, AggregateHash: "g", LongURL: "http://a/", Created: 60, Modified: 60, LinkDetails: store.LinkDetails{UserTS: 60}},
		{ID: 3, User: 7, Hash: "i", Aggregate: 1, AggregateHash: "g", LongURL: "http://a/", Created: 55, Modified: 55, LinkDetails: store.LinkDetails{UserTS: 55}},
	} {
		if links[i] != want {
			t.Errorf("an upgraded link is %+v, want %+v", links[i], want)
		}
	}
}

func TestFailedUpgradeChangesNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "links.db")
	first(t, path)
	db := raw(t, path)
	exec(t, db, `CREATE TABLE keywords (mine TEXT)`) // the migration makes it after links, and so fails
	if db, err := sql.Open(context.Background(), path); err == nil {
		db.Close()
		t.Fatal("a wrong migration was applied")
	}
	if v := text(t, db, `SELECT MAX(version) FROM schema_versions`); v != "1" {
		t.Errorf("the schema has version %s", v)
	}
	if n := text(t, db, `SELECT COUNT(*) FROM sqlite_schema WHERE name LIKE 'links%'`); n != "0" {
		t.Errorf("a failed migration left %s tables and indexes", n)
	}
	exec(t, db, `DROP TABLE keywords`)
	open(t, path)
}

func TestNewerSchemaIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "links.db")
	if err := open(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	db := raw(t, path)
	exec(t, db, `INSERT INTO schema_versions VALUES (99)`)
	if _, err := sql.Open(context.Background(), path); !errors.Is(err, store.ErrVersion) {
		t.Errorf("a newer schema gave %v, not store.ErrVersion", err)
	}
	exec(t, db, `DELETE FROM schema_versions WHERE version = 99`)
	open(t, path)
}
