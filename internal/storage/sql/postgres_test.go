//go:build cluster

package sql_test

import (
	"context"
	stdsql "database/sql"
	"errors"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/sql"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/storage/storetest"
	"github.com/footfall/footfall/internal/testkit/await"
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

// rawPostgres opens a database with the driver alone.
func rawPostgres(t *testing.T, address string) *stdsql.DB {
	t.Helper()
	db, err := stdsql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func TestPostgresLaws(t *testing.T) {
	t.Parallel()
	pgtest.Shared(t)
	storetest.LinkSuite(t, func(t *testing.T) storetest.LinkStore {
		db, _ := openPostgres(t, pgtest.Database(t))
		return db
	})
}

// TestEnginesAgree: random histories have the same answers in both engines.
func TestEnginesAgree(t *testing.T) {
	t.Parallel()
	db, _ := openPostgres(t, pgtest.Database(t))
	storetest.LinkHistories(t, db, open(t, filepath.Join(t.TempDir(), "links.db")))
}

// TestTablesAgree: both engines have the same tables and columns, except those that are
// about a file, or about many servers.
func TestTablesAgree(t *testing.T) {
	t.Parallel()
	address := pgtest.Database(t)
	openPostgres(t, address)
	shared := rawPostgres(t, address)
	path := filepath.Join(t.TempDir(), "links.db")
	open(t, path)
	embedded := raw(t, path)
	got := text(t, shared, `SELECT string_agg(table_name || '.' || column_name, ' ' ORDER BY table_name COLLATE "C", column_name COLLATE "C")
		FROM information_schema.columns WHERE table_schema = 'public' AND (table_name, column_name) NOT IN (('deletions', 'version'), ('installation', 'counts'))`)
	want := text(t, embedded, `SELECT group_concat(column, ' ') FROM (SELECT m.name || '.' || c.name AS column
		FROM sqlite_schema m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT IN ('progress', 'lives') ORDER BY m.name, c.name)`)
	if got != want {
		t.Errorf("PostgreSQL has the columns\n%s\nand SQLite\n%s", got, want)
	}
}

// TestCountsEngine: the first offer stays, on all servers.
func TestCountsEngine(t *testing.T) {
	t.Parallel()
	address := pgtest.Database(t)
	a, _ := openPostgres(t, address)
	b, _ := openPostgres(t, address)
	for _, c := range []struct {
		db          *sql.Postgres
		offer, want string
	}{{a, "", ""}, {a, "clickhouse", "clickhouse"}, {b, "", "clickhouse"}, {b, "embedded", "clickhouse"}} {
		if _, err := c.db.Secret(t.Context(), [32]byte{1}); err != nil && c.offer != "" {
			t.Fatal(err)
		}
		if got, err := c.db.CountsEngine(t.Context(), c.offer); err != nil || got != c.want {
			t.Errorf("with the offer %q the engine is %q (%v), want %q", c.offer, got, err, c.want)
		}
	}
}

// TestLocks: a lock has one holder at a time, on any server.
func TestLocks(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	address := pgtest.Database(t)
	a, _ := openPostgres(t, address)
	b, _ := openPostgres(t, address)
	waiting, stop := context.WithCancel(ctx)
	held, release, err := a.Lock(waiting, "some")
	stop() // it does not wait any more
	if err != nil {
		t.Fatal(err)
	}
	for who, db := range map[string]*sql.Postgres{"another server": b, "the same server": a} {
		if _, _, err := db.TryLock(ctx, "some"); !errors.Is(err, sql.ErrLocked) {
			t.Errorf("%s got a lock that is held: %v", who, err)
		}
	}
	if _, other, err := b.TryLock(ctx, "other"); err != nil {
		t.Errorf("another lock: %v", err)
	} else {
		other()
	}
	short, cancel := context.WithCancel(ctx)
	waited := make(chan error)
	go func() {
		_, _, err := b.Lock(short, "some")
		waited <- err
	}()
	cancel()
	if err := <-waited; !errors.Is(err, context.Canceled) {
		t.Errorf("waiting for a lock ended with %v, not with its context", err)
	}
	if held.Err() != nil {
		t.Errorf("the lock is lost: %v", held.Err())
	}
	release()
	release() // does nothing
	if held.Err() == nil {
		t.Error("the lock is held after its release")
	}
	_, release, err = b.Lock(ctx, "some")
	if err != nil {
		t.Fatal(err)
	}
	release()
}

// TestLostLock: who holds a lock is told when the connection that has it is lost.
func TestLostLock(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	address := server.Database(t)
	a, log := openPostgres(t, address)
	held, release, err := a.Lock(t.Context(), "some")
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	server.Kill()
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	<-held.Done()
	if cause := context.Cause(held); !errors.Is(cause, click.ErrUnavailable) || log.Count("lock=some") != 1 {
		t.Errorf("the lock ended because of %v, and the log says\n%s", cause, log)
	}
	b, _ := openPostgres(t, address)
	_, again, err := b.TryLock(t.Context(), "some")
	if err != nil {
		t.Fatal(err)
	}
	again()
}

// TestGivenUpTransactions: a transaction that PostgreSQL gives up because of another one is
// tried again, and has the same result.
func TestGivenUpTransactions(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	address := pgtest.Database(t)
	db, _ := openPostgres(t, address)
	shared := rawPostgres(t, address)
	// The first tries of each transaction with a link fail, as in a deadlock.
	exec(t, shared, `CREATE SEQUENCE tries; CREATE FUNCTION give_up() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		IF nextval('tries') % 3 > 0 THEN RAISE EXCEPTION 'given up' USING ERRCODE = '40P01'; END IF; RETURN NEW; END $$;
		CREATE TRIGGER give_up AFTER INSERT ON tags FOR EACH ROW EXECUTE FUNCTION give_up()`)
	got, err := db.ImportLinks(ctx, []store.ForeignLink{
		{Login: "ann", Hash: "h", LongURL: "http://a/", Domain: "j.mp", Keyword: "word", Details: store.LinkDetails{Tags: "tag"}},
		{Login: "bob", Hash: "i", LongURL: "http://a/"},
	})
	if err != nil || got[0].User != 1 || got[1].User != 2 {
		t.Fatalf("an import that is tried again: %+v, %v", got, err)
	}
	l, made, err := db.MakeLink(ctx, store.NewLink{User: got[0].User, LongURL: "http://b/", Hash: "x", AggregateHash: "y", LinkDetails: store.LinkDetails{Tags: "tag"}})
	if err != nil || !made || l.ID != got[1].ID+2 {
		t.Errorf("a link that is made again: %+v, %t, %v", l, made, err)
	}
	exec(t, shared, `CREATE OR REPLACE FUNCTION give_up() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'given up' USING ERRCODE = '40001'; END $$`)
	_, _, err = db.MakeLink(ctx, store.NewLink{User: got[0].User, LongURL: "http://c/", Hash: "p", AggregateHash: "q", LinkDetails: store.LinkDetails{Tags: "tag"}})
	if !errors.Is(err, click.ErrUnavailable) {
		t.Errorf("a transaction that is always given up ends with %v, not click.ErrUnavailable", err)
	}
	if findings := findings(t, db); len(findings) > 0 {
		t.Errorf("the database: %q", findings)
	}
}

// TestStoppedTransaction: a server that stops in the middle of a transaction does not block
// the writes of others for long.
func TestStoppedTransaction(t *testing.T) {
	t.Parallel()
	address := pgtest.Database(t)
	a, _ := openPostgres(t, address+"&idle_in_transaction_session_timeout=300")
	b, _ := openPostgres(t, address)
	_, _, _, writer := a.Pools()
	tx, err := writer.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := tx.Exec(`UPDATE last_ids SET version = version + 1`); err != nil {
		t.Fatal(err)
	}
	if _, err := b.AddUser(t.Context(), "ann", 1); err != nil {
		t.Error(err)
	}
	_, _, _, writer = b.Pools()
	for setting, want := range map[string]string{
		"idle_in_transaction_session_timeout": "15s", "default_transaction_isolation": "read committed", "application_name": "footfall",
	} {
		if got := text(t, writer, `SHOW `+setting); got != want {
			t.Errorf("%s is %q, want %q", setting, got, want)
		}
	}
}

// TestUniqueIndexDecides: a name that another program takes meanwhile, without the lock of
// last_ids, is taken.
func TestUniqueIndexDecides(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	address := pgtest.Database(t)
	db, _ := openPostgres(t, address)
	ann, err := db.AddUser(ctx, "ann", 1)
	if err != nil {
		t.Fatal(err)
	}
	tx, err := rawPostgres(t, address).Begin()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(`INSERT INTO links (id, hash, user_id, aggregate_id, long_url, long_url_digest, created) VALUES (1000, 'h', 1, 1000, '', 0, 0)`); err != nil {
		t.Fatal(err)
	}
	made := make(chan error)
	go func() {
		_, _, err := db.MakeLink(ctx, store.NewLink{User: ann.ID, LongURL: "http://a/", Hash: "h", AggregateHash: "g", Created: 1})
		made <- err
	}()
	await.Until(t, "a transaction waits for another one", func() (string, bool) {
		n := text(t, rawPostgres(t, address), `SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)
		return n, n == "1"
	})
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := <-made; !errors.Is(err, click.ErrExists) {
		t.Errorf("a hash that was taken meanwhile gave %v, not click.ErrExists", err)
	}
}

// TestPostgresVerify: what does not agree is found.
func TestPostgresVerify(t *testing.T) {
	t.Parallel()
	address := pgtest.Database(t)
	db, _ := openPostgres(t, address)
	made, err := db.ImportLinks(t.Context(), []store.ForeignLink{
		{Login: "ann", Hash: "h", LongURL: "http://a/", Domain: "j.mp", Keyword: "word", Details: store.LinkDetails{Tags: "a,b"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	longURL := "http://b/"
	if _, err := db.EditLink(t.Context(), made[0].ID, store.LinkEdit{LongURL: &longURL, AggregateHash: "g", Modified: 1}); err != nil {
		t.Fatal(err)
	}
	if all := findings(t, db); len(all) > 0 {
		t.Fatalf("a good database: %q", all)
	}
	shared := rawPostgres(t, address)
	for damage, repair := range map[string]string{
		`UPDATE links SET long_url_digest = long_url_digest + 1 WHERE hash = 'g'`: `UPDATE links SET long_url_digest = long_url_digest - 1 WHERE hash = 'g'`,
		`UPDATE keywords SET keyword_folded = 'x'`:                                `UPDATE keywords SET keyword_folded = 'WORD'`,
		`UPDATE links SET tags = 'a' WHERE hash = 'h' AND user_id IS NOT NULL`:    `UPDATE links SET tags = 'a,b' WHERE hash = 'h' AND user_id IS NOT NULL`,
		`UPDATE last_ids SET link_id = link_id - 1`:                               `UPDATE last_ids SET link_id = link_id + 1`,
	} {
		exec(t, shared, damage)
		if all := findings(t, db); len(all) != 1 {
			t.Errorf("after %s: %q", damage, all)
		}
		exec(t, shared, repair)
	}
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
