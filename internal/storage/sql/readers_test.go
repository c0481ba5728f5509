package sql_test

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/sql"
	"github.com/footfall/footfall/internal/storage/store"
)

// hold takes all connections of a pool, as searches that do not end would.
func hold(t *testing.T, pool *stdsql.DB, connections int) {
	t.Helper()
	for range connections {
		c, err := pool.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
	}
}

// TestSearchesDoNotDelayNames: searches, lists, exports and checks do not delay the resolution
// of names and the check of credentials. If they do, this test hangs.
func TestSearchesDoNotDelayNames(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	db := open(t, filepath.Join(t.TempDir(), "links.db"))
	links, err := db.ImportLinks(ctx, []store.ForeignLink{{Login: "ann", Hash: "h", AggregateHash: "g", LongURL: "http://a/", Domain: "j.mp", Keyword: "word"}})
	if err != nil {
		t.Fatal(err)
	}
	ann := links[0].User
	if err := db.AddToken(ctx, store.Token{User: ann, Digest: store.TokenDigest{1}, Created: 1}, 0); err != nil {
		t.Fatal(err)
	}
	if err := db.SetPassword(ctx, ann, "proof"); err != nil {
		t.Fatal(err)
	}
	_, lists, whole, writer := db.Pools()
	hold(t, lists, sql.ListReaders)
	hold(t, whole, sql.WholeReaders)
	hold(t, writer, 1)
	for what, ask := range map[string]func() error{
		"a hash":            func() error { _, err := db.LinkByName(ctx, "sho.rt", "h"); return err },
		"a keyword":         func() error { _, err := db.LinkByName(ctx, "j.mp", "word"); return err },
		"an aggregate link": func() error { _, err := db.LinkByID(ctx, links[0].Aggregate); return err },
		"a token":           func() error { _, err := db.UserByToken(ctx, store.TokenDigest{1}); return err },
		"a login":           func() error { _, err := db.UserByLogin(ctx, "ann"); return err },
		"a user":            func() error { _, err := db.UserByID(ctx, ann); return err },
		"a password":        func() error { _, err := db.Password(ctx, ann); return err },
		"a domain":          func() error { _, err := db.HasDomain(ctx, "j.mp"); return err },
	} {
		if err := ask(); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestOperatorHasOwnConnections: export, check and import have connections of their own.
// If they wait for those of visitors or users, this test hangs.
func TestOperatorHasOwnConnections(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "links.db")
	db := open(t, path)
	names, lists, _, _ := db.Pools()
	hold(t, names, sql.NameReaders)
	hold(t, lists, sql.ListReaders)
	links, err := db.ImportLinks(ctx, []store.ForeignLink{{Login: "ann", Hash: "h", LongURL: "http://a/"}})
	if err != nil {
		t.Fatal(err)
	}
	for what, do := range map[string]func() error{
		"check":     func() error { return db.Verify(ctx, func(finding string) { t.Error(finding) }) },
		"backup":    func() error { return db.Backup(ctx, path+".backup") },
		"links":     func() error { _, err := db.AllLinks(ctx, 0, 9); return err },
		"keywords":  func() error { _, err := db.Keywords(ctx, []click.LinkID{links[0].ID}); return err },
		"users":     func() error { _, err := db.ListUsers(ctx, "", 9); return err },
		"tokens":    func() error { _, err := db.CountTokens(ctx, 1); return err },
		"ids":       func() error { _, err := db.Links(ctx); return err },
		"progress":  func() error { _, err := db.Progress(ctx); return err },
		"deletions": func() error { _, err := db.Deletions(ctx, 9); return err },
		"import": func() error {
			_, err := db.ImportLinks(ctx, []store.ForeignLink{{Login: "ann", Hash: "i", LongURL: "http://a/"}})
			return err
		},
	} {
		if err := do(); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestSearchesReadOnlyTheIndex: a search that finds nothing reads no row of the table.
func TestSearchesReadOnlyTheIndex(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	db := open(t, filepath.Join(t.TempDir(), "links.db"))
	var links []store.ForeignLink
	for i := range 300 {
		links = append(links, store.ForeignLink{Login: "ann", Hash: click.Hash(fmt.Sprint("h", i)), LongURL: "http://a/"})
	}
	made, err := db.ImportLinks(ctx, links)
	if err != nil {
		t.Fatal(err)
	}
	yes := true
	for what, f := range map[string]store.LinkFilter{
		"words":                {Words: store.Words{Query: "zzzz", ExactDomain: "a", RootDomain: "a"}},
		"words, other's":       {Words: store.Words{Query: "zzzz", WithoutNotes: true}, Private: new(bool)},
		"no words":             {},
		"times, archived, all": {CreatedFrom: 1, CreatedTo: 2, ModifiedFrom: 1, Archived: &yes, Private: &yes},
	} {
		f.User = made[0].User
		query, args := sql.CountQuery(&f)
		_, lists, _, _ := db.Pools()
		rows, err := lists.QueryContext(ctx, `EXPLAIN QUERY PLAN `+query, args...)
		if err != nil {
			t.Fatal(err)
		}
		var plan []string
		for rows.Next() {
			var id, parent, unused int
			var step string
			if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
				t.Fatal(err)
			}
			plan = append(plan, step)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		if len(plan) != 1 || !strings.Contains(plan[0], "USING COVERING INDEX links_by_user (user_id=?") {
			t.Errorf("%s: the plan is %q", what, plan)
		}
	}
}

// TestSearchesEnd: a search ends with the error of its context, however much there is
// to read.
func TestSearchesEnd(t *testing.T) {
	t.Parallel()
	db := open(t, filepath.Join(t.TempDir(), "links.db"))
	var links []store.ForeignLink
	for i := range 1000 {
		links = append(links, store.ForeignLink{Login: "ann", Hash: click.Hash(fmt.Sprint("h", i)), LongURL: "http://a/"})
	}
	made, err := db.ImportLinks(t.Context(), links)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := db.ListLinks(ctx, store.LinkFilter{User: made[0].User, Limit: 9, Words: store.Words{Query: "zzzz"}}); err == nil {
		t.Error("a search went on after its caller had given up")
	}
}

// TestSchema6IsUpgraded: searches find links from before the upgrade, and keywords are
// found in any case.
func TestSchema6IsUpgraded(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "links.db")
	db := open(t, path)
	made, err := db.ImportLinks(ctx, []store.ForeignLink{
		{Login: "ann", Hash: "h", AggregateHash: "g", LongURL: "http://long.example/Ünlike", Created: 5},
		{Login: "ann", Hash: "i", AggregateHash: "k", LongURL: "http://other.example/", Created: 6, Domain: "sho.rt", Keyword: "Ünlike"},
	})
	if err != nil {
		t.Fatal(err)
	}
	note := "Noteworthy"
	if _, err := db.EditLink(ctx, made[1].ID, store.LinkEdit{Note: &note, Modified: 7}); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	// The database as schema 6 has it.
	old := raw(t, path)
	exec(t, old, `DELETE FROM schema_versions WHERE version >= 7;
		DROP INDEX keywords_by_folded; ALTER TABLE keywords DROP COLUMN keyword_folded;
		DROP TABLE progress; DROP TABLE lives; ALTER TABLE last_ids DROP COLUMN version;
		DROP INDEX links_by_user; DROP INDEX aggregates_whole; DROP TABLE sessions; DROP TABLE shares; DROP TABLE tags; DROP TABLE versions; DROP TABLE former_aggregates;
		ALTER TABLE links DROP COLUMN tags; ALTER TABLE links DROP COLUMN forward_query; ALTER TABLE links DROP COLUMN expires;
		ALTER TABLE links DROP COLUMN max_clicks; ALTER TABLE links DROP COLUMN expired_url;
		ALTER TABLE tokens DROP COLUMN name; ALTER TABLE tokens DROP COLUMN used; ALTER TABLE users DROP COLUMN admin; ALTER TABLE users DROP COLUMN disabled;
		CREATE INDEX links_by_user ON links (user_id, user_ts, id, created) WHERE user_id IS NOT NULL;
		CREATE INDEX links_whole ON links (id, aggregate_id, created, user_ts, modified, private, archived, title, note)`)
	db = open(t, path)
	if all := findings(t, db); len(all) > 0 {
		t.Errorf("the upgraded database: %q", all)
	}
	for query, want := range map[string]click.Hash{"üNLIKE": "h", "noteW": "i"} {
		links, all, err := db.ListLinks(ctx, store.LinkFilter{User: made[0].User, Limit: 9, Words: store.Words{Query: query}})
		if err != nil || all != 1 || len(links) != 1 || links[0].Hash != want {
			t.Errorf("%q finds %v, %d, %v", query, links, all, err)
		}
	}
	if l, err := db.LinkByKeyword(ctx, "sho.rt", "üNLIKE"); err != nil || l.Hash != "i" {
		t.Errorf("a keyword in another case finds %+v, %v", l, err)
	}
}
