package auth_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/auth"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/storage/storetest"
)

// slow calls meanwhile after it has an answer, and before it returns it.
type slow struct {
	store.Users
	meanwhile func()
}

func (s *slow) UserByToken(ctx context.Context, d store.TokenDigest) (store.User, error) {
	u, err := s.Users.UserByToken(ctx, d)
	s.meanwhile()
	return u, err
}

func (s *slow) UserByLogin(ctx context.Context, login string) (store.User, error) {
	u, err := s.Users.UserByLogin(ctx, login)
	s.meanwhile()
	return u, err
}

// TestRevokeDuringLookup: an answer of the store is not cached if the token was
// revoked before the answer arrived.
func TestRevokeDuringLookup(t *testing.T) {
	for name, remove := range map[string]func(*testing.T, *auth.Auth, store.Users, store.User, string){
		"the user is deleted": func(t *testing.T, a *auth.Auth, users store.Users, u store.User, _ string) {
			if _, err := users.DeleteUser(t.Context(), u.ID); err != nil {
				t.Fatal(err)
			}
			a.Forget(u.ID)
		},
		"the token is revoked": func(t *testing.T, a *auth.Auth, _ store.Users, u store.User, token string) {
			if err := a.Revoke(t.Context(), u, token); err != nil {
				t.Fatal(err)
			}
		},
		"all tokens are revoked": func(t *testing.T, a *auth.Auth, _ store.Users, u store.User, _ string) {
			if n, err := a.RevokeAll(t.Context(), u); err != nil || n != 1 {
				t.Fatal(n, err)
			}
		},
	} {
		users := &slow{Users: storetest.NewMemoryLinks(), meanwhile: func() {}}
		a := auth.New(users, func() time.Time { return time.Unix(1e9, 0) })
		ann, err := users.AddUser(t.Context(), "ann", 1)
		if err != nil {
			t.Fatal(err)
		}
		token, err := auth.Issue(t.Context(), users, "ann", "", time.Unix(1e9, 0))
		if err != nil {
			t.Fatal(err)
		}
		users.meanwhile = func() {
			users.meanwhile = func() {}
			remove(t, a, users.Users, ann, token)
		}
		if u, err := a.User(t.Context(), token); err != nil || u != ann { // it was good when it was asked about
			t.Errorf("%s: %+v, %v", name, u, err)
		}
		if u, err := a.User(t.Context(), token); !errors.Is(err, click.ErrNotFound) || a.Known(token) {
			t.Errorf("%s: the token is still valid: %+v, %v, known %v", name, u, err, a.Known(token))
		}
	}
}

