package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

// tokenSize is the length of a token in bytes: its letter and 256 bits in hex.
const tokenSize = 1 + 2*sha256.Size

// NewToken makes an access token of 256 bits from random: one letter g–z and 64 lower-case
// hex digits, which need no escaping in a URL. The letter is not a hex digit and does not
// start a JSON value, so that a client that tries JSON first keeps the token a string.
func NewToken(random io.Reader) (string, error) {
	var bits [32]byte
	if _, err := io.ReadFull(random, bits[:]); err != nil {
		return "", fmt.Errorf("auth: new token: %w", err)
	}
	return "k" + hex.EncodeToString(bits[:]), nil
}

// Digest returns the form in which a token is kept: the SHA-256 of its text. A slower digest is
// not needed, because the token has 256 random bits.
func Digest(token string) store.TokenDigest { return sha256.Sum256([]byte(token)) }

// wellFormed reports whether NewToken may have made the token, with any letter.
func wellFormed(token string) bool {
	if len(token) != tokenSize || token[0] < 'g' || token[0] > 'z' {
		return false
	}
	for _, b := range []byte(token[1:]) {
		if (b < '0' || b > '9') && (b < 'a' || b > 'f') {
			return false
		}
	}
	return true
}

// MaxSessionTokens is the number of session tokens of a user that stay valid, the newest.
// A session token is one that was issued for a login and a password. A program that asks
// for another one at each start uses few of them.
const MaxSessionTokens = 1000

// Issue gives the user with this login another token and returns it. It is valid until it is
// revoked. Only its digest is kept, so it cannot be shown again. It fails with
// click.ErrNotFound for an unknown login, and with ErrTokenName.
func Issue(ctx context.Context, users store.Users, login, name string, now time.Time) (string, error) {
	if err := ValidTokenName(name); err != nil {
		return "", err
	}
	u, err := users.UserByLogin(ctx, login)
	if err != nil {
		return "", fmt.Errorf("auth: issue token: %w", err)
	}
	return issue(func(digest store.TokenDigest) error {
		return users.AddToken(ctx, store.Token{User: u.ID, Digest: digest, Name: name, Created: now.Unix()}, 0)
	})
}

// Issue gives a user another session token. name is what the program calls itself, and may be any
// text. Issue fails with ErrUnknownLogin if the user was deleted meanwhile.
func (a *Auth) Issue(ctx context.Context, u store.User, name string) (string, error) {
	name = strings.ToValidUTF8(name[:min(len(name), MaxTokenName)], "")
	if ValidTokenName(name) != nil {
		name = ""
	}
	return issue(func(digest store.TokenDigest) error {
		err := a.users.AddToken(ctx, store.Token{User: u.ID, Digest: digest, Name: name, Created: a.now().Unix(), Session: true}, MaxSessionTokens)
		if errors.Is(err, click.ErrNotFound) {
			err = fmt.Errorf("%w: the user was deleted", ErrUnknownLogin)
		}
		return err
	})
}

// NewToken gives a user another token, which is valid until it is revoked, and returns it. It
// fails with ErrTokenName.
func (a *Auth) NewToken(ctx context.Context, u store.User, name string) (string, error) {
	if err := ValidTokenName(name); err != nil {
		return "", err
	}
	return issue(func(digest store.TokenDigest) error {
		return a.users.AddToken(ctx, store.Token{User: u.ID, Digest: digest, Name: name, Created: a.now().Unix()}, 0)
	})
}

func issue(add func(store.TokenDigest) error) (string, error) {
	token, err := NewToken(rand.Reader)
	if err != nil {
		return "", err
	}
	if err := add(Digest(token)); err != nil {
		return "", fmt.Errorf("auth: issue token: %w", err)
	}
	return token, nil
}

// Revoke makes a token of the user invalid. It fails with click.ErrNotFound if the user has
// no such token.
func (a *Auth) Revoke(ctx context.Context, u store.User, token string) error {
	defer a.Forget(u.ID)
	if err := a.users.RemoveToken(ctx, u.ID, Digest(token)); err != nil {
		return fmt.Errorf("auth: revoke token: %w", err)
	}
	return nil
}

// RevokeAll makes all tokens of the user invalid, and returns how many there were. Password
// and apiKey stay valid.
func (a *Auth) RevokeAll(ctx context.Context, u store.User) (int, error) {
	defer a.Forget(u.ID)
	n, err := a.users.RemoveTokens(ctx, u.ID)
	if err != nil {
		return 0, fmt.Errorf("auth: revoke all tokens: %w", err)
	}
	return n, nil
}
