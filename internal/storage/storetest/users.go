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

func usersImport(t *testing.T, s LinkStore) {
	ctx := context.Background()
	ann := addUser(t, s, "ann", 12)
	if err := s.ImportUsers(ctx, nil); err != nil {
		t.Errorf("no users could not be imported: %v", err)
	}
	list := []store.ForeignUser{
		{Login: "zoë", Created: -5, FullName: "Zoë Z."}, {Login: "ann", Created: 99, FullName: "Another Ann"},
		{Login: "bob", Created: 13}, {Login: "zoë", Created: 7, FullName: "A later Zoë"},
	}
	for i := range 200 { // more than one statement takes
		list = append(list, store.ForeignUser{Login: fmt.Sprintf("user%d", i), Created: int64(i), FullName: fmt.Sprint(i)})
	}
	for _, wrong := range []store.ForeignUser{{}, {Login: "\xff"}, {Login: "cid", FullName: "a\x00b"}} {
		if err := s.ImportUsers(ctx, append(slices.Clone(list), wrong)); !errors.Is(err, store.ErrText) {
			t.Errorf("importing %+v gave %v, not store.ErrText", wrong, err)
		}
		if u, err := s.UserByLogin(ctx, "zoë"); !errors.Is(err, click.ErrNotFound) {
			t.Fatalf("users before a wrong one were imported: %+v, %v", u, err)
		}
	}
	for range 2 { // the second time it changes nothing
		if err := s.ImportUsers(ctx, list); err != nil {
			t.Fatalf("users were not imported: %v", err)
		}
		last := ann.ID
		for i, want := range list {
			u, err := s.UserByLogin(ctx, want.Login)
			switch {
			case err != nil:
				t.Fatalf("%q was not imported: %v", want.Login, err)
			case want.Login == "ann":
				same(t, "an import changed an existing user", u, ann)
			case i == 3:
				same(t, "the second of two users with the same login counts", u.Created, list[0].Created)
			default:
				same(t, "an imported user has other fields than were given", u,
					store.User{ID: u.ID, Login: want.Login, Created: want.Created, FullName: want.FullName})
				if u.ID <= last {
					t.Fatalf("user %q has id %d after %d", want.Login, u.ID, last)
				}
				last = u.ID
			}
		}
	}
	if next := addUser(t, s, "next", 1); next.ID <= ann.ID+202 {
		t.Errorf("id %d was given to another user after an import", next.ID)
	}
}

func userLogins(t *testing.T, s LinkStore) {
	var ids []click.UserID
	var want []string
	for i, login := range oddTexts() {
		u := addUser(t, s, login, int64(i))
		ids = append(ids, u.ID, 0, u.ID, math.MaxUint64)
		want = append(want, login, "", login, "")
	}
	gone := addUser(t, s, "gone", 1)
	if _, err := s.DeleteUser(context.Background(), gone.ID); err != nil {
		t.Fatal(err)
	}
	ids, want = append(ids, gone.ID), append(want, "")
	for range 40 { // more than an engine may look up at once
		ids, want = append(ids, ids[:50]...), append(want, want[:50]...)
	}
	for _, n := range []int{0, 1, len(ids)} {
		got, err := s.Logins(context.Background(), ids[:n])
		sameOrder(t, fmt.Sprintf("Logins of %d ids", n), got, want[:n], err)
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
		if err := s.ImportUsers(context.Background(), []store.ForeignUser{{Login: "listed" + n}, {Login: "made0"}}); err != nil {
			t.Fatal(err)
		}
		listed, err := s.UserByLogin(context.Background(), "listed"+n)
		if err != nil {
			t.Fatal(err)
		}
		take(listed.ID)
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
