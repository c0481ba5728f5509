package auth

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/bcrypt"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

const (
	// MinPassword and MaxPassword bound a password, in bytes. More than 72
	// bcrypt does not look at.
	MinPassword, MaxPassword = 8, 72

	// Cost is that of bcrypt. At 12 a password takes about 0.2 s of one core,
	// four times what OWASP asks for at least. A program sends its password
	// once, for a token, so that it can bear it; who guesses gets five a second
	// at all logins together.
	Cost = 12
)

// ErrPasswordForm: the text cannot be a password.
var ErrPasswordForm = errors.New("password must be 8 to 72 bytes of UTF-8 without control characters")

// ValidPassword fails with ErrPasswordForm, and says why, where password cannot
// be one. Passwords are not normalised.
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

// SetPassword gives the user of that login another password. It takes nothing
// else away: his tokens and his apiKey stay good. The error is click.ErrNotFound where nobody has that login, and
// ErrPasswordForm. It is for the operator, who waits for no turn.
func (a *Auth) SetPassword(ctx context.Context, login, password string) error {
	if err := ValidPassword(password); err != nil {
		return err
	}
	u, err := a.users.UserByLogin(ctx, login)
	if err != nil {
		return fmt.Errorf("auth: set password: %w", err)
	}
	proof, err := bcrypt.GenerateFromPassword([]byte(password), a.cost)
	if err != nil {
		return fmt.Errorf("auth: set password: %w", err)
	}
	if err := a.users.SetPassword(ctx, u.ID, string(proof)); err != nil {
		return fmt.Errorf("auth: set password: %w", err)
	}
	return nil
}

// UserByPassword finds the user of a login, who is proven by his password, and
// who asks from a place: the wrong guesses that are made there bound what is
// guessed there. The errors are ErrUnknownLogin and ErrPassword, which take
// equally long, ErrTooMany, ErrBusy, and those of the store. What was not wrong,
// or not looked at, is no guess.
func (a *Auth) UserByPassword(ctx context.Context, from, login, password string) (store.User, error) {
	// bcrypt would take a longer one for its first 72 bytes. This says nothing
	// about the login, so it may be quick.
	if err := ValidPassword(password); err != nil {
		return store.User{}, fmt.Errorf("auth: user by password: %w: %w", ErrPassword, err)
	}
	at := guessing(from, login)
	if !a.guesses.left(at) {
		return store.User{}, fmt.Errorf("auth: user by password: %w", ErrTooMany)
	}
	done, err := a.turns.take(ctx)
	if err != nil {
		return store.User{}, err
	}
	defer done()
	// Taken before it is known to be wrong, for many may have waited together;
	// and in its turn, so that whoever is refused makes nobody be remembered.
	if !a.guesses.take(at) {
		return store.User{}, fmt.Errorf("auth: user by password: %w", ErrTooMany)
	}
	u, err := a.prove(ctx, login, password)
	if !errors.Is(err, ErrUnknownLogin) && !errors.Is(err, ErrPassword) {
		a.guesses.giveBack(at)
	}
	return u, err
}

// prove does the same work whether there is such a user, whether he has a
// password, and whether it is this one.
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
	err = bcrypt.CompareHashAndPassword([]byte(proof), []byte(password))
	switch {
	case unknown:
		return store.User{}, fmt.Errorf("auth: user by password: %w", ErrUnknownLogin)
	case unset, errors.Is(err, bcrypt.ErrMismatchedHashAndPassword):
		return store.User{}, fmt.Errorf("auth: user by password: %w", ErrPassword)
	case err != nil:
		return store.User{}, fmt.Errorf("auth: user by password: %w", err)
	}
	return u, nil
}

// dummyProof costs as much as a real one, and proves nothing.
func dummyProof(cost int) string {
	const salt, digest = 22, 31 // characters
	return fmt.Sprintf("$2a$%02d$%s", cost, strings.Repeat(".", salt+digest))
}
