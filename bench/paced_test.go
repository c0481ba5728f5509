package main

import (
	"testing"
	"time"
)

func TestSchedule(t *testing.T) {
	s := schedule{connections: 4, perSecond: 100}
	for _, c := range []struct {
		connection, n int
		want          time.Duration
	}{{0, 0, 0}, {1, 0, 10 * time.Millisecond}, {3, 0, 30 * time.Millisecond}, {0, 1, 40 * time.Millisecond}, {2, 25, 1020 * time.Millisecond}} {
		if got := s.due(c.connection, c.n); got != c.want {
			t.Errorf("request %d of connection %d is due after %v, want %v", c.n, c.connection, got, c.want)
		}
	}
}

func TestAlternate(t *testing.T) {
	order := ""
	one := func(name string) func() (float64, error) {
		return func() (float64, error) { order += name; return float64(len(order)), nil }
	}
	ours, theirs, err := alternate(3, one("o"), one("t"))
	if err != nil || order != "ottoot" || len(ours) != 3 || ours[1] != 4 || theirs[1] != 3 {
		t.Errorf("the order is %s, ours %v, theirs %v (%v)", order, ours, theirs, err)
	}
}
