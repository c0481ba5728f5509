package pebble

import (
	"context"
	"errors"
	"sync"
)

// Sync implements store.Counting. It fails if the disk refuses the flush, and
// may be called again.
func (s *Store) Sync(ctx context.Context) error {
	return s.calls.run("sync", func() error { return s.flush(ctx) })
}

func (s *Store) flush(ctx context.Context) error {
	failed := s.failing.wait()
	for {
		done, all, err := s.beginFlush()
		if err != nil {
			return err
		}
		select {
		case <-done:
			if all {
				return nil
			}
		case <-failed:
			return s.failing.last()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// beginFlush makes the engine write its memory to the disk; done is closed
// when it has. If an earlier flush is still running, done is that flush's and all
// is false: each flush that starts takes memory, and at a limit the engine would
// block every caller.
func (s *Store) beginFlush() (done <-chan struct{}, all bool, err error) {
	s.flushing.Lock()
	defer s.flushing.Unlock()
	if s.pending != nil {
		select {
		case <-s.pending:
		default:
			return s.pending, false, nil
		}
	}
	s.pending, err = s.db.AsyncFlush()
	return s.pending, true, err
}

// Close makes everything counted durable and closes the store. It waits for calls
// in progress; later ones fail. After an error the directory may stay locked until
// the process ends.
func (s *Store) Close() error {
	s.faults.close.Do(func() { close(s.faults.closing) }) // calls in progress stop waiting for the disk
	if !s.calls.close() {
		return nil
	}
	closed := make(chan error, 1)
	go func() {
		err := s.flush(context.Background())
		s.shown.wait()
		closed <- errors.Join(err, s.db.Close())
	}()
	var err error
	select {
	case err = <-closed:
	case err = <-s.stuck: // perhaps for ever
	}
	if err != nil {
		return failed("close", err)
	}
	return nil
}

// failing reports failures in the background to callers that wait for a flush: the
// engine retries a flush for ever, and does not report that it failed.
type failing struct {
	mu   sync.Mutex
	next chan struct{} // closed at the next failure
	err  error
}

func (f *failing) report(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
	close(f.next)
	f.next = make(chan struct{})
}

func (f *failing) wait() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.next
}

func (f *failing) last() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}
