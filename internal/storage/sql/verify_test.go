package sql_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/storage/sql"
	"github.com/footfall/footfall/internal/storage/store"
)

// findings is the reports of Verify.
func findings(t *testing.T, db interface {
	Verify(context.Context, func(string)) error
}) (all []string) {
	t.Helper()
	if err := db.Verify(context.Background(), func(finding string) { all = append(all, finding) }); err != nil {
		t.Fatal(err)
	}
	return all
}

// TestVerify changes one value without its index entries, as a bad disk could: Verify
// reports each, and nothing else.
func TestVerify(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	made := filepath.Join(t.TempDir(), "made.db")
	db := open(t, made)
	links, err := db.ImportLinks(ctx, []store.ForeignLink{
		{Login: "ann", Hash: "hash1", AggregateHash: "hash2", LongURL: "http://long.example/", Created: 1_360_000_000, Domain: "sho.rt", Keyword: "keyword1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.EditLink(ctx, links[0].ID, store.LinkEdit{
		Tags: new(store.Tags("tag12")), Expires: new(int64(1_400_000_000)), MaxClicks: new(int64(1_410_000_000)), ExpiredURL: new("http://expired.example/"),
		LongURL: new("http://later.example/"), AggregateHash: "hash3", Modified: 1_420_000_000,
	}); err != nil {
		t.Fatal(err)
	}
	if err := db.AddToken(ctx, store.Token{User: links[0].User, Digest: store.TokenDigest{7}, Created: 1_370_000_000}, 0); err != nil {
		t.Fatal(err)
	}
	writer := raw(t, made)
	exec(t, writer, `UPDATE links SET title = 'title1', note = 'note12', modified = 1380000000, user_ts = 1390000000;
		UPDATE users SET full_name = 'full12', password = 'pass12', created = 1350000000, key_version = 1340000000;
		INSERT INTO installation VALUES (1, 'secret12')`)
	// No remains of old rows, and of rows that moved to other pages.
	exec(t, writer, `VACUUM`)
	if err := db.Clean(ctx); err != nil {
		t.Fatal(err)
	}
	exec(t, writer, `PRAGMA wal_checkpoint(TRUNCATE)`)
	if all := findings(t, db); len(all) > 0 {
		t.Fatalf("Verify of a good database reports %q", all)
	}
	whole, err := os.ReadFile(made)
	if err != nil {
		t.Fatal(err)
	}
	seconds := func(n int) string { return string([]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}) }
	for _, value := range []string{
		"ann", "hash1", "hash2", "http://long.example/", "sho.rt", "keyword1", "title1", "note12", "full12", "pass12", "secret12",
		"0700000000", seconds(1_350_000_000), seconds(1_340_000_000), seconds(1_360_000_000), seconds(1_370_000_000), seconds(1_380_000_000), seconds(1_390_000_000),
		"hash3", "tag12", "http://expired.example/", "http://later.example/", seconds(1_400_000_000), seconds(1_410_000_000), seconds(1_420_000_000),
		"UNIQUE", "TEXT",
	} {
		places := 0
		for at := 0; ; places++ {
			i := strings.Index(string(whole[at:]), value)
			if i < 0 {
				break
			}
			at += i + len(value)
			damaged := append([]byte(nil), whole...)
			damaged[at-1] ^= 1
			path := filepath.Join(t.TempDir(), fmt.Sprint(places))
			if err := os.WriteFile(path, damaged, 0o600); err != nil {
				t.Fatal(err)
			}
			db, err := sql.Open(ctx, path)
			if err != nil {
				continue // refused
			}
			if all := findings(t, db); len(all) == 0 {
				t.Errorf("Verify does not report that %q was changed at byte %d", value, at-1)
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		}
		if places == 0 {
			t.Errorf("%q is not in the file, so the test proves nothing", value)
		}
	}
}

// TestVerifyIDs: an id that would be used again is reported.
func TestVerifyIDs(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "links.db")
	db := open(t, path)
	if _, err := db.ImportLinks(context.Background(), []store.ForeignLink{{Login: "ann", Hash: "h", LongURL: "http://a/"}}); err != nil {
		t.Fatal(err)
	}
	exec(t, raw(t, path), `UPDATE last_ids SET link_id = link_id - 1`)
	if all := findings(t, db); len(all) != 1 || !strings.Contains(all[0], "last_ids is lower") {
		t.Errorf("of ids that would be used again Verify reports %q", all)
	}
	exec(t, raw(t, path), `DELETE FROM last_ids`)
	if all := findings(t, db); len(all) != 1 || !strings.Contains(all[0], "0 rows") {
		t.Errorf("ids of deleted rows are reported: %q", all)
	}
}

// TestVerifyKeywords: a folded name that does not match its keyword is reported.
func TestVerifyKeywords(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "links.db")
	db := open(t, path)
	_, err := db.ImportLinks(context.Background(), []store.ForeignLink{{Login: "ann", Hash: "h", LongURL: "http://a/", Keyword: "Sale"}})
	if err != nil {
		t.Fatal(err)
	}
	if all := findings(t, db); len(all) != 0 {
		t.Errorf("of a keyword of every domain Verify reports %q", all)
	}
	exec(t, raw(t, path), `UPDATE keywords SET keyword_folded = 'sale'`)
	if all := findings(t, db); len(all) != 1 || !strings.Contains(all[0], "folded name of keyword 1") {
		t.Errorf("of a wrong folded name Verify reports %q", all)
	}
}
