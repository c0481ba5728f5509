package storetest

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

func deletions(t *testing.T, s store.Links) []rollup.Scope {
	t.Helper()
	list, err := s.Deletions(context.Background(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(list, func(a, b rollup.Scope) int {
		if a.User != b.User {
			return int(a.User) - int(b.User)
		}
		return int(a.Link) - int(b.Link)
	})
	return list
}

func deleteLink(t *testing.T, s LinkStore) {
	ctx := context.Background()
	got := importLinks(t, s,
		named(foreign("ann", "h", "g", "http://a/"), "j.mp", "word"), foreign("bob", "i", "g", "http://a/"),
		named(foreign("ann", "h", "g", "http://a/"), "bit.ly", "word2"), named(foreign("bob", "i", "g", "http://a/"), "bit.ly", "word"))
	ann, bob := got[0], got[1]
	same(t, "the keyword of two links does not find the older link", linkByName(t, s, "", "word"), ann)
	r, err := s.DeleteLink(ctx, ann.ID)
	if want := (store.DeletedRows{Links: 1, Keywords: 2}); err != nil || r != want {
		t.Errorf("deleting a link removed %+v (%v), want %+v", r, err, want)
	}
	noLink(t, s, "", "h")
	noLink(t, s, "j.mp", "word2")
	same(t, "a keyword of a deleted link hides the same keyword of another link", linkByName(t, s, "j.mp", "word"), bob)
	same(t, "the aggregate link of a deleted link was deleted too, although another link has it", linkByName(t, s, "", "g").ID, bob.Aggregate)
	for name, err := range map[string]error{
		"DeleteLink again":           func() error { _, err := s.DeleteLink(ctx, ann.ID); return err }(),
		"DeleteLink of nothing":      func() error { _, err := s.DeleteLink(ctx, math.MaxUint64); return err }(),
		"DeleteLink of an aggregate": func() error { _, err := s.DeleteLink(ctx, bob.Aggregate); return err }(),
		"LinkByID":                   func() error { _, err := s.LinkByID(ctx, ann.ID); return err }(),
		"EditLink":                   func() error { _, err := s.EditLink(ctx, ann.ID, store.LinkEdit{}); return err }(),
		"LinkOfURL":                  func() error { _, err := s.LinkOfURL(ctx, ann.User, "http://a/"); return err }(),
	} {
		if !errors.Is(err, click.ErrNotFound) {
			t.Errorf("%s gave %v, not click.ErrNotFound", name, err)
		}
	}
	if links, all, err := s.ListLinks(ctx, store.LinkFilter{User: ann.User, Limit: 9}); err != nil || all != 0 || len(links) != 0 {
		t.Errorf("a deleted link is listed: %v of %d, %v", links, all, err)
	}
	if r, err = s.DeleteLink(ctx, bob.ID); err != nil || r != (store.DeletedRows{Links: 1, Keywords: 1, Aggregates: 1}) {
		t.Errorf("deleting the last link of an aggregate link removed %+v, %v", r, err)
	}
	noLink(t, s, "", "g")
	want := []rollup.Scope{{Link: bob.Aggregate}, {User: ann.User, Link: ann.ID}, {User: bob.User, Link: bob.ID}}
	if got := deletions(t, s); !slices.Equal(got, want) {
		t.Errorf("Deletions lists %v, want %v", got, want)
	}
	for limit, n := range map[int]int{-1: 0, 0: 0, 2: 2} {
		if list, err := s.Deletions(ctx, limit); err != nil || len(list) != n {
			t.Errorf("%d deletions with the limit %d, %v", len(list), limit, err)
		}
	}
	if err := s.FinishDeletions(ctx, append(want[1:], rollup.Scope{User: 77})); err != nil {
		t.Fatal(err)
	}
	if got := deletions(t, s); !slices.Equal(got, want[:1]) {
		t.Errorf("Deletions lists %v after FinishDeletions", got)
	}
	// Names may be used again, ids are not.
	made := makeLink(t, s, fresh(ann.User, "h", "g", "http://a/"), true)
	again := importLinks(t, s, named(foreign("ann", "i", "g2", "http://b/"), "j.mp", "word"))[0]
	for _, id := range []click.LinkID{ann.ID, ann.Aggregate, bob.ID} {
		for _, l := range []store.Link{made, again} {
			if l.ID == id || l.Aggregate == id {
				t.Errorf("id %d was used again: %+v", id, l)
			}
		}
	}
	same(t, "a keyword of a deleted link does not find its new link", linkByName(t, s, "j.mp", "word"), again)
}

func deleteUser(t *testing.T, s LinkStore) {
	ctx := context.Background()
	ann := addUser(t, s, "ann", 1)
	got := importLinks(t, s,
		named(foreign("ann", "a", "g1", "http://a/"), "j.mp", "word"), foreign("ann", "b", "g1", "http://a/"),
		foreign("ann", "c", "g2", "http://c/"), foreign("bob", "d", "g2", "http://c/"))
	for i, u := range []click.UserID{ann.ID, ann.ID, got[3].User} {
		if err := s.AddToken(ctx, store.Token{User: u, Digest: store.TokenDigest{byte(i + 1)}, Created: 1}, 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.SetPassword(ctx, ann.ID, "proof"); err != nil {
		t.Fatal(err)
	}
	r, err := s.DeleteUser(ctx, ann.ID)
	if want := (store.DeletedRows{Users: 1, Tokens: 2, Links: 3, Keywords: 1, Aggregates: 1}); err != nil || r != want {
		t.Errorf("deleting a user removed %+v (%v), want %+v", r, err, want)
	}
	for _, name := range []string{"a", "b", "c", "g1", "word"} {
		noLink(t, s, "j.mp", name)
	}
	same(t, "a link of another user was deleted too", linkByName(t, s, "", "d"), got[3])
	same(t, "an aggregate link of another user's link was deleted too", linkByName(t, s, "", "g2").ID, got[3].Aggregate)
	for name, err := range map[string]error{
		"UserByLogin": func() error { _, err := s.UserByLogin(ctx, "ann"); return err }(),
		"UserByID":    func() error { _, err := s.UserByID(ctx, ann.ID); return err }(),
		"UserByToken": func() error { _, err := s.UserByToken(ctx, store.TokenDigest{1}); return err }(),
		"Password":    func() error { _, err := s.Password(ctx, ann.ID); return err }(),
		"AddToken":    s.AddToken(ctx, store.Token{User: ann.ID, Digest: store.TokenDigest{9}, Created: 1}, 0),
		"again":       func() error { _, err := s.DeleteUser(ctx, ann.ID); return err }(),
		"no user":     func() error { _, err := s.DeleteUser(ctx, click.Nobody); return err }(),
		"too high":    func() error { _, err := s.DeleteUser(ctx, math.MaxUint64); return err }(),
	} {
		if !errors.Is(err, click.ErrNotFound) {
			t.Errorf("%s gave %v, not click.ErrNotFound", name, err)
		}
	}
	if u, err := s.UserByToken(ctx, store.TokenDigest{3}); err != nil || u.Login != "bob" {
		t.Errorf("a token of another user was deleted too: %+v, %v", u, err)
	}
	if users, err := s.ListUsers(ctx, "", 9); err != nil || len(users) != 1 {
		t.Errorf("users %v, %v", users, err)
	}
	if got, want := deletions(t, s), []rollup.Scope{{Link: got[0].Aggregate}, {User: ann.ID}}; !slices.Equal(got, want) {
		t.Errorf("Deletions lists %v, want %v", got, want)
	}
	if again := addUser(t, s, "ann", 5); again.ID == ann.ID || again != (store.User{ID: again.ID, Login: "ann", Created: 5}) {
		t.Errorf("a new user with the login of a deleted one is %+v", again)
	}
}
