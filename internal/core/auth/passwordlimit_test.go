package auth_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/footfall/footfall/internal/core/auth"
)

const wrong = "a wrong password"

// TestTooManyGuesses: ten in a row from one place, then one every five seconds. Unknown
// logins have the same limits, so that the answers do not differ.
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

func TestGuessesCountPerLogin(t *testing.T) {
	h := newLocked(t)
	for range auth.MaxGuesses {
		h.try(t, "bob", wrong, auth.ErrPassword)
	}
	h.try(t, "bob", wrong, auth.ErrTooMany)
	h.try(t, "ann", password, nil)
}

// TestRightPasswordsAreNotCounted: they do not undo wrong ones either.
func TestRightPasswordsAreNotCounted(t *testing.T) {
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

func TestClockSetBack(t *testing.T) {
	h := newLocked(t)
	for range auth.MaxGuesses {
		h.try(t, "ann", wrong, auth.ErrPassword)
	}
	h.now = h.now.Add(-24 * time.Hour)
	h.try(t, "ann", password, auth.ErrTooMany)
	h.now = h.now.Add(auth.GuessEvery)
	h.try(t, "ann", password, nil)
}

// TestPlacesHaveOwnLimits: the guesses of one place do not lock other places out.
func TestPlacesHaveOwnLimits(t *testing.T) {
	h := newLocked(t)
	looked := 0
	for range 3000 { // ten guesses a second, for five minutes
		if _, err := h.auth.UserByPassword(t.Context(), "there", "ann", wrong); errors.Is(err, auth.ErrPassword) {
			looked++
		}
		h.now = h.now.Add(100 * time.Millisecond)
	}
	if want := auth.MaxGuesses + int(5*time.Minute/auth.GuessEvery); looked < want-1 || looked > want {
		t.Errorf("%d guesses were checked, want %d", looked, want)
	}
	h.tryFrom(t, "there", "ann", wrong, auth.ErrPassword)
	h.tryFrom(t, "there", "ann", password, auth.ErrTooMany)
	h.tryFrom(t, "here", "ann", password, nil)
	h.tryFrom(t, "here", "ann", wrong, auth.ErrPassword)
}

// TestAllPlacesTogether: a hundred in a row for one login, then one a second, from however
// many places. A place does not lose a guess that is refused for that reason.
func TestAllPlacesTogether(t *testing.T) {
	for login, want := range map[string]error{"ann": auth.ErrPassword, "nobody": auth.ErrUnknownLogin} {
		h := newLocked(t)
		for i := range auth.MaxAllGuesses {
			h.tryFrom(t, fmt.Sprint(i), login, wrong, want)
		}
		for range auth.MaxGuesses {
			h.tryFrom(t, "here", login, wrong, auth.ErrTooMany)
		}
		h.tryFrom(t, "here", login, password, auth.ErrTooMany)
		h.now = h.now.Add(auth.AllGuessesEvery - 1)
		h.tryFrom(t, "here", login, wrong, auth.ErrTooMany)
		h.now = h.now.Add(1)
		h.tryFrom(t, "here", login, wrong, want)
		h.tryFrom(t, "there", login, wrong, auth.ErrTooMany)
		h.tryFrom(t, "there", "bob", wrong, auth.ErrPassword)
		h.now = h.now.Add(auth.MaxAllGuesses * auth.AllGuessesEvery)
		for range auth.MaxGuesses {
			h.tryFrom(t, "here", login, wrong, want)
		}
		h.tryFrom(t, "here", login, wrong, auth.ErrTooMany)
		h.tryFrom(t, "there", login, wrong, want)
	}
}

// TestConcurrentGuesses: guesses that wait in the queue together count too.
func TestConcurrentGuesses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newLocked(t)
		done := h.busy(t)
		errs := make([]error, auth.MaxWaiting-1)
		var group sync.WaitGroup
		for i := range errs {
			group.Go(func() { _, errs[i] = h.auth.UserByPassword(t.Context(), "here", "ann", wrong) })
		}
		synctest.Wait()
		done()
		group.Wait()
		looked, refused := 0, 0
		for _, err := range errs {
			switch {
			case errors.Is(err, auth.ErrPassword):
				looked++
			case errors.Is(err, auth.ErrTooMany):
				refused++
			}
		}
		if looked != auth.MaxGuesses || refused != len(errs)-looked {
			t.Errorf("%d were checked and %d refused, want %d and the rest: %v", looked, refused, auth.MaxGuesses, errs)
		}
	})
}

// TestRefusedAfterQueueIsNotCounted: a guess that is refused after the queue, because others
// used up the limit, does not count.
func TestRefusedAfterQueueIsNotCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newLocked(t)
		for i := range auth.MaxAllGuesses - 1 {
			h.tryFrom(t, fmt.Sprint(i), "ann", wrong, auth.ErrPassword)
		}
		done := h.busy(t)
		var group sync.WaitGroup
		for range auth.MaxGuesses {
			group.Go(func() { _, _ = h.auth.UserByPassword(t.Context(), "here", "ann", wrong) })
		}
		synctest.Wait()
		done()
		group.Wait()
		h.now = h.now.Add((auth.MaxGuesses - 1) * auth.AllGuessesEvery)
		for range auth.MaxGuesses - 1 {
			h.try(t, "ann", wrong, auth.ErrPassword)
		}
	})
}

// TestOnlyCheckedGuessesAreRemembered: requests that wait, are refused or leave have no key
// in the limits, so that they cannot push out a login that is attacked.
func TestOnlyCheckedGuessesAreRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newLocked(t)
		for range auth.MaxGuesses {
			h.try(t, "ann", wrong, auth.ErrPassword)
		}
		want := func(rule string, want int) {
			t.Helper()
			if near, all := h.auth.GuessedAt(); near != want || all != want {
				t.Errorf("%s: %d places and %d logins are remembered, want %d", rule, near, all, want)
			}
		}
		want("guesses at one login", 1)
		done := h.busy(t)
		ctx, leave := context.WithCancel(t.Context())
		for i := range 10 * auth.MaxWaiting {
			go func() { _, _ = h.auth.UserByPassword(ctx, "here", fmt.Sprint("nobody", i), wrong) }()
		}
		synctest.Wait()
		want("those who wait", 1)
		began := time.Now()
		h.try(t, "ann", wrong, auth.ErrTooMany)
		if waited := time.Since(began); waited != 0 {
			t.Errorf("a refused caller waited %v", waited)
		}
		leave()
		synctest.Wait()
		want("those who left", 1)
		done()
		for i := range 100 {
			h.try(t, "ann", wrong, auth.ErrTooMany)
			h.try(t, fmt.Sprint("nobody", i), "short", auth.ErrPassword)
		}
		want("those who were refused", 1)
		h.try(t, "nobody", wrong, auth.ErrUnknownLogin)
		want("one more that was looked at", 2)
		h.try(t, "bob", wrong, auth.ErrPassword)
		h.now = h.now.Add(time.Hour)
		h.try(t, "ann", password, nil)
		want("one that was right", 2)
	})
}
