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
	h.auth = auth.WithCost(h.users, func() time.Time { return h.now }, cheap)
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

// TestLongPasswords: bcrypt reads 72 bytes only, so a proof of it would fit a longer text that
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

// cheap is a cost for tests.
var cheap = auth.Cost{Memory: 8, Passes: 1}

// TestProofs: the proof that is kept is of argon2id, salted, with the given cost. The dummy
// proof has the same cost, and no password fits it.
func TestProofs(t *testing.T) {
	h := newLocked(t)
	first, second := h.proof(t), ""
	h.set(t, password)
	second = h.proof(t)
	if first == second || strings.Contains(first, password) {
		t.Errorf("the same password twice is kept as %s and %s", first, second)
	}
	for _, proof := range []string{first, second, h.auth.DummyProof()} {
		if !strings.HasPrefix(proof, "$argon2id$v=19$m=8,t=1,p=1$") {
			t.Errorf("a proof is %s", proof)
		}
	}
	if proof := auth.New(h.users, time.Now).DummyProof(); !strings.HasPrefix(proof, "$argon2id$v=19$m=47104,t=1,p=1$") {
		t.Errorf("the proof of New is %s", proof)
	}
	for _, proof := range []string{h.auth.DummyProof(), "", "$argon2id$v=19$m=8,t=1,p=1$$", "$argon2id$v=19$m=99999999,t=1,p=1$AAAA$AAAA", "$x$"} {
		if err := h.users.SetPassword(t.Context(), h.ann.ID, proof); err != nil {
			continue // an empty proof is none
		}
		if u, err := h.auth.UserByPassword(t.Context(), "here", "ann", password); err == nil {
			t.Errorf("a password fits the proof %q of %+v", proof, u)
		}
	}
}

// proof is what is kept of ann's password.
func (h *locked) proof(t *testing.T) string {
	t.Helper()
	proof, err := h.users.Password(t.Context(), h.ann.ID)
	if err != nil {
		t.Fatal(err)
	}
	return proof
}

// TestKnownProof: the example of the reference implementation of argon2.
func TestKnownProof(t *testing.T) {
	h := newLocked(t)
	// echo -n "password" | argon2 somesalt -id -t 2 -m 16 -p 1 -l 32
	const proof = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	if err := h.users.SetPassword(t.Context(), h.ann.ID, proof); err != nil {
		t.Fatal(err)
	}
	h.try(t, "ann", "passw0rd", auth.ErrPassword)
	h.try(t, "ann", "password", nil)
}

// TestOldProofs: proofs of bcrypt, and of another cost, fit as before, and are replaced at the
// next right password.
func TestOldProofs(t *testing.T) {
	h := newLocked(t)
	old, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	dear := auth.WithCost(h.users, func() time.Time { return h.now }, auth.Cost{Memory: 16, Passes: 2})
	for name, set := range map[string]func() error{
		"bcrypt":       func() error { return h.users.SetPassword(t.Context(), h.ann.ID, string(old)) },
		"another cost": func() error { return dear.SetPassword(t.Context(), "ann", password) },
	} {
		if err := set(); err != nil {
			t.Fatal(err)
		}
		before := h.proof(t)
		h.try(t, "ann", password+"x", auth.ErrPassword)
		if h.proof(t) != before {
			t.Errorf("%s: a wrong password replaced the proof", name)
		}
		h.try(t, "ann", password, nil)
		if after := h.proof(t); !strings.HasPrefix(after, "$argon2id$v=19$m=8,t=1,p=1$") {
			t.Errorf("%s: after the right password the proof is %s", name, after)
		}
		h.try(t, "ann", password, nil)
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
	token, err := h.auth.Issue(t.Context(), h.ann, "")
	if err != nil {
		t.Fatal(err)
	}
	if u, err := h.auth.User(t.Context(), token); err != nil || u != h.ann {
		t.Errorf("the token is of %+v (%v)", u, err)
	}
	if token, err := h.auth.Issue(t.Context(), store.User{ID: 99}, ""); !errors.Is(err, auth.ErrUnknownLogin) || token != "" {
		t.Errorf("a token for a deleted user: %q, %v", token, err)
	}
}
