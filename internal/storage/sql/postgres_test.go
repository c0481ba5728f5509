//go:build cluster

package sql_test

import (
	"context"
	"reflect"
	"testing"

	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/sql"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/storage/storetest"
	"github.com/footfall/footfall/internal/testkit/logtest"
	"github.com/footfall/footfall/internal/testkit/pgtest"
)

// openPostgres opens a database. What it logs is read with its log.
func openPostgres(t testing.TB, address string) (*sql.Postgres, *logtest.Log) {
	t.Helper()
	log := new(logtest.Log)
	db, err := sql.OpenPostgres(context.Background(), sql.PostgresOptions{Address: address, Log: log.Logger()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db, log
}

func TestPostgresLaws(t *testing.T) {
	t.Parallel()
	pgtest.Shared(t)
	storetest.LinkSuite(t, func(t *testing.T) storetest.LinkStore {
		db, _ := openPostgres(t, pgtest.Database(t))
		return db
	})
}

// TestDeletionsAfter: each server sees each deletion, in parts that end with a transaction.
func TestDeletionsAfter(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	db, _ := openPostgres(t, pgtest.Database(t))
	made, err := db.ImportLinks(ctx, []store.ForeignLink{
		{Login: "ann", Hash: "a", LongURL: "http://a/"}, {Login: "bob", Hash: "b", LongURL: "http://b/"}, {Login: "bob", Hash: "c", LongURL: "http://c/"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.DeleteLink(ctx, made[0].ID); err != nil {
		t.Fatal(err)
	}
	if _, err := db.DeleteUser(ctx, made[1].User); err != nil {
		t.Fatal(err)
	}
	var got [][]rollup.Scope
	version := uint64(0)
	for {
		scopes, last, err := db.DeletionsAfter(ctx, version, 1)
		if err != nil {
			t.Fatal(err)
		}
		if len(scopes) == 0 {
			if last != version {
				t.Errorf("no deletions after %d, but the version %d", version, last)
			}
			break
		}
		got, version = append(got, scopes), last
	}
	want := [][]rollup.Scope{
		{{Link: made[0].Aggregate}, {User: made[0].User, Link: made[0].ID}},
		{{Link: made[1].Aggregate}, {Link: made[2].Aggregate}, {User: made[1].User}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the deletions are %v, want %v", got, want)
	}
	if all, _, err := db.DeletionsAfter(ctx, 0, 100); err != nil || len(all) != 5 {
		t.Errorf("all deletions at once are %v, %v", all, err)
	}
}
