package storetest

import (
	"context"
	"errors"
	"math"
	"sync"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

func userNames(t *testing.T, s LinkStore) {
	ctx := context.Background()
	ann, bob := addUser(t, s, "ann", 1), addUser(t, s, "bob", 2)
	if err := s.AddToken(ctx, store.Token{User: ann.ID, Digest: store.TokenDigest{1}, Created: 3}, 0); err != nil {
		t.Fatal(err)
	}
	for _, name := range append(oddTexts(), "") {
		if err := s.SetFullName(ctx, ann.ID, name); err != nil {
			t.Fatalf("a full name, %q, was not kept: %v", name, err)
		}
		ann.FullName = name
		byLogin, errLogin := s.UserByLogin(ctx, "ann")
		byID, errID := s.UserByID(ctx, ann.ID)
		byToken, errToken := s.UserByToken(ctx, store.TokenDigest{1})
		if err := errors.Join(errLogin, errID, errToken); err != nil {
			t.Fatal(err)
		}
		for _, u := range []store.User{byLogin, byID, byToken} {
			same(t, "a full name was not kept byte for byte", u, ann)
		}
	}
	for _, name := range []string{"\xff", "a\x00b"} {
		if err := s.SetFullName(ctx, bob.ID, name); !errors.Is(err, store.ErrText) {
			t.Errorf("SetFullName(%q) gave %v, not store.ErrText", name, err)
		}
	}
	noUser(t, bob, func(u click.UserID) error { return s.SetFullName(ctx, u, "name") })
	if u, err := s.UserByID(ctx, bob.ID); err != nil || u != bob {
		t.Errorf("SetFullName changed another user: %+v, %v", u, err)
	}
}

func userRoles(t *testing.T, s LinkStore) {
	ctx := context.Background()
	ann, bob := addUser(t, s, "ann", 1), addUser(t, s, "bob", 2)
	if err := errors.Join(s.AddToken(ctx, store.Token{User: ann.ID, Digest: digestOf(1)}, 0), s.AddSession(ctx, signedIn(ann, 2, 1), 1)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for _, role := range [][2]bool{{true, false}, {true, true}, {false, true}, {false, false}} {
			if err := errors.Join(s.SetAdmin(ctx, ann.ID, role[0]), s.SetDisabled(ctx, ann.ID, role[1])); err != nil {
				t.Fatalf("a role was not set: %v", err)
			}
			ann.Admin, ann.Disabled = role[0], role[1]
			byLogin, errLogin := s.UserByLogin(ctx, "ann")
			byID, errID := s.UserByID(ctx, ann.ID)
			byToken, errToken := s.UserByToken(ctx, digestOf(1))
			_, bySession, errSession := s.Session(ctx, store.SignedIn, digestOf(2))
			list, errList := s.ListUsers(ctx, "", 1)
			if err := errors.Join(errLogin, errID, errToken, errSession, errList); err != nil || len(list) != 1 {
				t.Fatalf("a user with a role is not found: %v, %v", list, err)
			}
			for _, u := range []store.User{byLogin, byID, byToken, bySession, list[0]} {
				same(t, "a role is not the one set last", u, ann)
			}
		}
	}
	noUser(t, bob, func(u click.UserID) error { return s.SetAdmin(ctx, u, true) })
	noUser(t, bob, func(u click.UserID) error { return s.SetDisabled(ctx, u, true) })
	if u, err := s.UserByID(ctx, bob.ID); err != nil || u != bob {
		t.Errorf("another user got a role too: %+v, %v", u, err)
	}
}

// noUser looks up users that do not exist; newest is the last one made.
func noUser(t *testing.T, newest store.User, ask func(click.UserID) error) {
	t.Helper()
	for _, u := range []click.UserID{click.Nobody, newest.ID + 1, math.MaxInt64 + 1, math.MaxUint64} {
		if err := ask(u); !errors.Is(err, click.ErrNotFound) {
			t.Errorf("unknown user %d gave %v, not click.ErrNotFound", u, err)
		}
	}
}

func userPasswords(t *testing.T, s LinkStore) {
	ctx := context.Background()
	ann, bob := addUser(t, s, "ann", 1), addUser(t, s, "bob", 2)
	read := func(u click.UserID) error {
		_, err := s.Password(ctx, u)
		return err
	}
	if err := read(ann.ID); !errors.Is(err, click.ErrNotFound) {
		t.Errorf("a password that was never set gave %v, not click.ErrNotFound", err)
	}
	for _, proof := range []string{"$2a$12$abc", "another", "日本"} {
		if err := s.SetPassword(ctx, ann.ID, proof); err != nil {
			t.Fatalf("a password was not set: %v", err)
		}
		if got, err := s.Password(ctx, ann.ID); err != nil || got != proof {
			t.Errorf("the last password set is not kept: %q, %v; want %q", got, err, proof)
		}
	}
	for _, proof := range []string{"", "\xff", "a\x00b"} {
		if err := s.SetPassword(ctx, ann.ID, proof); !errors.Is(err, store.ErrText) {
			t.Errorf("a proof that cannot be kept, %q, gave %v, not store.ErrText", proof, err)
		}
	}
	if got, err := s.Password(ctx, ann.ID); err != nil || got != "日本" {
		t.Errorf("a refused password changed the one that was set: %q, %v", got, err)
	}
	if err := read(bob.ID); !errors.Is(err, click.ErrNotFound) {
		t.Errorf("another user's password was set too: %v", err)
	}
	noUser(t, bob, func(u click.UserID) error { return s.SetPassword(ctx, u, "x") })
	noUser(t, bob, read)
}

func userSecret(t *testing.T, s LinkStore) {
	const workers = 8
	var group sync.WaitGroup
	var got [workers][32]byte
	for w := range workers {
		group.Go(func() {
			var err error
			if got[w], err = s.Secret(context.Background(), [32]byte{byte(w + 1), 31: 0xff}); err != nil {
				t.Errorf("a secret was not kept: %v", err)
			}
		})
	}
	group.Wait()
	if got[0][31] != 0xff {
		t.Errorf("the secret is not one that was offered: %x", got[0])
	}
	for _, later := range got {
		same(t, "two calls returned different secrets", later, got[0])
	}
	again, err := s.Secret(context.Background(), [32]byte{99})
	if err != nil || again != got[0] {
		t.Errorf("a later offer changed the secret: %x, %v; want %x", again, err, got[0])
	}
}
