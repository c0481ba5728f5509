package limit_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/footfall/footfall/limit"
)

func TestTake(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	l := limit.New(2, 5, func() time.Time { return now })
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
	// A clock that is set back neither gives nor takes.
	now = now.Add(-time.Hour)
	if s := l.Take("ann"); !s.OK || s.Remaining != 3 {
		t.Fatalf("with the clock set back: %+v", s)
	}
}

func TestNoLimit(t *testing.T) {
	l := limit.New(0, 0, time.Now)
	for range 1000 {
		if s := l.Take("ann"); !s.OK || s.Limit != 0 {
			t.Fatalf("without limits: %+v", s)
		}
	}
}

func TestManyKeys(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	l := limit.New(1, 1, func() time.Time { return now })
	l.Take("ann")
	for i := range 200_000 { // ann is forgotten, and memory stays bounded
		l.Take(fmt.Sprint(i))
	}
	if s := l.Take("ann"); !s.OK {
		t.Fatalf("a forgotten key: %+v", s)
	}
}
