package auth

import (
	"crypto/sha256"
	"time"

	"github.com/footfall/footfall/internal/base/throttle"
)

const (
	// MaxGuesses is the number of wrong passwords of a login that are checked in a row from
	// one place. One more is allowed every GuessEvery.
	MaxGuesses = 10
	GuessEvery = 5 * time.Second

	// MaxAllGuesses and AllGuessesEvery are the same limits for all places together. One
	// place can use a fifth of them.
	MaxAllGuesses   = 100
	AllGuessesEvery = time.Second
)

// guesses limits wrong passwords for each login, whether it exists or not.
//
// Only passwords that were computed count. To push a login out of the limits takes
// throttle.MaxKeys computations, one after the other: hours. The limits are free again
// after MaxAllGuesses seconds anyway.
type guesses struct{ near, all *throttle.Limiter }

func newGuesses(now func() time.Time) *guesses {
	return &guesses{throttle.New(GuessEvery, MaxGuesses, now), throttle.New(AllGuessesEvery, MaxAllGuesses, now)}
}

// guessed is a login from one place, and from all, as keys of the limits. The keys are
// digests, because an unknown login may be long.
type guessed struct{ near, all string }

func guessing(from, login string) guessed {
	digest := func(s string) string {
		sum := sha256.Sum256([]byte(s))
		return string(sum[:])
	}
	return guessed{digest(from + "\x00" + login), digest(login)}
}

// left reports whether a guess is left.
func (g *guesses) left(at guessed) bool { return g.near.Look(at.near).OK && g.all.Look(at.all).OK }

// take uses a guess. It returns false if none is left.
func (g *guesses) take(at guessed) bool {
	if !g.near.Take(at.near).OK {
		return false
	}
	if !g.all.Take(at.all).OK {
		g.near.GiveBack(at.near)
		return false
	}
	return true
}

// giveBack undoes a take.
func (g *guesses) giveBack(at guessed) {
	g.near.GiveBack(at.near)
	g.all.GiveBack(at.all)
}
