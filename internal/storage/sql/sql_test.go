package sql_test

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/sql"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/storage/storetest"
)

func open(t testing.TB, path string) *sql.SQLite {
	t.Helper()
	db, err := sql.Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// raw opens the file with the driver alone.
func raw(t testing.TB, path string) *stdsql.DB {
	t.Helper()
	db, err := stdsql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func exec(t testing.TB, db *stdsql.DB, query string) {
	t.Helper()
	if _, err := db.Exec(query); err != nil {
		t.Fatal(err)
	}
}

func text(t testing.TB, db *stdsql.DB, query string, args ...any) string {
	t.Helper()
	var s string
	if err := db.QueryRow(query, args...).Scan(&s); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return s
}

func TestLaws(t *testing.T) {
	t.Parallel()
	storetest.LinkSuite(t, func(t *testing.T) storetest.LinkStore {
		return open(t, filepath.Join(t.TempDir(), "links.db"))
	})
}

func TestReopen(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "odd ?name=#%41&;'.db")
	db := open(t, path)
	links, err := db.ImportLinks(ctx, []store.ForeignLink{
		{Login: "ann", Hash: "h", AggregateHash: "g", LongURL: "http://a/", Created: 5, Domain: "j.mp", Keyword: "word"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.AddToken(ctx, store.Token{User: links[0].User, Digest: store.TokenDigest{1}, Created: 6}, 0); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := db.LinkByName(ctx, "", "h"); err == nil {
		t.Error("a closed database answers")
	}
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the database is not in the file of that name: %v", err)
	}

	db = open(t, path)
	for _, name := range []click.Hash{"h", "word"} {
		if l, err := db.LinkByName(ctx, "j.mp", name); err != nil || l != links[0] {
			t.Errorf("%q after reopening: %+v, %v; want %+v", name, l, err, links[0])
		}
	}
	if u, err := db.UserByToken(ctx, store.TokenDigest{1}); err != nil || u.ID != links[0].User {
		t.Errorf("token after reopening: %+v, %v", u, err)
	}
	more, err := db.ImportLinks(ctx, []store.ForeignLink{{Login: "bob", Hash: "i", AggregateHash: "j", LongURL: "http://b/"}})
	if err != nil || more[0].ID <= links[0].ID || more[0].User <= links[0].User {
		t.Errorf("ids after reopening do not continue: %+v, %v", more, err)
	}
}

func TestIDsOfDeletedRowsAreNotReused(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "links.db")
	db := open(t, path)
	first, err := db.ImportLinks(ctx, []store.ForeignLink{{Login: "ann", Hash: "h", AggregateHash: "g", LongURL: "http://a/"}})
	if err != nil {
		t.Fatal(err)
	}
	exec(t, raw(t, path), `DELETE FROM links; DELETE FROM users;`)
	again, err := db.ImportLinks(ctx, []store.ForeignLink{{Login: "ann", Hash: "h", AggregateHash: "g", LongURL: "http://a/"}})
	if err != nil || again[0].Aggregate <= first[0].ID || again[0].User <= first[0].User {
		t.Errorf("an id was used again: first %+v, then %+v (%v)", first, again, err)
	}
}

func TestPragmasOfEveryConnection(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	names, lists, whole, writer := open(t, filepath.Join(t.TempDir(), "links.db")).Pools()
	for _, pool := range []struct {
		db          *stdsql.DB
		connections int
		queryOnly   string
	}{{names, sql.NameReaders, "1"}, {lists, sql.ListReaders, "1"}, {whole, sql.WholeReaders, "1"}, {writer, 1, "0"}} {
		for range pool.connections { // all are held at once, so each is a different one
			c, err := pool.db.Conn(ctx)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			for pragma, want := range map[string]string{
				"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "10000",
				"query_only": pool.queryOnly,
			} {
				var got string
				if err := c.QueryRowContext(ctx, "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
					t.Errorf("%s is %q, want %q (%v)", pragma, got, want, err)
				}
			}
		}
		if got := pool.db.Stats().MaxOpenConnections; got != pool.connections {
			t.Errorf("the pool has up to %d connections, want %d", got, pool.connections)
		}
	}
}

func TestFilesArePrivate(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "links.db")
	if err := os.WriteFile(path, nil, 0o644); err != nil { // readable by everybody
		t.Fatal(err)
	}
	db := open(t, path)
	if _, err := db.AddUser(context.Background(), "ann", 1); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(path + "*")
	if err != nil || len(files) < 2 {
		t.Fatalf("the database has no other files: %v, %v", files, err)
	}
	for _, name := range files {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v (%v)", filepath.Base(name), info.Mode(), err)
		}
	}
}

