package throttle_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/throttle"
)

func TestTake(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	l := throttle.New(throttle.PerSecond(2), 5, func() time.Time { return now })
	for i := range 5 {
		if s := l.Take("ann"); !s.OK || s.Limit != 5 || s.Remaining != 4-i {
			t.Fatalf("take %d of 5 at once: %+v", i+1, s)
		}
	}
	if s := l.Take("ann"); s.OK || s.Remaining != 0 || s.Retry != 500*time.Millisecond || s.Reset != 2500*time.Millisecond {
		t.Fatalf("the sixth at once: %+v", s)
	}
	if s := l.Take("bob"); !s.OK {
		t.Fatalf("another key: %+v", s)
	}
	now = now.Add(time.Second)
	for i, want := range []bool{true, true, false} {
		if s := l.Take("ann"); s.OK != want {
			t.Fatalf("take %d a second later: %+v", i+1, s)
		}
	}
	now = now.Add(time.Hour)
	if s := l.Take("ann"); !s.OK || s.Remaining != 4 || s.Reset != 500*time.Millisecond || s.Retry != 0 {
		t.Fatalf("an hour later: %+v", s)
	}
	// A clock that is set back frees no tokens and takes none.
	now = now.Add(-time.Hour)
	if s := l.Take("ann"); !s.OK || s.Remaining != 3 {
		t.Fatalf("with the clock set back: %+v", s)
	}
}

func TestNoLimit(t *testing.T) {
	l := throttle.New(0, 0, time.Now)
	for range 1000 {
		if s := l.Take("ann"); !s.OK || s.Limit != 0 {
			t.Fatalf("without limits: %+v", s)
		}
		if s := l.Look("ann"); !s.OK || s.Limit != 0 {
			t.Fatalf("without limits: %+v", s)
		}
		l.GiveBack("ann")
	}
}

func TestManyKeys(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	l := throttle.New(time.Second, 1, func() time.Time { return now })
	l.Take("ann")
	for i := range 200_000 { // ann is forgotten
		l.Take(fmt.Sprint(i))
	}
	if n := l.Len(); n != throttle.MaxKeys {
		t.Errorf("%d keys are remembered, want %d", n, throttle.MaxKeys)
	}
	if s := l.Take("ann"); !s.OK {
		t.Fatalf("a forgotten key: %+v", s)
	}
}

// TestGiveBack: GiveBack undoes a Take.
func TestGiveBack(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	l := throttle.New(time.Second, 2, func() time.Time { return now })
	for range 100 {
		if s := l.Take("ann"); !s.OK {
			t.Fatalf("after everything was given back: %+v", s)
		}
		l.GiveBack("ann")
	}
	if n := l.Len(); n != 0 {
		t.Errorf("%d keys that have taken nothing are remembered", n)
	}
	l.Take("ann")
	l.Take("ann")
	l.GiveBack("ann")
	for i, want := range []bool{true, false} {
		if s := l.Take("ann"); s.OK != want {
			t.Errorf("take %d after one of two was given back: %+v", i+1, s)
		}
	}
	now = now.Add(time.Hour)
	l.GiveBack("ann") // when all tokens are free, it adds none
	l.GiveBack("unknown")
	for i, want := range []bool{true, true, false} {
		if s := l.Take("ann"); s.OK != want {
			t.Errorf("take %d an hour later: %+v", i+1, s)
		}
	}
}

// TestLook: Look returns what Take would, and changes nothing.
func TestLook(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	l := throttle.New(time.Second, 2, func() time.Time { return now })
	for range 100 {
		if s := l.Look("ann"); !s.OK || s.Remaining != 2 {
			t.Fatalf("a key that took nothing: %+v", s)
		}
	}
	if n := l.Len(); n != 0 {
		t.Errorf("%d keys are remembered because of Look", n)
	}
	l.Take("ann")
	l.Take("ann")
	if s := l.Look("ann"); s.OK || s.Remaining != 0 || s.Retry != time.Second {
		t.Errorf("a key that took both: %+v", s)
	}
	now = now.Add(time.Second)
	if s := l.Look("ann"); !s.OK || s.Remaining != 1 {
		t.Errorf("a second later: %+v", s)
	}
	// Look notices a clock that was set back, too.
	now = now.Add(-time.Hour)
	l.Look("ann")
	now = now.Add(time.Second)
	if s := l.Look("ann"); s.Remaining != 2 {
		t.Errorf("a second after the clock was set back: %+v", s)
	}
}

// TestPerSecond: n intervals fit into a second.
func TestPerSecond(t *testing.T) {
	for _, n := range []int{-1, 0} {
		if throttle.PerSecond(n) != 0 {
			t.Errorf("%d in a second take %v", n, throttle.PerSecond(n))
		}
	}
	for _, n := range []int{1, 2, 3, 7, 1000, 999_999_999, 2_000_000_000} {
		if every := throttle.PerSecond(n); every < 1 || every > time.Second/time.Duration(min(n, 1e9)) {
			t.Errorf("%d in a second take %v each", n, every)
		}
	}
}
