// Package auth says who is asking. It makes, checks and revokes access tokens, apiKeys, the
// sessions of browsers and shares, checks passwords, and says which logins are valid.
//
// It stores no secret of a user in the clear. It has no wire formats, and does not
// decide what a user may do.
//
// Where to look:
//
//	auth.go         the cache of users by token and apiKey
//	token.go, tokenlist.go   access tokens; their names and last uses
//	key.go          apiKeys
//	session.go      sessions of browsers, and invitations to set a password
//	share.go        shares: secret addresses of views
//	login.go, role.go   which logins are valid; who is an admin or disabled
//	password.go, proof.go, passwordlimit.go, queue.go   passwords: checks them, what is kept of
//	                them, limits wrong ones, lets callers wait for a processor
//	errors.go       the errors
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
	// cacheSize is the maximum number of cached tokens and apiKeys.
	cacheSize = 4096
	// CacheAge is the time that a valid token or apiKey is cached. One that another process
	// revoked works for this time, unless Changed is called.
	CacheAge = time.Minute
)

// digest is the SHA-256 of a token, or of login and apiKey.
type digest = [32]byte

// Auth says who is asking. It is safe for concurrent use.
type Auth struct {
	users  store.Users
	now    func() time.Time
	recent *cache.Answers[digest, store.User]
	// sessions are by the digest of their secret.
	sessions *cache.Answers[digest, Session]

	uses uses

	secret atomic.Pointer[[32]byte] // of the installation, once it is known

	cost    Cost
	guesses *guesses
	queue   *queue
}

// New makes an Auth over the users. now is the clock of its caches and limits.
func New(users store.Users, now func() time.Time) *Auth { return WithCost(users, now, DefaultCost) }

// WithCost is New with another cost of passwords. A low cost suits tests that hash many.
func WithCost(users store.Users, now func() time.Time, cost Cost) *Auth {
	return &Auth{
		users: users, now: now, recent: cache.New(cache.Options[digest, store.User]{Entries: cacheSize, Age: CacheAge}),
		sessions: cache.New(cache.Options[digest, Session]{Entries: cacheSize, Age: CacheAge}),
		cost:     cost, guesses: newGuesses(now), queue: newQueue(),
	}
}

// Forget removes a user's tokens, apiKey and sessions from the cache. Calls in progress do not add
// them again. It must be called after a user is deleted.
func (a *Auth) Forget(user click.UserID) {
	a.recent.ForgetIf(func(_ digest, u *store.User) bool { return u.ID == user })
	a.sessions.ForgetIf(func(_ digest, s *Session) bool { return s.User.ID == user })
}

// Changed removes from the cache what another process changed.
func (a *Auth) Changed(c store.Change) {
	switch {
	case c.All:
		a.recent.Expire()
		a.sessions.Expire()
	case len(c.Users) > 0:
		a.recent.ForgetIf(func(_ digest, u *store.User) bool { return slices.Contains(c.Users, u.ID) })
		a.sessions.ForgetIf(func(_ digest, s *Session) bool { return slices.Contains(c.Users, s.User.ID) })
	}
}

// User returns the owner of a token. It fails with click.ErrNotFound if the token is unknown
// or malformed, or its owner is disabled. The answer about a valid token may be up to CacheAge old. Unknown tokens
// are not cached, so that a new token works at once.
func (a *Auth) User(ctx context.Context, token string) (store.User, error) {
	if !wellFormed(token) {
		return store.User{}, fmt.Errorf("auth: malformed token: %w", click.ErrNotFound)
	}
	digest := Digest(token)
	u, err := a.owner(digest, func() (store.User, error) {
		u, err := a.users.UserByToken(ctx, digest)
		if err == nil && u.Disabled {
			err = errDisabled
		}
		return u, err
	}, click.ErrNotFound)
	if err != nil {
		return store.User{}, fmt.Errorf("auth: user of token: %w", err)
	}
	a.uses.note(digest, a.now().Unix())
	return u, nil
}

// Known reports whether the token is in the cache: it was valid when it was checked last. It
// does not ask the store.
func (a *Auth) Known(token string) bool { return wellFormed(token) && a.recent.Has(Digest(token)) }

// owner returns the owner of the credentials, from the cache or from ask. wrong are the
// errors of ask for credentials that are not valid.
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
