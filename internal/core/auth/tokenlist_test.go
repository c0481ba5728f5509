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

// touched counts how often last uses are written. If err is set, they are not.
type touched struct {
	store.Users
	times int
	err   error
}

func (c *touched) TouchTokens(ctx context.Context, used map[store.TokenDigest]int64) error {
	if c.times++; c.err != nil {
		return c.err
	}
	return c.Users.TouchTokens(ctx, used)
}

// tokenNames are the names of the tokens of ann, and their last uses.
func tokensOf(t *testing.T, a *auth.Auth, u store.User) map[string]auth.Token {
	t.Helper()
	list, all, err := a.Tokens(t.Context(), u)
	if err != nil || all != len(list) {
		t.Fatalf("the list has %d of %d tokens (%v)", len(list), all, err)
	}
	names := map[string]auth.Token{}
	for _, token := range list {
		names[token.Name] = token
	}
	return names
}

// TestLastUses: a token that is used is not written by each use, and its list shows the use at
// once. A write that fails is repeated.
func TestLastUses(t *testing.T) {
	now := time.Unix(1e9, 0)
	users := &touched{Users: storetest.NewMemoryLinks()}
	a := auth.New(users, func() time.Time { return now })
	ann, err := users.AddUser(t.Context(), "ann", 1)
	if err != nil {
		t.Fatal(err)
	}
	token, err := a.NewToken(t.Context(), ann, "reports")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.NewToken(t.Context(), ann, "never"); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		now = now.Add(time.Second)
		if _, err := a.User(t.Context(), token); err != nil {
			t.Fatal(err)
		}
	}
	want := func(rule string, a *auth.Auth, used int64) {
		t.Helper()
		got := tokensOf(t, a, ann)
		if got["reports"].Used != used || got["reports"].Created != 1e9 || got["never"].Used != 0 || len(got) != 2 {
			t.Errorf("%s: the tokens are %+v", rule, got)
		}
	}
	other := auth.New(users, func() time.Time { return now }) // another server
	want("before a write, here", a, 1e9+100)
	want("before a write, elsewhere", other, 0)
	if users.times != 0 {
		t.Errorf("100 uses were written %d times", users.times)
	}
	users.err = click.ErrUnavailable
	if err := a.WriteUses(t.Context()); !errors.Is(err, click.ErrUnavailable) {
		t.Errorf("a write that fails gave %v", err)
	}
	users.err = nil
	for range 2 {
		if err := a.WriteUses(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if users.times != 2 {
		t.Errorf("the uses were written %d times, want 2: one that failed, and one", users.times)
	}
	want("after the write, elsewhere", other, 1e9+100)
	now = now.Add(time.Hour)
	if _, err := a.User(t.Context(), "k"+strings.Repeat("0", 64)); !errors.Is(err, click.ErrNotFound) {
		t.Errorf("an unknown token gave %v", err)
	}
	want("without a new use", a, 1e9+100)
	if err := a.WriteUses(t.Context()); err != nil || users.times != 2 {
		t.Errorf("an unknown token was written (%v)", err)
	}
}

// TestManyUses: the last uses of many tokens are written in parts.
func TestManyUses(t *testing.T) {
	users := &touched{Users: storetest.NewMemoryLinks()}
	a := auth.New(users, func() time.Time { return time.Unix(1e9, 0) })
	ann, err := users.AddUser(t.Context(), "ann", 1)
	if err != nil {
		t.Fatal(err)
	}
	const all = 1100
	for range all {
		token, err := a.NewToken(t.Context(), ann, "")
		if err == nil {
			_, err = a.User(t.Context(), token)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := a.WriteUses(t.Context()); err != nil || users.times != 3 {
		t.Errorf("the uses were written %d times (%v), want 3", users.times, err)
	}
	kept, err := users.ListTokens(t.Context(), ann.ID, 2*all)
	if err != nil || len(kept) != all {
		t.Fatalf("%d tokens (%v)", len(kept), err)
	}
	for _, token := range kept {
		if token.Used != 1e9 {
			t.Fatalf("a token was used at %d", token.Used)
		}
	}
	if list, n, err := a.Tokens(t.Context(), ann); err != nil || n != all || len(list) >= all {
		t.Errorf("%d of %d tokens are listed (%v)", len(list), n, err)
	}
}

// TestTokenNames: names that cannot be kept are refused; of a program, they are left out.
func TestTokenNames(t *testing.T) {
	h := newFixture()
	ann, bob := h.user(t, "ann"), h.user(t, "bob")
	long := strings.Repeat("n", auth.MaxTokenName)
	for _, name := range []string{long + "n", "a\nb", "\xff", "\x00", "a\x7f"} {
		if token, err := h.auth.NewToken(t.Context(), ann, name); !errors.Is(err, auth.ErrTokenName) || token != "" {
			t.Errorf("a token named %q gave %v", name, err)
		}
		if token, err := auth.Issue(t.Context(), h.users, "ann", name, h.now); !errors.Is(err, auth.ErrTokenName) || token != "" {
			t.Errorf("a token named %q gave %v", name, err)
		}
	}
	for program, want := range map[string]string{"curl/8.5": "curl/8.5", "a\nb": "", long + "more": long, long[1:] + "ü": long[1:], "\x00": ""} {
		token, err := h.auth.Issue(t.Context(), ann, program)
		if err != nil {
			t.Fatal(err)
		}
		got := tokensOf(t, h.auth, ann)
		if s, ok := got[want]; !ok || !s.Session || len(got) != 1 {
			t.Errorf("the token of the program %q is listed as %+v, want the name %q", program, got, want)
		}
		if err := h.auth.RevokeID(t.Context(), bob, got[want].ID); !errors.Is(err, click.ErrNotFound) {
			t.Errorf("somebody else revoked a token: %v", err)
		}
		h.want(t, token, ann)
		if err := h.auth.RevokeID(t.Context(), ann, got[want].ID); err != nil {
			t.Error(err)
		}
		if _, err := h.auth.User(t.Context(), token); !errors.Is(err, click.ErrNotFound) || h.auth.Known(token) {
			t.Errorf("a revoked token gave %v", err)
		}
	}
}
