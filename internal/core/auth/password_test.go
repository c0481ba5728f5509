package auth_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/auth"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/storage/storetest"
)

const password = "correct horse: batterie ä 🐾"

// locked is an Auth over two users: ann has a password, bob has none.
type locked struct {
	users    *faulty
	now      time.Time
	auth     *auth.Auth
	ann, bob store.User
}

func newLocked(t *testing.T) *locked {
	t.Helper()
	h := &locked{users: &faulty{Users: storetest.NewMemoryLinks()}, now: time.Unix(1331822918, 0)}
	h.auth = auth.WithCost(h.users, func() time.Time { return h.now }, bcrypt.MinCost)
	for login, u := range map[string]*store.User{"ann": &h.ann, "bob": &h.bob} {
		var err error
		if *u, err = h.users.AddUser(t.Context(), login, 1); err != nil {
			t.Fatal(err)
		}
	}
	h.set(t, password)
	return h
}

// set sets ann's password.
func (h *locked) set(t *testing.T, password string) {
	t.Helper()
	if err := h.auth.SetPassword(t.Context(), "ann", password); err != nil {
		t.Fatal(err)
	}
}

// try checks a password and wants an error, or the user ann.
func (h *locked) try(t *testing.T, login, password string, want error) {
	t.Helper()
	h.tryFrom(t, "here", login, password, want)
}

func (h *locked) tryFrom(t *testing.T, from, login, password string, want error) {
	t.Helper()
	u, err := h.auth.UserByPassword(t.Context(), from, login, password)
	if !errors.Is(err, want) || (err == nil) != (u == h.ann) || (err != nil && u != store.User{}) {
		t.Errorf("login %q with %q: %+v, %v; want %v", login, password, u, err, want)
	}
}

func TestValidPassword(t *testing.T) {
	for _, c := range []struct {
		password string
		valid    bool
	}{
		{password, true}, {"12345678", true}, {"        ", true}, {"äöüß", true}, {"\u202eabcde", true},
		{strings.Repeat("x", 72), true}, {strings.Repeat("ü", 36), true},
		{"", false}, {"1234567", false}, {strings.Repeat("x", 73), false}, {strings.Repeat("ü", 36) + "x", false},
		{"1234567\n", false}, {"1234567\x00", false}, {"1234567\x7f", false}, {"1234567\u0085", false}, {"\t1234567", false},
		{"1234567\xff", false}, {"12345\xed\xa0\x80", false},
	} {
		if err := auth.ValidPassword(c.password); (err == nil) != c.valid || (err != nil && !errors.Is(err, auth.ErrPasswordForm)) {
			t.Errorf("%q: %v, want valid=%v", c.password, err, c.valid)
		}
	}
}

func TestUserByPassword(t *testing.T) {
	h := newLocked(t)
	h.try(t, "ann", password, nil)
	h.try(t, "ann", password+"x", auth.ErrPassword)
	h.try(t, "ann", strings.ToUpper(password), auth.ErrPassword)
	h.try(t, "ann", "", auth.ErrPassword)
	h.try(t, "bob", password, auth.ErrPassword) // has none
	for _, login := range []string{"", "Ann", "nobody", "ann\x00", "\xff", strings.Repeat("a", 1<<20)} {
		h.try(t, login, password, auth.ErrUnknownLogin)
	}
}

// TestLongPasswords: bcrypt reads 72 bytes only, so it would accept a longer text that
// begins with the password.
func TestLongPasswords(t *testing.T) {
	h := newLocked(t)
	longest := strings.Repeat("x", auth.MaxPassword)
	h.set(t, longest)
	h.try(t, "ann", longest, nil)
	h.try(t, "ann", longest+"x", auth.ErrPassword)
	h.try(t, "ann", longest[1:], auth.ErrPassword)
}

func TestSetPassword(t *testing.T) {
	h := newLocked(t)
	h.set(t, "another password")
	h.try(t, "ann", password, auth.ErrPassword)
	h.try(t, "ann", "another password", nil)
	for _, c := range []struct {
		login, password string
		want            error
	}{
		{"nobody", password, click.ErrNotFound},
		{"ann", "short", auth.ErrPasswordForm},
		{"ann", strings.Repeat("x", 73), auth.ErrPasswordForm},
	} {
		if err := h.auth.SetPassword(t.Context(), c.login, c.password); !errors.Is(err, c.want) {
			t.Errorf("%q, %q: %v, want %v", c.login, c.password, err, c.want)
		}
	}
	h.try(t, "ann", "another password", nil)
}

// TestProofs: the proof that is kept is of bcrypt, salted, with the given cost. The
// dummy proof has the same cost.
func TestProofs(t *testing.T) {
	h := newLocked(t)
	first, err := h.users.Password(t.Context(), h.ann.ID)
	if err != nil {
		t.Fatal(err)
	}
	h.set(t, password)
	second, err := h.users.Password(t.Context(), h.ann.ID)
	if err != nil {
		t.Fatal(err)
	}
	if first == second || strings.Contains(first, password) {
		t.Errorf("the same password twice is kept as %s and %s", first, second)
	}
	for _, proof := range []string{first, second, h.auth.DummyProof()} {
		if cost, err := bcrypt.Cost([]byte(proof)); err != nil || cost != bcrypt.MinCost {
			t.Errorf("%s has cost %d (%v), want %d", proof, cost, err, bcrypt.MinCost)
		}
	}
	if err := bcrypt.CompareHashAndPassword([]byte(h.auth.DummyProof()), []byte(password)); !errors.Is(err, bcrypt.ErrMismatchedHashAndPassword) {
		t.Errorf("comparing a password with the dummy: %v", err)
	}
	full := auth.New(h.users, time.Now)
	if cost, err := bcrypt.Cost([]byte(full.DummyProof())); err != nil || cost != auth.Cost {
		t.Errorf("New has cost %d (%v), want %d", cost, err, auth.Cost)
	}
}

// TestFailuresOfTheStore: they are returned, and do not count as guesses.
func TestFailuresOfTheStore(t *testing.T) {
	h := newLocked(t)
	for range 2 * auth.MaxGuesses {
		h.users.byLogin = click.ErrUnavailable
		h.try(t, "ann", password, click.ErrUnavailable)
		h.users.byLogin, h.users.byProof = nil, click.ErrUnavailable
		h.try(t, "ann", password, click.ErrUnavailable)
		h.users.byProof = nil
	}
	h.try(t, "ann", password, nil)
	if err := h.users.SetPassword(t.Context(), h.ann.ID, "damaged"); err != nil {
		t.Fatal(err)
	}
	_, err := h.auth.UserByPassword(t.Context(), "here", "ann", password)
	if err == nil || errors.Is(err, auth.ErrPassword) || strings.Contains(err.Error(), password) {
		t.Errorf("a damaged proof: %v", err)
	}
}

func TestIssue(t *testing.T) {
	h := newLocked(t)
	token, err := h.auth.Issue(t.Context(), h.ann)
	if err != nil {
		t.Fatal(err)
	}
	if u, err := h.auth.User(t.Context(), token); err != nil || u != h.ann {
		t.Errorf("the token is of %+v (%v)", u, err)
	}
	if token, err := h.auth.Issue(t.Context(), store.User{ID: 99}); !errors.Is(err, auth.ErrUnknownLogin) || token != "" {
		t.Errorf("a token for a deleted user: %q, %v", token, err)
	}
}
