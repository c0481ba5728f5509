package auth

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

const (
	// maxWait is how long a password waits until it is looked at.
	maxWait = 5 * time.Second
	// maxWaiting is how many wait: about as many as get their turn in maxWait.
	maxWaiting = 32
)

// turns lets one computation of a password run at a time, so that whoever
// guesses gets one core and no more.
type turns struct {
	one     chan struct{}
	waiting atomic.Int32
}

func newTurns() *turns { return &turns{one: make(chan struct{}, 1)} }

// take waits for a turn, which ends with done. The error is ErrBusy where too
// many wait or where it takes too long.
func (t *turns) take(ctx context.Context) (done func(), err error) {
	defer t.waiting.Add(-1)
	if t.waiting.Add(1) > maxWaiting {
		return nil, fmt.Errorf("auth: more than %d: %w", maxWaiting, ErrBusy)
	}
	timeout := time.NewTimer(maxWait)
	defer timeout.Stop()
	select {
	case t.one <- struct{}{}:
		return func() { <-t.one }, nil
	case <-timeout.C:
		return nil, fmt.Errorf("auth: a password waited %v: %w", maxWait, ErrBusy)
	case <-ctx.Done():
		return nil, fmt.Errorf("auth: a password waited: %w", ctx.Err())
	}
}
