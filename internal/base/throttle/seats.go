package throttle

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// ErrBusy means that no seat became free in time, or that too many callers wait
// for one.
var ErrBusy = errors.New("too many at once")

// SeatLimits says how many callers have a seat and how many wait for one.
type SeatLimits struct {
	// All is the number of seats, and Each how many of them one key may have.
	// Both are at least 1.
	All, Each int
	// Waiting is the maximum number of callers that wait, and WaitingEach the maximum
	// for one key. Take refuses further ones at once.
	Waiting, WaitingEach int
	// Timeout is the maximum time that a caller waits.
	Timeout time.Duration
}

// Seats bounds how many callers do something at the same time. Seats are given in
// the order of arrival, except that a key which has its share is passed over. A
// nil Seats has a seat for every caller. It is safe for concurrent use.
type Seats struct {
	limits SeatLimits

	mu      sync.Mutex
	taken   int
	takenBy map[string]int // seats taken, by key
	queue   []*waiter      // in the order of arrival
	waiting map[string]int // callers in the queue, by key
}

type waiter struct {
	key   string
	given chan struct{} // closed when the waiter has a seat
}

// NewSeats makes Seats that are all free.
func NewSeats(l SeatLimits) *Seats {
	return &Seats{limits: l, takenBy: map[string]int{}, waiting: map[string]int{}}
}

// Take takes a seat for the key. It waits for one until SeatLimits.Timeout is
// over or ctx ends, and then fails with ErrBusy or the error of ctx. The caller
// calls release once.
func (s *Seats) Take(ctx context.Context, key string) (release func(), err error) {
	if s == nil {
		return func() {}, nil
	}
	release = func() { s.release(key) }
	s.mu.Lock()
	if s.free(key) {
		s.take(key)
		s.mu.Unlock()
		return release, nil
	}
	if len(s.queue) >= s.limits.Waiting || s.waiting[key] >= s.limits.WaitingEach {
		s.mu.Unlock()
		return nil, fmt.Errorf("the queue is full: %w", ErrBusy)
	}
	w := &waiter{key: key, given: make(chan struct{})}
	s.queue = append(s.queue, w)
	s.waiting[key]++
	s.mu.Unlock()

	timeout := time.NewTimer(s.limits.Timeout)
	defer timeout.Stop()
	select {
	case <-w.given:
		return release, nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-timeout.C:
		err = ErrBusy
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.leave(w) { // it was given a seat in the meantime
		return release, nil
	}
	return nil, fmt.Errorf("no seat became free: %w", err)
}

// Waiting returns the number of callers that wait.
func (s *Seats) Waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.queue)
}

func (s *Seats) free(key string) bool {
	return s.taken < s.limits.All && s.takenBy[key] < s.limits.Each
}

func (s *Seats) take(key string) {
	s.taken++
	s.takenBy[key]++
}

func (s *Seats) release(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken--
	decrement(s.takenBy, key)
	for i := 0; i < len(s.queue) && s.taken < s.limits.All; {
		w := s.queue[i]
		if !s.free(w.key) {
			i++
			continue
		}
		s.leave(w)
		s.take(w.key)
		close(w.given)
	}
}

// leave removes the waiter from the queue; false if it is not there.
func (s *Seats) leave(w *waiter) bool {
	i := slices.Index(s.queue, w)
	if i < 0 {
		return false
	}
	s.queue = slices.Delete(s.queue, i, i+1)
	decrement(s.waiting, w.key)
	return true
}

// decrement counts the key down, and removes it at 0.
func decrement(counts map[string]int, key string) {
	if counts[key]--; counts[key] == 0 {
		delete(counts, key)
	}
}
