package limit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// ErrBusy: no seat became free in time, or too many wait for one already.
var ErrBusy = errors.New("too many at once")

// Room says how many may do something at once.
type Room struct {
	// All is how many at once in all, and Each how many of one key; 1 at least.
	All, Each int
	// Waiting is how many may wait for a seat, and WaitingEach how many of one
	// key. Others are refused at once.
	Waiting, WaitingEach int
	// Patience is how long one waits.
	Patience time.Duration
}

// Seats bounds how many do something at the same time. Who waits comes in turn,
// except that a key which has its share lets others go first. A nil Seats lets
// everybody in. It is safe for concurrent use.
type Seats struct {
	room Room

	mu      sync.Mutex
	taken   int
	of      map[string]int
	line    []*waiter // the first to come first
	waiting map[string]int
}

type waiter struct {
	key   string
	given chan struct{} // closed once there is a seat
}

// NewSeats has all seats free.
func NewSeats(r Room) *Seats { return &Seats{room: r, of: map[string]int{}, waiting: map[string]int{}} }

// Take takes a seat, and waits for one as long as the room's patience and ctx
// allow. It fails with ErrBusy or with the error of ctx. Whoever has a seat
// calls release, once.
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
	if len(s.line) >= s.room.Waiting || s.waiting[key] >= s.room.WaitingEach {
		s.mu.Unlock()
		return nil, fmt.Errorf("limit: others wait: %w", ErrBusy)
	}
	w := &waiter{key: key, given: make(chan struct{})}
	s.line = append(s.line, w)
	s.waiting[key]++
	s.mu.Unlock()

	patience := time.NewTimer(s.room.Patience)
	defer patience.Stop()
	select {
	case <-w.given:
		return release, nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-patience.C:
		err = ErrBusy
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.leave(w) { // it was given a seat just now
		return release, nil
	}
	return nil, fmt.Errorf("limit: waited for a seat: %w", err)
}

// Waiting is how many wait.
func (s *Seats) Waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.line)
}

func (s *Seats) free(key string) bool { return s.taken < s.room.All && s.of[key] < s.room.Each }

func (s *Seats) take(key string) {
	s.taken++
	s.of[key]++
}

func (s *Seats) release(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken--
	less(s.of, key)
	for i := 0; i < len(s.line) && s.taken < s.room.All; {
		w := s.line[i]
		if !s.free(w.key) {
			i++
			continue
		}
		s.leave(w)
		s.take(w.key)
		close(w.given)
	}
}

// leave takes the waiter out of the line, if it is in it.
func (s *Seats) leave(w *waiter) bool {
	i := slices.Index(s.line, w)
	if i < 0 {
		return false
	}
	s.line = slices.Delete(s.line, i, i+1)
	less(s.waiting, w.key)
	return true
}

// less counts down, and forgets keys of which there is none.
func less(counts map[string]int, key string) {
	if counts[key]--; counts[key] == 0 {
		delete(counts, key)
	}
}