func TestNewKeyDuringLookup(t *testing.T) {
	users := &slow{Users: storetest.NewMemoryLinks(), meanwhile: func() {}}
	a := auth.New(users, time.Now)
	ann, err := users.AddUser(t.Context(), "ann", 1)
	if err != nil {
		t.Fatal(err)
	}
	key := apiKey(t, a, ann)
	users.meanwhile = func() {
		users.meanwhile = func() {}
		if _, err := a.NewKey(t.Context(), ann); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := a.UserByKey(t.Context(), "ann", key); err != nil {
		t.Errorf("an apiKey that was valid when the call began: %v", err)
	}
	if _, err := a.UserByKey(t.Context(), "ann", key); !errors.Is(err, auth.ErrKey) {
		t.Errorf("an apiKey that was replaced: %v", err)
	}
}

// TestRevoke revokes tokens that are cached, and no others.
func TestRevoke(t *testing.T) {
	h := newFixture()
	ann, bob := h.user(t, "ann"), h.user(t, "bob")
	first, second, third, other := h.token(t, "ann"), h.token(t, "ann"), h.token(t, "ann"), h.token(t, "bob")
	good := func(u store.User, tokens ...string) {
		t.Helper()
		for _, token := range tokens {
			h.want(t, token, u)
			if !h.auth.Known(token) {
				t.Error("a valid token is not known")
			}
		}
	}
	bad := func(tokens ...string) {
		t.Helper()
		for _, token := range tokens {
			if u, err := h.auth.User(t.Context(), token); !errors.Is(err, click.ErrNotFound) || h.auth.Known(token) {
				t.Errorf("a revoked token is of %+v, %v; known %v", u, err, h.auth.Known(token))
			}
		}
	}
	good(ann, first, second, third)
	good(bob, other)
	if err := h.auth.Revoke(t.Context(), ann, second); err != nil {
		t.Fatal(err)
	}
	bad(second)
	for _, token := range []string{second, other, "", "nonsense", strings.ToUpper(first)} {
		if err := h.auth.Revoke(t.Context(), ann, token); !errors.Is(err, click.ErrNotFound) {
			t.Errorf("revoking a token of another user: %v", err)
		}
	}
	good(ann, first, third)
	asked := h.users.asked
	good(bob, other)
	if h.users.asked != asked {
		t.Error("the token of another user is no longer known")
	}
	for _, want := range []int{2, 0} {
		if n, err := h.auth.RevokeAll(t.Context(), ann); err != nil || n != want {
			t.Errorf("%d tokens were revoked (%v), want %d", n, err, want)
		}
		bad(first, second, third)
	}
	good(bob, other)
	if _, err := h.auth.RevokeAll(t.Context(), store.User{ID: 99}); !errors.Is(err, click.ErrNotFound) {
		t.Errorf("revoking tokens of an unknown user: %v", err)
	}
}

// TestKnown: a token is known if it was valid when it was checked last, however long ago.
func TestKnown(t *testing.T) {
	h := newFixture()
	ann := h.user(t, "ann")
	token, key := h.token(t, "ann"), apiKey(t, h.auth, ann)
	known := func(rule string, want bool) {
		t.Helper()
		if h.auth.Known(token) != want || h.auth.KnownKey("ann", key) != want {
			t.Errorf("%s: the token is known %v, the apiKey %v; want %v", rule, h.auth.Known(token), h.auth.KnownKey("ann", key), want)
		}
	}
	known("never looked at", false)
	look := func() (errToken, errKey error) {
		_, errToken = h.auth.User(t.Context(), token)
		_, errKey = h.auth.UserByKey(t.Context(), "ann", key)
		return errToken, errKey
	}
	look()
	known("looked at", true)
	h.now = h.now.Add(24 * time.Hour)
	known("a day later", true)
	if h.auth.KnownKey("bob", key) || h.auth.KnownKey("ann", key+"0") || h.auth.KnownKey("", "ann\x00"+key) || h.auth.Known("") {
		t.Error("a wrong token or apiKey is known")
	}
	h.users.err = click.ErrUnavailable
	look()
	known("while the store is away", true)
	h.users.err = nil
	if err := h.users.RemoveToken(t.Context(), ann.ID, auth.Digest(token)); err != nil { // as another process would
		t.Fatal(err)
	}
	if err := h.users.SetKeyVersion(t.Context(), ann.ID, 9); err != nil {
		t.Fatal(err)
	}
	h.now = h.now.Add(auth.CacheAge)
	if errToken, errKey := look(); !errors.Is(errToken, click.ErrNotFound) || !errors.Is(errKey, auth.ErrKey) {
		t.Errorf("a token and an apiKey that were revoked a while ago: %v, %v", errToken, errKey)
	}
	known("found to be wrong", false)
}

// TestNewKey: the last apiKey is no longer valid, and the next one cannot be computed from
// it and the secret.
func TestNewKey(t *testing.T) {
	h := newFixture()
	ann, bob := h.user(t, "ann"), h.user(t, "bob")
	keys := []string{apiKey(t, h.auth, ann)}
	other := apiKey(t, h.auth, bob)
	for range 3 {
		if _, err := h.auth.UserByKey(t.Context(), "ann", keys[len(keys)-1]); err != nil {
			t.Error(err)
		}
		key, err := h.auth.NewKey(t.Context(), ann)
		if err != nil {
			t.Fatal(err)
		}
		for _, old := range keys {
			if _, err := h.auth.UserByKey(t.Context(), "ann", old); !errors.Is(err, auth.ErrKey) || old == key {
				t.Errorf("an apiKey that was replaced: %v", err)
			}
		}
		keys = append(keys, key)
		u, err := h.auth.UserByKey(t.Context(), "ann", key)
		if err != nil || u.ID != ann.ID || apiKey(t, h.auth, u) != key {
			t.Errorf("the new apiKey is of %+v, %v", u, err)
		}
		if u.KeyVersion < 1<<20 { // as a good draw is once in 8,796,093,022,208 times
			t.Errorf("the version %d can be guessed", u.KeyVersion)
		}
	}
	if _, err := h.auth.UserByKey(t.Context(), "bob", other); err != nil {
		t.Errorf("another user's apiKey: %v", err)
	}
	if key, err := h.auth.NewKey(t.Context(), store.User{ID: 99}); !errors.Is(err, click.ErrNotFound) || key != "" {
		t.Errorf("an apiKey for an unknown user: %q, %v", key, err)
	}
}

// TestSessionTokensAreReplaced: a session token too many replaces the oldest one, and no
// token that the operator added.
func TestSessionTokensAreReplaced(t *testing.T) {
	h := newFixture()
	ann := h.user(t, "ann")
	stays := h.token(t, "ann")
	var first, second string
	for i := range auth.MaxSessionTokens + 1 {
		token, err := h.auth.Issue(t.Context(), ann, "")
		if err != nil {
			t.Fatal(err)
		}
		h.now = h.now.Add(time.Second)
		switch i {
		case 0:
			first = token
		case 1:
			second = token
		}
	}
	h.want(t, stays, ann)
	h.want(t, second, ann)
	if u, err := h.auth.User(t.Context(), first); !errors.Is(err, click.ErrNotFound) {
		t.Errorf("the first of %d session tokens is still valid, for %+v, %v", auth.MaxSessionTokens+1, u, err)
	}
	if n, err := h.users.CountTokens(t.Context(), ann.ID); err != nil || n != auth.MaxSessionTokens+1 {
		t.Errorf("the user has %d tokens, %v; want %d", n, err, auth.MaxSessionTokens+1)
	}
}
