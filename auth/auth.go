// Package auth says who is asking: it makes access tokens and apiKeys and tells
// whose one is, it proves passwords, and it knows which logins may be.
//
// It refuses to keep a user's secret in the clear, to know the wire, and to
// decide what a user may do.
package auth

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/footfall/footfall/click"
	"github.com/footfall/footfall/store"
)

const (
	// cacheSize is how many tokens are remembered at most.
	cacheSize = 4096
	// CacheAge bounds how long the answer about a token may be remembered, and
	// so how long a token works after it was taken away.
	CacheAge = time.Minute
)

// Auth tells who is asking. It is safe for concurrent use.
type Auth struct {
	users  store.Users
	now    func() time.Time
	recent *lru.Cache[store.TokenDigest, answer]

	secret atomic.Pointer[[32]byte] // of the installation, once it is known

	cost    int // of bcrypt
	guesses *guesses
	turns   *turns
}

// answer is what the store said, and when it was asked.
type answer struct {
	user  store.User
	asked time.Time
}

// New asks users, and remembers its answers by the clock now.
func New(users store.Users, now func() time.Time) *Auth { return WithCost(users, now, Cost) }

// WithCost is New with another cost of bcrypt, 4 to 31, for those who set many
// passwords that need no protection.
func WithCost(users store.Users, now func() time.Time, cost int) *Auth {
	recent, err := lru.New[store.TokenDigest, answer](cacheSize)
	if err != nil {
		panic(err) // the size is a positive constant
	}
	return &Auth{users: users, now: now, recent: recent, cost: cost, guesses: newGuesses(), turns: newTurns()}
}

// Forget forgets the answers about tokens: a user was deleted.
func (a *Auth) Forget() { a.recent.Purge() }

// User is the owner of the token. The error is click.ErrNotFound where nobody
// owns it, or where it is no token at all. Of a good token the answer is up to
// CacheAge old; of a bad one it never is, so that a new token works at once.
func (a *Auth) User(ctx context.Context, token string) (store.User, error) {
	if !wellFormed(token) {
		return store.User{}, fmt.Errorf("auth: malformed token: %w", click.ErrNotFound)
	}
	digest, now := Digest(token), a.now()
	if known, ok := a.recent.Get(digest); ok {
		// A clock that was set back must not make an answer live longer.
		if age := now.Sub(known.asked); age >= 0 && age < CacheAge {
			return known.user, nil
		}
		a.recent.Remove(digest)
	}
	u, err := a.users.UserByToken(ctx, digest)
	if err != nil {
		return store.User{}, fmt.Errorf("auth: user of token: %w", err)
	}
	a.recent.Add(digest, answer{user: u, asked: now})
	return u, nil
}