func TestOpenWithoutDatabase(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	garbage := filepath.Join(dir, "garbage.db")
	if err := os.WriteFile(garbage, []byte(strings.Repeat("this is no database\n", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, filepath.Join(dir, "missing", "links.db"), garbage} {
		if db, err := sql.Open(context.Background(), path); err == nil {
			db.Close()
			t.Errorf("%s was opened", path)
		}
	}
}

func TestLockedDatabaseIsUnavailable(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "links.db")
	db := open(t, path)
	_, _, _, writer := db.Pools()
	exec(t, writer, `PRAGMA busy_timeout = 0`) // its one connection
	other := raw(t, path)
	other.SetMaxOpenConns(1)
	exec(t, other, `BEGIN IMMEDIATE`)
	if _, err := db.AddUser(context.Background(), "ann", 1); !errors.Is(err, click.ErrUnavailable) {
		t.Errorf("a locked database gave %v, not click.ErrUnavailable", err)
	}
	exec(t, other, `ROLLBACK`)
	if _, err := db.AddUser(context.Background(), "ann", 1); err != nil {
		t.Errorf("after the lock was released: %v", err)
	}
}

func TestCancelledImportIsAllOrNothing(t *testing.T) {
	t.Parallel()
	db := open(t, filepath.Join(t.TempDir(), "links.db"))
	_, _, reader, writer := db.Pools()
	for round := range 40 {
		links := make([]store.ForeignLink, 1000)
		for i := range links {
			links[i] = store.ForeignLink{Login: "ann", Hash: click.Hash(fmt.Sprintf("h%d-%d", round, i)), LongURL: "http://a/"}
		}
		before := text(t, reader, `SELECT COUNT(*) FROM links`)
		ctx, cancel := context.WithCancel(context.Background())
		stop := time.AfterFunc(time.Duration(round)*time.Millisecond/2, cancel)
		_, err := db.ImportLinks(ctx, links)
		stop.Stop()
		cancel()
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("a cancelled import failed with %v", err)
		}
		after := text(t, reader, `SELECT COUNT(*) FROM links WHERE hash LIKE $1`, fmt.Sprintf("h%d-%%", round))
		if all := "2000"; (err == nil && after != all) || (err != nil && after != "0") {
			t.Errorf("an import that ended with %v left %s of %s links", err, after, all)
		}
		if now := text(t, reader, `SELECT COUNT(*) FROM links`); err != nil && now != before {
			t.Errorf("an import that ended with %v left links: %s before, %s after", err, before, now)
		}
	}
	// A call that waits for the writer ends with its context.
	busy, err := writer.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(time.Millisecond, cancel)
	if _, err := db.AddUser(ctx, "bob", 1); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting for the writer ended with %v, not context.Canceled", err)
	}
}

// The index on long URLs must serve the search for links and for aggregate links, and
// accept any URL.
func TestLongURLsAreIndexed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "links.db")
	db := open(t, path)
	if _, err := db.ImportLinks(context.Background(), []store.ForeignLink{
		{Login: "ann", Hash: "h", LongURL: "http://a/" + strings.Repeat("x", 1<<20)},
	}); err != nil {
		t.Fatal(err)
	}
	for _, where := range []string{`user_id = 1`, `user_id IS NULL`} {
		var id, parent, unused int
		var plan string
		err := raw(t, path).QueryRow(`EXPLAIN QUERY PLAN SELECT id FROM links WHERE long_url_digest = 1 AND long_url = 'x' AND `+where).
			Scan(&id, &parent, &unused, &plan)
		if err != nil || !strings.Contains(plan, "links_by_long_url (long_url_digest=? AND user_id=?)") {
			t.Errorf("where %s: %q, %v", where, plan, err)
		}
	}
}

// A digest of 8 bytes is not unique, so the long URL is compared too.
func TestLongURLsOfOneDigest(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "links.db")
	db := open(t, path)
	u, err := db.AddUser(ctx, "ann", 1)
	if err != nil {
		t.Fatal(err)
	}
	var links []store.Link
	for _, name := range []string{"a", "b", "c"} {
		if name == "c" { // as if all had the digest of the next one
			exec(t, raw(t, path), `UPDATE links SET long_url_digest = `+fmt.Sprint(sql.URLDigest("http://c/")))
		}
		l, made, err := db.MakeLink(ctx, store.NewLink{
			User: u.ID, LongURL: "http://" + name + "/", Hash: click.Hash(name), AggregateHash: click.Hash(name + name),
		})
		if err != nil || !made {
			t.Fatalf("a new long URL gave %+v, made %t, %v", l, made, err)
		}
		links = append(links, l)
	}
	if links[2].Aggregate == links[0].Aggregate || links[2].Aggregate == links[1].Aggregate {
		t.Errorf("long URLs of one digest share an aggregate link: %+v", links)
	}
}
