package auth

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

// MinPassword and MaxPassword bound a password, in bytes. Earlier versions used bcrypt, which
// ignores all bytes after the 72nd.
const MinPassword, MaxPassword = 8, 72

// ErrPasswordForm is for a text that cannot be a password.
var ErrPasswordForm = errors.New("password must be 8 to 72 bytes of UTF-8 without control characters")

// ValidPassword fails with ErrPasswordForm, and says why, for a text that cannot be a
// password. Passwords are not normalised.
func ValidPassword(password string) error {
	switch {
	case len(password) < MinPassword || len(password) > MaxPassword:
		return fmt.Errorf("password has %d bytes: %w", len(password), ErrPasswordForm)
	case !utf8.ValidString(password):
		return fmt.Errorf("password is not UTF-8: %w", ErrPasswordForm)
	case strings.ContainsFunc(password, unicode.IsControl):
		return fmt.Errorf("password has a control character: %w", ErrPasswordForm)
	}
	return nil
}

// SetPassword gives the user with this login another password. Tokens and apiKey stay valid.
// The user's sessions and invitations end. It fails with click.ErrNotFound for an unknown
// login, and with ErrPasswordForm. It does not wait in the queue, because only the operator and
// users who are known call it.
func (a *Auth) SetPassword(ctx context.Context, login, password string) error {
	if err := ValidPassword(password); err != nil {
		return err
	}
	u, err := a.users.UserByLogin(ctx, login)
	if err != nil {
		return fmt.Errorf("auth: set password: %w", err)
	}
	proof, err := newProof(password, a.cost)
	if err != nil {
		return fmt.Errorf("auth: set password: %w", err)
	}
	if err := a.users.SetPassword(ctx, u.ID, proof); err != nil {
		return fmt.Errorf("auth: set password: %w", err)
	}
	defer a.Forget(u.ID)
	for _, kind := range []store.SessionKind{store.SignedIn, store.Invitation} {
		if _, err := a.users.RemoveSessions(ctx, u.ID, kind, store.TokenDigest{}); err != nil {
			return fmt.Errorf("auth: set password: end sessions: %w", err)
		}
	}
	return nil
}

// UserByPassword returns the user with this login and password. from is the place that
// asks, for the limits of wrong passwords. It fails with ErrUnknownLogin and ErrPassword,
// which take the same time, with ErrTooMany and ErrBusy, and with the errors of the store.
// Only passwords that were checked and were wrong count in the limits.
func (a *Auth) UserByPassword(ctx context.Context, from, login, password string) (store.User, error) {
	// The answer may be quick, because it does not depend on the login.
	if err := ValidPassword(password); err != nil {
		return store.User{}, fmt.Errorf("auth: user by password: %w: %w", ErrPassword, err)
	}
	at := guessing(from, login)
	if !a.guesses.left(at) {
		return store.User{}, fmt.Errorf("auth: user by password: %w", ErrTooMany)
	}
	done, err := a.queue.take(ctx)
	if err != nil {
		return store.User{}, err
	}
	defer done()
	// Taken before the password is known to be wrong, because many may have waited
	// together; and only now, so that a request that is refused has no key in the limits.
	if !a.guesses.take(at) {
		return store.User{}, fmt.Errorf("auth: user by password: %w", ErrTooMany)
	}
	u, err := a.prove(ctx, login, password)
	if !errors.Is(err, ErrUnknownLogin) && !errors.Is(err, ErrPassword) {
		a.guesses.giveBack(at)
	}
	return u, err
}

// prove does the same work for an unknown login, a user without a password, a wrong password, and
// a user who is disabled.
func (a *Auth) prove(ctx context.Context, login, password string) (store.User, error) {
	u, err := a.users.UserByLogin(ctx, login)
	unknown := errors.Is(err, click.ErrNotFound)
	if err != nil && !unknown {
		return store.User{}, fmt.Errorf("auth: user by password: %w", err)
	}
	if unknown {
		u = store.User{ID: click.Nobody}
	}
	proof, err := a.users.Password(ctx, u.ID)
	unset := errors.Is(err, click.ErrNotFound)
	if err != nil && !unset {
		return store.User{}, fmt.Errorf("auth: user by password: %w", err)
	}
	if unset {
		proof = dummyProof(a.cost)
	}
	right, old, err := checkProof(proof, password, a.cost)
	switch {
	case unknown:
		return store.User{}, fmt.Errorf("auth: user by password: %w", ErrUnknownLogin)
	case unset, err == nil && !right, err == nil && u.Disabled:
		return store.User{}, fmt.Errorf("auth: user by password: %w", ErrPassword)
	case err != nil:
		return store.User{}, fmt.Errorf("auth: user by password: %w", err)
	}
	if old { // of an earlier version, or with another cost
		err = a.replaceProof(ctx, u, proof, password)
		if err != nil && !errors.Is(err, click.ErrUnavailable) {
			return store.User{}, fmt.Errorf("auth: user by password: %w", err)
		}
	}
	return u, nil
}

// replaceProof replaces the proof of a password, unless it was replaced meanwhile.
func (a *Auth) replaceProof(ctx context.Context, u store.User, old, password string) error {
	proof, err := newProof(password, a.cost)
	if err != nil {
		return err
	}
	if now, err := a.users.Password(ctx, u.ID); err != nil || now != old {
		return err
	}
	return a.users.SetPassword(ctx, u.ID, proof)
}
