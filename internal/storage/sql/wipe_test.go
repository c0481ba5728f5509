package sql_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// aWord is the pattern of the words in these tests.
var aWord = regexp.MustCompile(`W[0-9a-f]{12}W`)

// traces counts the words in the files of the database.
func traces(t *testing.T, path string, words []string) (found int) {
	t.Helper()
	files, err := filepath.Glob(path + "*")
	must(t, err)
	there := map[string]bool{}
	for _, name := range files {
		b, err := os.ReadFile(name)
		must(t, err)
		for _, w := range aWord.FindAll(b, -1) {
			there[string(w)] = true
		}
	}
	for _, w := range words {
		if there[w] {
			found++
		}
	}
	return found
}

// TestClean: whatever the history of a file, it has nothing left of what was deleted
// or replaced, and all that was not deleted stays unchanged.
func TestClean(t *testing.T) {
	t.Parallel()
	rng := seedtest.Rand(t)
	path := filepath.Join(t.TempDir(), "footfall.db")
	db := open(t, path)
	old := raw(t, path) // as old versions wrote: without secure_delete
	old.SetMaxOpenConns(1)
	exec(t, old, `PRAGMA secure_delete = OFF`)
	ctx := t.Context()

	var gone []string
	word := func() string { return fmt.Sprintf("W%012xW", rng.Uint64()>>16) }
	// Most texts fit into the page of the row, and some need overflow pages.
	text := func(w string) string {
		return strings.Repeat(w+" ", 1+rng.IntN(8)*rng.IntN(2)+rng.IntN(700)*(rng.IntN(12)/11))
	}
	type link struct {
		id                   click.LinkID
		title, note, longURL string // their words
		former               string // of former destinations
	}
	links := map[click.UserID][]link{}
	var users []click.UserID
	names := map[click.UserID]string{}
	for round := range 8 {
		for range 3 {
			w := word()
			u, err := db.AddUser(ctx, w, 1)
			must(t, err, db.SetFullName(ctx, u.ID, text(w)))
			users, names[u.ID] = append(users, u.ID), w
			var foreign []store.ForeignLink
			var made []link
			for range rng.IntN(60) {
				l := link{title: word(), note: word(), longURL: word()}
				foreign = append(foreign, store.ForeignLink{Login: w, Hash: click.Hash(word()), LongURL: "http://example.org/" + text(l.longURL), Created: int64(rng.IntN(1000))})
				made = append(made, l)
			}
			stored, err := db.ImportLinks(ctx, foreign)
			must(t, err)
			for i := range made {
				made[i].id = stored[i].ID
				title, note := text(made[i].title), text(made[i].note)
				_, err := db.EditLink(ctx, made[i].id, store.LinkEdit{Title: &title, Note: &note, Modified: 1})
				must(t, err)
			}
			links[u.ID] = made
		}
		for range 30 { // replace titles
			u := users[rng.IntN(len(users))]
			if len(links[u]) == 0 {
				continue
			}
			l := &links[u][rng.IntN(len(links[u]))]
			gone = append(gone, l.title)
			l.title = word()
			title := text(l.title)
			if rng.IntN(3) == 0 {
				_, err := old.Exec(`UPDATE links SET title = $1 WHERE id = $2`, title, l.id)
				must(t, err)
			} else {
				_, err := db.EditLink(ctx, l.id, store.LinkEdit{Title: &title, Modified: 2})
				must(t, err)
			}
		}
		for range 10 { // lead links elsewhere
			u := users[rng.IntN(len(users))]
			if len(links[u]) == 0 {
				continue
			}
			l := &links[u][rng.IntN(len(links[u]))]
			was := *l
			l.former, l.longURL = was.former+" "+was.longURL, word()
			longURL := "http://example.org/" + text(l.longURL)
			_, err := db.EditLink(ctx, l.id, store.LinkEdit{LongURL: &longURL, AggregateHash: click.Hash(word()), Modified: 3})
			must(t, err)
		}
		for range min(rng.IntN(5), len(users)-1) { // a user is left whose links are deleted below
			i := rng.IntN(len(users))
			u := users[i]
			users = append(users[:i], users[i+1:]...)
			_, err := db.DeleteUser(ctx, u)
			must(t, err)
			gone = append(gone, names[u])
			for _, l := range links[u] {
				gone = append(append(gone, l.title, l.note, l.longURL), strings.Fields(l.former)...)
			}
			delete(links, u)
		}
		for range rng.IntN(20) {
			u := users[rng.IntN(len(users))]
			if len(links[u]) == 0 {
				continue
			}
			l := links[u][0]
			links[u] = links[u][1:]
			_, err := db.DeleteLink(ctx, l.id)
			must(t, err)
			gone = append(append(gone, l.title, l.note, l.longURL), strings.Fields(l.former)...)
		}
		if round%3 == 1 {
			continue
		}
		before := traces(t, path, gone)
		must(t, db.Clean(ctx))
		if left := traces(t, path, gone); left > 0 {
			t.Fatalf("round %d: the file has %d of %d deleted words, and had %d before the deletion", round, left, len(gone), before)
		}
		if info, err := os.Stat(path + "-wal"); err != nil || info.Size() > 0 {
			t.Errorf("round %d: the write-ahead log has %d bytes, %v", round, info.Size(), err)
		}
		must(t, db.Verify(ctx, func(finding string) { t.Errorf("round %d: %s", round, finding) }))
		for _, u := range users {
			for _, l := range links[u] {
				if is, err := db.LinkByID(ctx, l.id); err != nil || !strings.Contains(is.Title, l.title) || !strings.Contains(is.Note, l.note) || !strings.Contains(is.LongURL, l.longURL) {
					t.Fatalf("round %d: link %d is %+v, %v", round, l.id, is, err)
				}
			}
		}
	}
	if len(gone) < 100 {
		t.Errorf("only %d words were deleted", len(gone))
	}
}

