package storetest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

func digestOf(n int) store.TokenDigest { return sha256.Sum256(fmt.Append(nil, n)) }

func userTokens(t *testing.T, s LinkStore) {
	ctx := context.Background()
	ann, bob := addUser(t, s, "ann", 1), addUser(t, s, "bob", 2)
	for n, u := range []store.User{ann, ann, bob} {
		if err := s.AddToken(ctx, store.Token{User: u.ID, Digest: digestOf(n), Created: 3}, 0); err != nil {
			t.Fatalf("a new token was not kept: %v", err)
		}
	}
	if err := s.AddToken(ctx, store.Token{User: ann.ID, Digest: store.TokenDigest{}, Created: 3}, 0); err != nil {
		t.Fatalf("a digest of zeros was not kept: %v", err)
	}
	for n, want := range []store.User{ann, ann, bob} {
		if u, err := s.UserByToken(ctx, digestOf(n)); err != nil || u != want {
			t.Errorf("token %d is not of %q, but of %+v, %v", n, want.Login, u, err)
		}
	}
	if u, err := s.UserByToken(ctx, digestOf(99)); !errors.Is(err, click.ErrNotFound) {
		t.Errorf("an unknown token gave %+v and %v, not click.ErrNotFound", u, err)
	}
	for _, u := range []click.UserID{ann.ID, bob.ID} {
		if err := s.AddToken(ctx, store.Token{User: u, Digest: digestOf(0), Created: 4}, 0); !errors.Is(err, click.ErrExists) {
			t.Errorf("a digest that is known gave %v, not click.ErrExists", err)
		}
	}
	if u, err := s.UserByToken(ctx, digestOf(0)); err != nil || u != ann {
		t.Errorf("a refused token changed its owner: %+v, %v", u, err)
	}
	for _, u := range []click.UserID{click.Nobody, bob.ID + 1, math.MaxUint64} {
		for _, n := range []int{0, 98} { // known and new
			if err := s.AddToken(ctx, store.Token{User: u, Digest: digestOf(n), Created: 4}, 0); !errors.Is(err, click.ErrNotFound) {
				t.Errorf("a token for an unknown user gave %v, not click.ErrNotFound", err)
			}
		}
	}
}

// wantTokens checks that, of the tokens up to n, the good ones find the user and the
// others do not.
func wantTokens(t *testing.T, s store.Users, rule string, u store.User, n int, good ...int) {
	t.Helper()
	isGood := map[int]bool{}
	for _, g := range good {
		isGood[g] = true
	}
	for i := range n {
		got, err := s.UserByToken(context.Background(), digestOf(i))
		if isGood[i] && (err != nil || got != u) || !isGood[i] && !errors.Is(err, click.ErrNotFound) {
			t.Errorf("%s: token %d is of %+v, %v", rule, i, got, err)
		}
	}
	if have, err := s.CountTokens(context.Background(), u.ID); err != nil || have != len(good) {
		t.Errorf("%s: the user has %d tokens (%v), want %d", rule, have, err, len(good))
	}
}

