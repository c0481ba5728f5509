package server

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// TestRandomAdmissions draws random events, and checks after each that the state of
// the limiter is consistent and that no connection was closed that waits for an
// answer.
func TestRandomAdmissions(t *testing.T) {
	t.Parallel()
	r := seedtest.Rand(t)
	for range 20 {
		l := newTestListener(24)
		type entry struct {
			c       *limitedConn
			fake    *fakeConn
			pending int
		}
		var open []*entry
		for range 400 {
			switch r.IntN(6) {
			case 0, 1, 2:
				from := fmt.Sprintf("192.0.2.%d", r.IntN(6))
				if r.IntN(5) == 0 {
					from = "10.0.0.1"
				}
				if l.allPending(from) {
					continue
				}
				c, fake := l.accept(t, from)
				open = append(open, &entry{c, fake, 0})
			case 3:
				if e := draw(r, open); e != nil {
					l.addPending(e.c, 1, false)
					e.pending++
				}
			case 4:
				if e := draw(r, open); e != nil && e.pending > 0 {
					l.addPending(e.c, -1, r.IntN(2) == 0)
					e.pending--
				}
			case 5:
				if e := draw(r, open); e != nil {
					if err := e.c.Close(); err != nil {
						t.Fatal(err)
					}
				}
			}
			kept := open[:0]
			for _, e := range open {
				switch {
				case !e.fake.closed:
					kept = append(kept, e)
				case e.pending > 0 && e.c.network != nil:
					t.Fatal("a connection was closed that waits for an answer")
				}
			}
			open = kept
			l.check(t, len(open))
		}
	}
}

func draw[T any](r *rand.Rand, from []*T) *T {
	if len(from) == 0 {
		return nil
	}
	return from[r.IntN(len(from))]
}

// allPending reports whether one more connection from the address would wait, or
// replace one that waits for an answer.
func (l *testListener) allPending(from string) bool {
	evictable := 0
	for _, n := range l.networks {
		evictable += len(n.evictable)
	}
	n := l.networks[netip.PrefixFrom(netip.MustParseAddr(from), 32)]
	if n != nil && !n.proxy && len(n.all) >= l.maxPerNetwork {
		return len(n.evictable) == 0
	}
	return l.open >= l.maxConns && evictable == 0
}

// check compares the state of the limiter with the number of open connections, and
// its heaps with the connections in them.
func (l *testListener) check(t *testing.T, open int) {
	t.Helper()
	total := 0
	for prefix, n := range l.networks {
		total += len(n.all)
		evictable := 0
		for c := range n.all {
			if c.network != n {
				t.Fatal("a connection is in two networks")
			}
			if c.pending == 0 {
				evictable++
				if n.evictable[c.index] != c {
					t.Fatal("a connection has the wrong index")
				}
			}
			if len(n.evictable) > 0 && c.pending == 0 && c.since < n.evictable[0].since {
				t.Fatal("the first connection is not the one that has waited longest")
			}
		}
		if evictable != len(n.evictable) || len(n.all) == 0 || prefix != n.prefix || l.order[n.index] != n || !n.proxy && len(n.all) > l.maxPerNetwork {
			t.Fatalf("%v has %d connections, of which %d may be closed; the limiter has %d", prefix, len(n.all), evictable, len(n.evictable))
		}
		if n.before(l.order[0]) {
			t.Fatalf("the limiter would close a connection of %v next, want one of %v", l.order[0].prefix, prefix)
		}
	}
	if total != open || total != l.open || open > l.maxConns || len(l.order) != len(l.networks) {
		t.Fatalf("%d connections are open; the limiter has %d, and its networks %d", open, l.open, total)
	}
	heap.Init(&l.order) // any order of the heap will do
}
