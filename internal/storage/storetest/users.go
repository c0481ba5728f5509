package storetest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

func addUser(t *testing.T, s store.Users, login string, created int64) store.User {
	t.Helper()
	u, err := s.AddUser(context.Background(), login, created)
	if err != nil {
		t.Fatalf("a new user, %q, was not made: %v", login, err)
	}
	return u
}

func userUnique(t *testing.T, s LinkStore) {
	ctx := context.Background()
	ann := addUser(t, s, "ann", 12)
	if ann.ID == click.Nobody || ann.Login != "ann" || ann.Created != 12 {
		t.Errorf("a new user has other fields than were given: %+v", ann)
	}
	if u, err := s.AddUser(ctx, "ann", 13); !errors.Is(err, click.ErrExists) {
		t.Errorf("a login that is taken gave %+v and %v, not click.ErrExists", u, err)
	}
	upper := addUser(t, s, "Ann", 14)
	for login, want := range map[string]store.User{"ann": ann, "Ann": upper} {
		u, err := s.UserByLogin(ctx, login)
		if err != nil || u != want {
			t.Errorf("login %q does not find its user: %+v, %v", login, u, err)
		}
		if u, err = s.UserByID(ctx, want.ID); err != nil || u != want {
			t.Errorf("id %d does not find its user: %+v, %v", want.ID, u, err)
		}
	}
	for _, login := range []string{"", "ANN", "ann ", "an_", "%", "\xff", "ann\x00"} {
		if u, err := s.UserByLogin(ctx, login); !errors.Is(err, click.ErrNotFound) {
			t.Errorf("an unknown login, %q, gave %+v and %v, not click.ErrNotFound", login, u, err)
		}
	}
	for _, id := range []click.UserID{click.Nobody, upper.ID + 1, math.MaxInt64 + 1, math.MaxUint64} {
		if u, err := s.UserByID(ctx, id); !errors.Is(err, click.ErrNotFound) {
			t.Errorf("an unknown id, %d, gave %+v and %v, not click.ErrNotFound", id, u, err)
		}
	}
}

func userImport(t *testing.T, s LinkStore) {
	ann := addUser(t, s, "ann", 12)
	got := importLinks(t, s, foreign("ann", "h", "g", "http://a/"), foreign("bob", "i", "g", "http://a/"))
	same(t, "an import did not find the existing user", got[0].User, ann.ID)
	bob, err := s.UserByLogin(context.Background(), "bob")
	if err != nil {
		t.Fatalf("an import did not make a new user: %v", err)
	}
	same(t, "a user that an import made has another Created than their first link", bob,
		store.User{ID: got[1].User, Login: "bob", Created: got[1].Created})
	if _, err := s.AddUser(context.Background(), "bob", 1); !errors.Is(err, click.ErrExists) {
		t.Errorf("a login that an import made can be made again: %v", err)
	}
}

func userList(t *testing.T, s LinkStore) {
	ctx := context.Background()
	logins := []string{"b", "a", "B", "Z", "_", "ab", "a b", "ä", "a\u0308", "é", "z", "日本", "🐾", "0", "10", "9", "~"}
	for i, login := range logins {
		addUser(t, s, login, int64(i))
	}
	slices.Sort(logins) // bytewise
	for _, limit := range []int{1, 2, 5, len(logins), 1000} {
		var got []string
		for after := ""; ; {
			page, err := s.ListUsers(ctx, after, limit)
			if err != nil {
				t.Fatalf("a page of users failed: %v", err)
			}
			if len(page) > limit {
				t.Fatalf("a page of at most %d users has %d", limit, len(page))
			}
			for _, u := range page {
				got = append(got, u.Login)
			}
			if len(page) < limit || len(got) > len(logins) {
				break
			}
			after = page[len(page)-1].Login
		}
		if !slices.Equal(got, logins) {
			t.Errorf("pages of %d do not list every user once in bytewise order:\n got %q\nwant %q", limit, got, logins)
		}
	}
	page, err := s.ListUsers(ctx, "a0", 1) // no login
	if err != nil || len(page) != 1 || page[0].Login != "ab" {
		t.Errorf("a page after an unknown login starts wrongly: %v, %v", page, err)
	}
	for _, limit := range []int{0, -1} {
		if page, err := s.ListUsers(ctx, "", limit); err != nil || len(page) != 0 {
			t.Errorf("limit %d lists users: %v, %v", limit, page, err)
		}
	}
}

func userIDs(t *testing.T, s LinkStore) {
	seen := map[click.UserID]bool{click.Nobody: true}
	take := func(id click.UserID) {
		if seen[id] {
			t.Errorf("user id %d was given twice", id)
		}
		seen[id] = true
	}
	for i := range 20 {
		take(addUser(t, s, fmt.Sprintf("made%d", i), 1).ID)
		if _, err := s.AddUser(context.Background(), "made0", 1); !errors.Is(err, click.ErrExists) {
			t.Fatalf("a login that is taken gave %v, not click.ErrExists", err)
		}
		n := fmt.Sprintf("%d", i)
		take(importLinks(t, s, foreign("imported"+n, "h"+n, "g"+n, "http://a/"))[0].User)
	}
}

func userConcurrency(t *testing.T, s LinkStore) {
	const workers = 8
	errs := make([]error, workers)
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() { _, errs[w] = s.AddUser(context.Background(), "ann", int64(w)) })
	}
	group.Wait()
	made := 0
	for w, err := range errs {
		if err == nil {
			made++
			u, err := s.UserByLogin(context.Background(), "ann")
			if err != nil || u.Created != int64(w) {
				t.Errorf("the user is not the one that the successful call returned: %+v, %v", u, err)
			}
		} else if !errors.Is(err, click.ErrExists) {
			t.Errorf("a concurrent call failed with %v, not click.ErrExists", err)
		}
	}
	same(t, "a login was not made exactly once", made, 1)
}