func userTokensRemoved(t *testing.T, s LinkStore) {
	ctx := context.Background()
	ann, bob := addUser(t, s, "ann", 1), addUser(t, s, "bob", 2)
	for n := range 3 {
		if err := s.AddToken(ctx, store.Token{User: ann.ID, Digest: digestOf(n), Created: 3}, 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.AddToken(ctx, store.Token{User: ann.ID, Digest: digestOf(3), Created: 3, Session: true}, 5); err != nil {
		t.Fatal(err)
	}
	if err := s.AddToken(ctx, store.Token{User: bob.ID, Digest: digestOf(90), Created: 3}, 0); err != nil {
		t.Fatal(err)
	}
	if err := s.RemoveToken(ctx, ann.ID, digestOf(1)); err != nil {
		t.Errorf("a token was not removed: %v", err)
	}
	wantTokens(t, s, "after one was removed", ann, 4, 0, 2, 3)
	for n, u := range map[int]click.UserID{1: ann.ID, 0: bob.ID, 90: ann.ID, 2: click.Nobody, 3: math.MaxUint64, 99: ann.ID} {
		if err := s.RemoveToken(ctx, u, digestOf(n)); !errors.Is(err, click.ErrNotFound) {
			t.Errorf("token %d, which user %d does not have, gave %v, not click.ErrNotFound", n, u, err)
		}
	}
	wantTokens(t, s, "after tokens that the user does not have were removed", ann, 4, 0, 2, 3)
	for _, want := range []int{3, 0} {
		if n, err := s.RemoveTokens(ctx, ann.ID); err != nil || n != want {
			t.Errorf("all tokens of a user: %d were removed (%v), want %d", n, err, want)
		}
		wantTokens(t, s, "after all were removed", ann, 4)
	}
	if u, err := s.UserByToken(ctx, digestOf(90)); err != nil || u != bob {
		t.Errorf("the token of another user was removed too: %+v, %v", u, err)
	}
	noUser(t, bob, func(u click.UserID) error { _, err := s.RemoveTokens(ctx, u); return err })
	if n, err := s.CountTokens(ctx, bob.ID+1); err != nil || n != 0 {
		t.Errorf("an unknown user has %d tokens, %v", n, err)
	}
	if err := s.AddToken(ctx, store.Token{User: ann.ID, Digest: digestOf(0), Created: 4}, 0); err != nil {
		t.Errorf("a removed token cannot be added again: %v", err)
	}
}

func userSessionTokens(t *testing.T, s LinkStore) {
	ctx := context.Background()
	ann, bob := addUser(t, s, "ann", 1), addUser(t, s, "bob", 2)
	add := func(n int, created int64, keep int) {
		t.Helper()
		if err := s.AddToken(ctx, store.Token{User: ann.ID, Digest: digestOf(n), Created: created, Session: true}, keep); err != nil {
			t.Fatalf("AddSessionToken: %v", err)
		}
	}
	for n := range 3 {
		if err := s.AddToken(ctx, store.Token{User: ann.ID, Digest: digestOf(n), Created: int64(n)}, 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.AddToken(ctx, store.Token{User: bob.ID, Digest: digestOf(90), Created: 1, Session: true}, 3); err != nil {
		t.Fatal(err)
	}
	add(3, 50, 3)
	add(4, 20, 3)
	add(5, 30, 3)
	wantTokens(t, s, "after as many session tokens as are kept", ann, 6, 0, 1, 2, 3, 4, 5)
	if err := s.AddToken(ctx, store.Token{User: ann.ID, Digest: digestOf(0), Created: 60, Session: true}, 3); !errors.Is(err, click.ErrExists) {
		t.Errorf("a digest that is known gave %v, not click.ErrExists", err)
	}
	wantTokens(t, s, "after a session token that was refused", ann, 6, 0, 1, 2, 3, 4, 5)
	add(6, 40, 3)
	wantTokens(t, s, "after one more, which replaces the oldest session token", ann, 7, 0, 1, 2, 3, 5, 6)
	add(7, 10, 3) // the clock was set back
	wantTokens(t, s, "after a token older than all others, which must stay", ann, 8, 0, 1, 2, 3, 6, 7)
	add(8, 70, 2)
	wantTokens(t, s, "after a lower keep", ann, 9, 0, 1, 2, 3, 8)
	add(9, 80, 0)
	wantTokens(t, s, "after a keep of 0, which keeps the new token", ann, 10, 0, 1, 2, 9)
	for i := range 20 { // of one second
		add(10+i, 90, 2)
		if u, err := s.UserByToken(ctx, digestOf(10+i)); err != nil || u != ann {
			t.Errorf("a new token was replaced by one of the same second: %+v, %v", u, err)
		}
	}
	if n, err := s.CountTokens(ctx, ann.ID); err != nil || n != 5 {
		t.Errorf("there are %d tokens (%v), want 5", n, err)
	}
	if u, err := s.UserByToken(ctx, digestOf(90)); err != nil || u != bob {
		t.Errorf("the token of another user was replaced: %+v, %v", u, err)
	}
	noUser(t, bob, func(u click.UserID) error {
		return s.AddToken(ctx, store.Token{User: u, Digest: digestOf(98), Created: 1, Session: true}, 1)
	})
}

func userTokenList(t *testing.T, s LinkStore) {
	ctx := context.Background()
	ann, bob := addUser(t, s, "ann", 1), addUser(t, s, "bob", 2)
	want := []store.Token{ // as they are listed
		{Digest: store.TokenDigest{9}, User: ann.ID, Created: 8, Name: "reports"},
		{Digest: store.TokenDigest{1}, User: ann.ID, Created: 5, Used: 7},
		{Digest: store.TokenDigest{2}, User: ann.ID, Created: 5, Name: "日本"},
		{Digest: store.TokenDigest{4}, User: ann.ID, Created: 90, Session: true, Name: "a program"},
		{Digest: store.TokenDigest{3}, User: ann.ID, Created: 80, Session: true},
	}
	for _, i := range []int{2, 4, 0, 1, 3} {
		if err := s.AddToken(ctx, want[i], 9); err != nil {
			t.Fatalf("a token with a name was not kept: %v", err)
		}
	}
	if err := s.AddToken(ctx, store.Token{User: bob.ID, Digest: digestOf(90), Created: 1}, 0); err != nil {
		t.Fatal(err)
	}
	list := func(rule string, limit int, want ...store.Token) {
		t.Helper()
		if got, err := s.ListTokens(ctx, ann.ID, limit); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: the tokens are %+v (%v), want %+v", rule, got, err, want)
		}
	}
	list("all", 9, want...)
	list("some", 4, want[:4]...)
	list("none", 0)
	list("fewer than none", -1)
	if err := s.TouchTokens(ctx, map[store.TokenDigest]int64{{9}: 20, {1}: 6, {4}: 30, digestOf(99): 40}); err != nil {
		t.Errorf("tokens were not touched: %v", err)
	}
	want[0].Used, want[3].Used = 20, 30 // that of 1 is later already
	list("after some were used", 9, want...)
	if err := s.TouchTokens(ctx, nil); err != nil {
		t.Errorf("no tokens were touched: %v", err)
	}
	if u, err := s.UserByToken(ctx, digestOf(99)); !errors.Is(err, click.ErrNotFound) {
		t.Errorf("touching an unknown token gave it to %+v, %v", u, err)
	}
	for _, name := range []string{"\xff", "a\x00b"} {
		if err := s.AddToken(ctx, store.Token{User: ann.ID, Digest: digestOf(91), Name: name}, 0); !errors.Is(err, store.ErrText) {
			t.Errorf("a token named %q gave %v, not store.ErrText", name, err)
		}
	}
	for _, u := range []click.UserID{click.Nobody, bob.ID + 1, math.MaxUint64} {
		if got, err := s.ListTokens(ctx, u, 9); err != nil || len(got) > 0 {
			t.Errorf("unknown user %d has the tokens %+v, %v", u, got, err)
		}
	}
}

func userKeyVersions(t *testing.T, s LinkStore) {
	ctx := context.Background()
	ann, bob := addUser(t, s, "ann", 1), addUser(t, s, "bob", 2)
	for _, version := range []int64{1, math.MaxInt64, 0, 7} {
		if err := s.SetKeyVersion(ctx, ann.ID, version); err != nil {
			t.Fatalf("a version of an apiKey was not set: %v", err)
		}
		ann.KeyVersion = version
		if u, err := s.UserByLogin(ctx, "ann"); err != nil || u != ann {
			t.Errorf("the user has another version than was set last: %+v, %v; want %+v", u, err, ann)
		}
	}
	noUser(t, bob, func(u click.UserID) error { return s.SetKeyVersion(ctx, u, 9) })
	if u, err := s.UserByID(ctx, bob.ID); err != nil || u != bob {
		t.Errorf("another user's version was set too: %+v, %v", u, err)
	}
}
