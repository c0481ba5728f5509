package auth

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

const (
	// maxWait is the maximum time that a password waits until it is checked.
	maxWait = 5 * time.Second
	// maxWaiting is the maximum number that wait, about as many as can be checked in
	// maxWait.
	maxWaiting = 32
)

// queue lets one password be computed at a time, so that an attacker can use one core and
// no more.
type queue struct {
	one     chan struct{}
	waiting atomic.Int32
}

func newQueue() *queue { return &queue{one: make(chan struct{}, 1)} }

// take waits until the caller may compute, which ends with done. It fails with ErrBusy if
// too many wait or if it takes too long.
func (t *queue) take(ctx context.Context) (done func(), err error) {
	defer t.waiting.Add(-1)
	if t.waiting.Add(1) > maxWaiting {
		return nil, fmt.Errorf("auth: more than %d passwords wait: %w", maxWaiting, ErrBusy)
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
