package auth_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/footfall/footfall/internal/core/auth"
)

// busy blocks the queue until done.
func (h *locked) busy(t *testing.T) (done func()) {
	t.Helper()
	done, err := h.auth.TakeTurn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// TestPasswordsQueue: passwords of all logins wait in one queue, for a bounded time.
// Waiting does not count as a guess.
func TestPasswordsQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newLocked(t)
		done := h.busy(t)
		for range 2 * auth.MaxGuesses {
			for _, login := range []string{"ann", "bob", "nobody"} {
				began := time.Now()
				h.try(t, login, wrong, auth.ErrBusy)
				if waited := time.Since(began); waited != auth.MaxWait {
					t.Fatalf("%s waited %v, want %v", login, waited, auth.MaxWait)
				}
			}
		}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			h.try(t, "ann", password, nil)
		}()
		synctest.Wait()
		select {
		case <-ended:
			t.Error("two passwords were checked at the same time")
		default:
		}
		done()
		<-ended
	})
}

func TestQueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newLocked(t)
		done := h.busy(t)
		ctx, cancel := context.WithCancel(t.Context())
		for range auth.MaxWaiting {
			go func() {
				if _, err := h.auth.TakeTurn(ctx); !errors.Is(err, context.Canceled) {
					t.Errorf("a caller whose context ended got %v", err)
				}
			}()
		}
		synctest.Wait()
		began := time.Now()
		h.try(t, "ann", password, auth.ErrBusy)
		if waited := time.Since(began); waited != 0 {
			t.Errorf("a caller too many waited %v", waited)
		}
		cancel()
		synctest.Wait()
		done()
		h.try(t, "ann", password, nil)
	})
}
