package auth

import "context"

// The bounds, for tests that go beyond them.
const (
	GuessesSize = guessesSize
	MaxWait     = maxWait
	MaxWaiting  = maxWaiting
)

// DummyProof is what stands for a proof that is not there.
func (a *Auth) DummyProof() string { return dummyProof(a.cost) }

// TakeTurn keeps passwords from being looked at until done.
func (a *Auth) TakeTurn(ctx context.Context) (done func(), err error) { return a.turns.take(ctx) }

// GuessedAt is how many logins are remembered for being guessed at.
func (a *Auth) GuessedAt() int { return a.guesses.free.Len() }

// TakeGuess uses up a guess at the login.
func (a *Auth) TakeGuess(login string) bool { return a.guesses.take(login, a.now()) }
