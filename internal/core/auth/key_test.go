package auth_test

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/auth"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/storage/storetest"
)

// faulty counts the questions for the secret, and fails on demand.
type faulty struct {
	store.Users
	secrets                  int
	byLogin, secret, byProof error
}

func (f *faulty) UserByLogin(ctx context.Context, login string) (store.User, error) {
	if f.byLogin != nil {
		return store.User{}, f.byLogin
	}
	return f.Users.UserByLogin(ctx, login)
}

func (f *faulty) Secret(ctx context.Context, offer [32]byte) ([32]byte, error) {
	f.secrets++
	if f.secret != nil {
		return [32]byte{}, f.secret
	}
	return f.Users.Secret(ctx, offer)
}

func (f *faulty) Password(ctx context.Context, user click.UserID) (string, error) {
	if f.byProof != nil {
		return "", f.byProof
	}
	return f.Users.Password(ctx, user)
}

func apiKey(t *testing.T, a *auth.Auth, u store.User) string {
	t.Helper()
	key, err := a.APIKey(t.Context(), u)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// TestAPIKeyIsTheDocumentedHMAC: keys outlive releases. The values are from
// Python's hmac over b"footfall apiKey 1\0" + struct.pack(">QQ", id, version).
func TestAPIKeyIsTheDocumentedHMAC(t *testing.T) {
	users := storetest.NewMemoryLinks()
	var secret [32]byte
	for i := range secret {
		secret[i] = byte(i)
	}
	if _, err := users.Secret(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	a := auth.New(users, time.Now)
	for _, c := range []struct {
		user store.User
		want string
	}{
		{store.User{ID: 1, Login: "ann"}, "R_d19ec755724fe642694f9973116e7e01"},
		{store.User{ID: 1, Login: "renamed"}, "R_d19ec755724fe642694f9973116e7e01"},
		{store.User{ID: 1, KeyVersion: 1}, "R_176e361bc041316c1296e668864db1b1"},
		{store.User{ID: 2}, "R_cbcf6eb023648753b7a28559a8656da8"},
	} {
		if got := apiKey(t, a, c.user); got != c.want {
			t.Errorf("apiKey of %+v is %s, want %s", c.user, got, c.want)
		}
	}
}

func TestAPIKeysOfInstallationsDiffer(t *testing.T) {
	users := storetest.NewMemoryLinks()
	u := store.User{ID: 1}
	first := apiKey(t, auth.New(users, time.Now), u)
	if !regexp.MustCompile(`^R_[0-9a-f]{32}$`).MatchString(first) {
		t.Errorf("apiKey %q", first)
	}
	if again := apiKey(t, auth.New(users, time.Now), u); again != first {
		t.Errorf("after a restart the apiKey is %s, and was %s", again, first)
	}
	if other := apiKey(t, auth.New(storetest.NewMemoryLinks(), time.Now), u); other == first {
		t.Errorf("two installations have the apiKey %s", first)
	}
}

func TestSecretIsReadOnce(t *testing.T) {
	users := &faulty{Users: storetest.NewMemoryLinks(), secret: click.ErrUnavailable}
	a := auth.New(users, time.Now)
	if key, err := a.APIKey(t.Context(), store.User{ID: 1}); !errors.Is(err, click.ErrUnavailable) || key != "" {
		t.Errorf("without a secret: %q, %v", key, err)
	}
	users.secret = nil
	first := apiKey(t, a, store.User{ID: 1})
	users.secret = click.ErrUnavailable
	if again := apiKey(t, a, store.User{ID: 1}); again != first || users.secrets != 2 {
		t.Errorf("the apiKey is %s, then %s; the secret was read %d times, want 2", first, again, users.secrets)
	}
}

func TestUserByKey(t *testing.T) {
	users := &faulty{Users: storetest.NewMemoryLinks()}
	a := auth.New(users, time.Now)
	ann, err := users.AddUser(t.Context(), "ann", 1)
	if err != nil {
		t.Fatal(err)
	}
	bob, err := users.AddUser(t.Context(), "bob", 1)
	if err != nil {
		t.Fatal(err)
	}
	key := apiKey(t, a, ann)
	for _, c := range []struct {
		login, key string
		want       error
	}{
		{"ann", key, nil},
		{"bob", key, auth.ErrKey},
		{"ann", apiKey(t, a, bob), auth.ErrKey},
		{"ann", "", auth.ErrKey}, {"ann", key[:33], auth.ErrKey}, {"ann", key + "0", auth.ErrKey},
		{"ann", key[2:], auth.ErrKey}, {"ann", strings.ToUpper(key), auth.ErrKey}, {"ann", "R_\x00\xff", auth.ErrKey},
		{"Ann", key, auth.ErrUnknownLogin}, {"", key, auth.ErrUnknownLogin}, {"ann\x00", key, auth.ErrUnknownLogin},
	} {
		u, err := a.UserByKey(t.Context(), c.login, c.key)
		if !errors.Is(err, c.want) || (err == nil) != (u == ann) || (err != nil && u != store.User{}) {
			t.Errorf("login %q with %q: %+v, %v; want %v", c.login, c.key, u, err, c.want)
		}
	}
	users.byLogin = click.ErrUnavailable
	if _, err := a.UserByKey(t.Context(), "bob", key); !errors.Is(err, click.ErrUnavailable) {
		t.Errorf("with a store that fails: %v", err)
	}
	users.byLogin, users.secret = nil, click.ErrUnavailable
	if _, err := auth.New(users, time.Now).UserByKey(t.Context(), "ann", key); !errors.Is(err, click.ErrUnavailable) {
		t.Errorf("with a store without a secret: %v", err)
	}
}
