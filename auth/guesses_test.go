package auth_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/footfall/footfall/auth"
)

const wrong = "a wrong password"

// TestTooManyGuesses: ten in a row, then one every five seconds, and a login
// that nobody has is bounded like others, so that it cannot be told.
func TestTooManyGuesses(t *testing.T) {
	for login, want := range map[string]error{"ann": auth.ErrPassword, "bob": auth.ErrPassword, "nobody": auth.ErrUnknownLogin} {
		h := newLocked(t)
		for range auth.MaxGuesses {
			h.try(t, login, wrong, want)
		}
		h.try(t, login, wrong, auth.ErrTooMany)
		h.try(t, login, password, auth.ErrTooMany)
		h.now = h.now.Add(auth.GuessEvery - 1)
		h.try(t, login, wrong, auth.ErrTooMany)
		h.now = h.now.Add(1)
		h.try(t, login, wrong, want)
		h.try(t, login, wrong, auth.ErrTooMany)
		h.now = h.now.Add(3 * auth.GuessEvery)
		for range 3 {
			h.try(t, login, wrong, want)
		}
		h.try(t, login, wrong, auth.ErrTooMany)
		h.now = h.now.Add(time.Hour)
		for range auth.MaxGuesses {
			h.try(t, login, wrong, want)
		}
		h.try(t, login, wrong, auth.ErrTooMany)
	}
}

func TestGuessesAtOneLoginLeaveOthersAlone(t *testing.T) {
	h := newLocked(t)
	for range auth.MaxGuesses {
		h.try(t, "bob", wrong, auth.ErrPassword)
	}
	h.try(t, "bob", wrong, auth.ErrTooMany)
	h.try(t, "ann", password, nil)
}

// TestRightPasswordsAreNoGuesses, and give none back that were wrong.
func TestRightPasswordsAreNoGuesses(t *testing.T) {
	h := newLocked(t)
	for range auth.MaxGuesses - 1 {
		h.try(t, "ann", wrong, auth.ErrPassword)
		h.try(t, "ann", password, nil)
		h.try(t, "ann", password, nil)
	}
	h.try(t, "ann", "short", auth.ErrPassword) // no password, so no guess
	h.try(t, "ann", wrong, auth.ErrPassword)
	h.try(t, "ann", password, auth.ErrTooMany)
}

func TestAClockThatIsSetBackLocksNobodyOut(t *testing.T) {
	h := newLocked(t)
	for range auth.MaxGuesses {
		h.try(t, "ann", wrong, auth.ErrPassword)
	}
	h.now = h.now.Add(-24 * time.Hour)
	h.try(t, "ann", password, auth.ErrTooMany)
	h.now = h.now.Add(auth.GuessEvery)
	h.try(t, "ann", password, nil)
}

func TestTheMemoryOfGuessesIsBounded(t *testing.T) {
	h := newLocked(t)
	for i := range auth.GuessesSize + 100 {
		if !h.auth.TakeGuess(fmt.Sprint("nobody", i)) {
			t.Fatal("a first guess was refused")
		}
	}
	if n := h.auth.GuessedAt(); n != auth.GuessesSize {
		t.Errorf("%d logins are remembered, want %d", n, auth.GuessesSize)
	}
}
