package datadir

import "context"

// turn is a lock for which nobody waits longer than his context lasts. It has
// room for one.
type ctxMutex chan struct{}

func (t ctxMutex) lock(ctx context.Context) error {
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t ctxMutex) unlock() { <-t }
