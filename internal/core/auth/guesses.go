package auth

import (
	"crypto/sha256"
	"time"

	"github.com/footfall/footfall/internal/base/throttle"
)

const (
	// MaxGuesses is how many wrong passwords of a login are looked at in a row
	// from one place, and GuessEvery is how long it takes until one more is.
	MaxGuesses = 10
	GuessEvery = 5 * time.Second

	// MaxAllGuesses and AllGuessesEvery are the same of a login from all places
	// together. One place uses up a fifth of it at most.
	MaxAllGuesses   = 100
	AllGuessesEvery = time.Second
)

// guesses bounds how often each login is guessed at, whether it exists or not.
//
// Only what is computed is taken, and so remembered. To have one of throttle.MaxKeys
// logins forgotten takes as many computations, one after the other: hours, and
// after MaxAllGuesses seconds everything is free again anyhow.
type guesses struct{ near, all *throttle.Limiter }

func newGuesses(now func() time.Time) *guesses {
	return &guesses{throttle.New(GuessEvery, MaxGuesses, now), throttle.New(AllGuessesEvery, MaxAllGuesses, now)}
}

// guessed is what is guessed at: a login from one place, and from all. They are
// digests, because a login that nobody has may be long.
type guessed struct{ near, all string }

func guessing(from, login string) guessed {
	digest := func(s string) string {
		sum := sha256.Sum256([]byte(s))
		return string(sum[:])
	}
	return guessed{digest(from + "\x00" + login), digest(login)}
}

// left tells whether a guess is left.
func (g *guesses) left(at guessed) bool { return g.near.Look(at.near).OK && g.all.Look(at.all).OK }

// take uses up a guess; false where none is left.
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
