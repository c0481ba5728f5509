package auth

import "context"

// The limits, for tests that exceed them.
const (
	MaxWait    = maxWait
	MaxWaiting = maxWaiting
)

// DummyProof is checked for users without a password.
func (a *Auth) DummyProof() string { return dummyProof(a.cost) }

// TakeTurn blocks the queue of passwords until done.
func (a *Auth) TakeTurn(ctx context.Context) (done func(), err error) { return a.queue.take(ctx) }

// GuessedAt is the number of logins that have wrong passwords in the limits, by place and for
// all places.
func (a *Auth) GuessedAt() (near, all int) { return a.guesses.near.Len(), a.guesses.all.Len() }
