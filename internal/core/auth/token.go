package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

// tokenSize is the length of a token in bytes: its letter and 256 bits in hex.
const tokenSize = 1 + 2*sha256.Size

// NewToken makes an access token of 256 bits from random: one letter g–z and
// 64 lower-case hex digits, which need no escaping in a URL. It starts with a
// letter that is no hex digit and starts no JSON value, so that a client which
// tries JSON first keeps it a string.
func NewToken(random io.Reader) (string, error) {
	var bits [32]byte
	if _, err := io.ReadFull(random, bits[:]); err != nil {
		return "", fmt.Errorf("auth: new token: %w", err)
	}
	return "k" + hex.EncodeToString(bits[:]), nil
}

// Digest is how a token is kept: the SHA-256 of its printable form. The token
// has 256 random bits, so that no slower digest is needed.
func Digest(token string) store.TokenDigest { return sha256.Sum256([]byte(token)) }

// wellFormed tells whether token may be one that NewToken made, of any letter.
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

// MaxPassing is how many tokens of a user stay good that were given for his
// password: of a program that asks for one whenever it starts, few are in use.
const MaxPassing = 1000

// Issue gives the user of that login another token and returns it. It stays good
// until it is revoked. Only its digest is kept, so that it cannot be shown again.
// The error is click.ErrNotFound where nobody has that login.
func Issue(ctx context.Context, users store.Users, login string, now time.Time) (string, error) {
	u, err := users.UserByLogin(ctx, login)
	if err != nil {
		return "", fmt.Errorf("auth: issue token: %w", err)
	}
	return issue(func(digest store.TokenDigest) error { return users.AddToken(ctx, u.ID, digest, now.Unix()) })
}

// Issue is Issue for a user who has proven himself by his password. Of such
// tokens the newest MaxPassing stay good. It fails with ErrUnknownLogin where the
// user was deleted meanwhile.
func (a *Auth) Issue(ctx context.Context, u store.User) (string, error) {
	return issue(func(digest store.TokenDigest) error {
		err := a.users.AddPassingToken(ctx, u.ID, digest, a.now().Unix(), MaxPassing)
		if errors.Is(err, click.ErrNotFound) {
			err = fmt.Errorf("%w: the user was deleted", ErrUnknownLogin)
		}
		return err
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

// Revoke takes a token away from the user. The error is click.ErrNotFound where
// he has no such token.
func (a *Auth) Revoke(ctx context.Context, u store.User, token string) error {
	defer a.Forget(u.ID)
	if err := a.users.RemoveToken(ctx, u.ID, Digest(token)); err != nil {
		return fmt.Errorf("auth: revoke token: %w", err)
	}
	return nil
}

// RevokeAll takes all tokens of the user away, and says how many there were. His
// password and his apiKey stay good.
func (a *Auth) RevokeAll(ctx context.Context, u store.User) (int, error) {
	defer a.Forget(u.ID)
	n, err := a.users.RemoveTokens(ctx, u.ID)
	if err != nil {
		return 0, fmt.Errorf("auth: revoke all tokens: %w", err)
	}
	return n, nil
}
