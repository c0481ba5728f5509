package throttle_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/footfall/footfall/internal/base/throttle"
)

// take takes a seat that is free.
func take(t *testing.T, s *throttle.Seats, key string) (release func()) {
	t.Helper()
	release, err := s.Take(t.Context(), key)
	if err != nil {
		t.Fatalf("a free seat for %s: %v", key, err)
	}
	return release
}

// wait waits for a seat, and sends its release to the channel.
func wait(t *testing.T, s *throttle.Seats, key string) <-chan func() {
	t.Helper()
	seat := make(chan func(), 1)
	go func() {
		release, err := s.Take(t.Context(), key)
		if err != nil {
			t.Errorf("%s waited, and failed: %v", key, err)
		}
		seat <- release
	}()
	synctest.Wait()
	if len(seat) > 0 {
		t.Errorf("%s did not have to wait", key)
	}
	return seat
}

func refused(t *testing.T, s *throttle.Seats, key string) {
	t.Helper()
	if _, err := s.Take(t.Context(), key); !errors.Is(err, throttle.ErrBusy) {
		t.Errorf("%s should be refused, and got %v", key, err)
	}
}

func TestSeats(t *testing.T) { synctest.Test(t, seats) }

func seats(t *testing.T) {
	s := throttle.NewSeats(throttle.SeatLimits{All: 3, Each: 2, Waiting: 3, WaitingEach: 2, Timeout: time.Hour})
	ann1, ann2 := take(t, s, "ann"), take(t, s, "ann")
	ann3, ann4 := wait(t, s, "ann"), wait(t, s, "ann") // they have their share
	refused(t, s, "ann")
	bob1 := take(t, s, "bob") // comes later, and has no seat yet
	bob2 := wait(t, s, "bob")
	refused(t, s, "cat") // three wait
	bob1()
	(<-bob2)() // ann still has her share
	ann1()
	a := <-ann3
	ann2()
	b := <-ann4
	if n := s.Waiting(); n != 0 {
		t.Errorf("%d still wait", n)
	}
	cat := take(t, s, "cat")
	a()
	b()
	cat()
	for _, key := range []string{"ann", "ann", "bob"} { // all are free again
		take(t, s, key)
	}
}

func TestTimeout(t *testing.T) { synctest.Test(t, testTimeout) }

func testTimeout(t *testing.T) {
	s := throttle.NewSeats(throttle.SeatLimits{All: 1, Each: 1, Waiting: 1, WaitingEach: 1, Timeout: time.Hour})
	began := time.Now()
	release := take(t, s, "ann")
	refused(t, s, "bob")
	if n, waited := s.Waiting(), time.Since(began); n != 0 || waited != time.Hour {
		t.Errorf("after %s %d still wait", waited, n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Take(ctx, "bob"); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller that left before a seat was free got %v", err)
	}
	release()
	take(t, s, "bob")
}

func TestNilSeats(t *testing.T) {
	var s *throttle.Seats
	for range 100 {
		take(t, s, "ann")
	}
}
