// Package auth says who is asking: it makes access tokens and apiKeys, tells
// whose one is and takes them back, it proves passwords, and it knows which
// logins may be.
//
// It refuses to keep a user's secret in the clear, to know the wire, and to
// decide what a user may do.
package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/footfall/footfall/internal/base/cache"
	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

const (
	// cacheSize is how many tokens and apiKeys are remembered at most.
	cacheSize = 4096
	// CacheAge bounds how long the answer about one may be remembered, and so
	// how long one works that another process took away.
	CacheAge = time.Minute
)

// digest is of credentials.
type digest = [32]byte

// Auth tells who is asking. It is safe for concurrent use.
type Auth struct {
	users  store.Users
	now    func() time.Time
	recent *cache.Answers[digest, store.User]

	secret atomic.Pointer[[32]byte] // of the installation, once it is known

	cost    int // of bcrypt
	guesses *guesses
	turns   *turns
}

// New asks users, and remembers its answers by the clock now.
func New(users store.Users, now func() time.Time) *Auth { return WithCost(users, now, Cost) }

// WithCost is New with another cost of bcrypt, 4 to 31, for those who set many
// passwords that need no protection.
func WithCost(users store.Users, now func() time.Time, cost int) *Auth {
	return &Auth{
		users: users, now: now, recent: cache.New(cache.Options[digest, store.User]{Entries: cacheSize, Age: CacheAge}),
		cost: cost, guesses: newGuesses(now), turns: newTurns(),
	}
}

// Forget forgets what is remembered of a user's tokens and apiKey, also where the
// store is being asked just now. Whoever deletes a user calls it afterwards.
func (a *Auth) Forget(user click.UserID) {
	a.recent.ForgetIf(func(u *store.User) bool { return u.ID == user })
}

// User is the owner of the token. The error is click.ErrNotFound where nobody
// owns it, or where it is no token at all. Of a good token the answer is up to
// CacheAge old; of a bad one it never is, so that a new token works at once.
func (a *Auth) User(ctx context.Context, token string) (store.User, error) {
	if !wellFormed(token) {
		return store.User{}, fmt.Errorf("auth: malformed token: %w", click.ErrNotFound)
	}
	digest := Digest(token)
	u, err := a.owner(digest, func() (store.User, error) { return a.users.UserByToken(ctx, digest) }, click.ErrNotFound)
	if err != nil {
		return store.User{}, fmt.Errorf("auth: user of token: %w", err)
	}
	return u, nil
}

// Known tells whether the token was good when it was looked at last, as far as
// that is remembered. It asks nobody.
func (a *Auth) Known(token string) bool { return wellFormed(token) && a.recent.Has(Digest(token)) }

// owner is whose the credentials are, from memory or as ask says. wrong are its
// errors where they are nobody's.
func (a *Auth) owner(d digest, ask func() (store.User, error), wrong ...error) (store.User, error) {
	now := a.now()
	u, fresh, generation := a.recent.Get(d, now)
	if fresh {
		return u, nil
	}
	u, err := ask()
	if err == nil {
		a.recent.Add(d, u, now, generation)
	} else if slices.ContainsFunc(wrong, func(w error) bool { return errors.Is(err, w) }) {
		a.recent.Drop(d)
	}
	return u, err
}