func must(t testing.TB, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// TestDirty: a file is dirty from a deletion until Cleaned, and an old file is dirty.
func TestDirty(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "footfall.db")
	ctx := context.Background()
	db := open(t, path)
	dirty := func() (bool, int64) {
		t.Helper()
		is, mark, err := db.Dirty(ctx)
		must(t, err)
		return is, mark
	}
	if is, _ := dirty(); is {
		t.Error("a new file is dirty")
	}
	exec(t, raw(t, path), `PRAGMA user_version = 0`)
	is, mark := dirty()
	if !is {
		t.Error("an old file is clean")
	}
	must(t, db.Cleaned(ctx, mark))
	if is, _ := dirty(); is {
		t.Error("a file that was cleaned is dirty")
	}
	delete := func(login string) {
		t.Helper()
		u, err := db.AddUser(ctx, login, 1)
		must(t, err)
		if is, _ := dirty(); is && login == "ann" {
			t.Error("adding a user makes the file dirty")
		}
		_, err = db.DeleteUser(ctx, u.ID)
		must(t, err)
	}
	delete("ann")
	is, mark = dirty()
	if !is {
		t.Error("after a deletion the file is clean")
	}
	delete("bob")
	must(t, db.Cleaned(ctx, mark))
	if is, _ = dirty(); !is {
		t.Error("after a deletion during Clean the file is clean")
	}
	copied := filepath.Join(t.TempDir(), "copy.db")
	must(t, db.Backup(ctx, copied))
	other := open(t, copied)
	if is, _, err := other.Dirty(ctx); err != nil || !is {
		t.Errorf("a copy of a dirty file is clean (%v)", err)
	}
}

// TestCleanWaits: Clean waits for readers of deleted rows, and other calls
// do not wait for it.
func TestCleanWaits(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "footfall.db")
	ctx := t.Context()
	db := open(t, path)
	u, err := db.AddUser(ctx, "W0123456789abW", 1)
	must(t, err)
	_, _, lists, _ := db.Pools()
	reading, err := lists.BeginTx(ctx, nil)
	must(t, err)
	var n int
	must(t, reading.QueryRow(`SELECT COUNT(*) FROM users`).Scan(&n))
	_, err = db.DeleteUser(ctx, u.ID)
	must(t, err)
	cleaned := make(chan error)
	go func() { cleaned <- db.Clean(ctx) }()
	for i := range 20 {
		_, err := db.AddUser(ctx, fmt.Sprintf("user%d", i), 1)
		must(t, err)
	}
	must(t, reading.Rollback(), <-cleaned)
	if traces(t, path, []string{"W0123456789abW"}) > 0 {
		t.Error("the login of a deleted user is still in the file")
	}
}
