package auth

import "context"

// The bounds, for tests that go beyond them.
const (
	MaxWait    = maxWait
	MaxWaiting = maxWaiting
)

// DummyProof is what stands for a proof that is not there.
func (a *Auth) DummyProof() string { return dummyProof(a.cost) }

// TakeTurn keeps passwords from being looked at until done.
func (a *Auth) TakeTurn(ctx context.Context) (done func(), err error) { return a.turns.take(ctx) }

// GuessedAt is how many logins are remembered for being guessed at, by place and
// as such.
func (a *Auth) GuessedAt() (near, all int) { return a.guesses.near.Len(), a.guesses.all.Len() }
