package server

import (
	"container/heap"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// caller is a connection of an address, which nobody reads.
type caller struct {
	net.Conn
	from   netip.AddrPort
	closed bool
}

func (c *caller) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(c.from) }

func (c *caller) Close() error {
	c.closed = true
	return nil
}

// callers is a listener to which callers come.
type callers chan *caller

var errNobody = errors.New("nobody comes any more")

func (l callers) Accept() (net.Conn, error) {
	if c, ok := <-l; ok {
		return c, nil
	}
	return nil, errNobody
}
func (l callers) Close() error   { close(l); return nil }
func (l callers) Addr() net.Addr { return &net.TCPAddr{} }

// desk lets callers in, one at a time.
type desk struct {
	*connections
	*door
	calls callers
}

func newDesk(most int) *desk {
	calls := make(callers, 100)
	c := limitConnections(most, time.Hour, func(a netip.Addr) bool { return a == netip.MustParseAddr("10.0.0.1") })
	return &desk{c, c.door(calls), calls}
}

func (d *desk) call(from string) *caller {
	c := &caller{from: netip.AddrPortFrom(netip.MustParseAddr(from), 1)}
	d.calls <- c
	return c
}

func (d *desk) admitted(t *testing.T, from string) (*connection, *caller) {
	t.Helper()
	c := d.call(from)
	n, err := d.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return n.(*connection), c
}

// TestWhoGivesWay: the address that has most gives way, of it the connection that
// has waited for its client longest, and none that waits for an answer.
func TestWhoGivesWay(t *testing.T) {
	t.Parallel()
	d := newDesk(40) // so 16 of an address
	var many []*caller
	var first *connection
	for i := range 16 {
		n, c := d.admitted(t, fmt.Sprintf("2001:db8::%x", i)) // one /64
		many = append(many, c)
		if i == 0 {
			first = n
		}
	}
	d.owe(first, 1, false)
	gone := func(what string, want ...int) {
		t.Helper()
		var got []int
		for i, c := range many {
			if c.closed {
				got = append(got, i)
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %d gave way, want %d", what, got, want)
		}
	}
	gone("none too many")
	d.admitted(t, "2001:db8::ffff")
	gone("its own next", 1)
	d.owe(first, -1, true)
	d.admitted(t, "2001:db8::fffe")
	gone("the answered one is new again", 1, 2)
	for i := range 24 {
		d.admitted(t, fmt.Sprintf("192.0.2.%d", i))
	}
	gone("all are taken", 1, 2)
	for i := range 3 {
		d.admitted(t, fmt.Sprintf("198.51.100.%d", i))
	}
	gone("three others", 1, 2, 3, 4, 5)
	_, single := d.admitted(t, "2001:db8:1::")
	for i := range 100 {
		d.admitted(t, fmt.Sprintf("2001:db8::1:%x", i))
	}
	if single.closed {
		t.Error("one address drove another one out")
	}
}

// TestWhoWaitsForAnAnswer: where each of an address waits for the server, the one
// that wants most of it gives way; and where each of all does, the next waits for
// the first that is answered.
func TestWhoWaitsForAnAnswer(t *testing.T) {
	t.Parallel()
	d := newDesk(40)
	var all []*connection
	for range 16 {
		n, _ := d.admitted(t, "192.0.2.1")
		d.owe(n, 1, false)
		all = append(all, n)
	}
	d.owe(all[7], 1, false)
	same, _ := d.admitted(t, "192.0.2.1")
	d.owe(same, 1, false)
	for i, n := range all {
		if n.Conn.(*caller).closed != (i == 7) {
			t.Errorf("connection %d of the address: gave way: %v", i, i != 7)
		}
	}
	for i := range 24 {
		n, _ := d.admitted(t, fmt.Sprintf("198.51.100.%d", i))
		d.owe(n, 1, false)
	}
	next := make(chan net.Conn, 1)
	accept := func() {
		c, _ := d.Accept()
		next <- c
	}
	d.call("203.0.113.1")
	go accept()
	d.owe(all[3], -1, true)
	first := <-next
	if first == nil || !all[3].Conn.(*caller).closed {
		t.Fatal("the one that was answered did not give way")
	}
	d.owe(first.(*connection), 1, false)
	d.call("203.0.113.2")
	go accept()
	if err := all[4].Close(); err != nil {
		t.Error(err)
	}
	second := <-next
	if second == nil {
		t.Fatal("nobody took the place of the one that was closed")
	}
	d.owe(second.(*connection), 1, false)
	d.call("203.0.113.3")
	go accept()
	if err := d.door.Close(); err != nil {
		t.Error(err)
	}
	if <-next != nil {
		t.Error("somebody was let in where nobody is any more")
	}
}

// TestListenersShareBounds: whoever comes to one listener takes the place of one who
// came to another, and a listener that is closed lets those of the other wait on.
func TestListenersShareBounds(t *testing.T) {
	t.Parallel()
	one := newDesk(2)
	calls := make(callers, 100)
	two := &desk{one.connections, one.connections.door(calls), calls}
	_, first := one.admitted(t, "192.0.2.1")
	second, _ := two.admitted(t, "192.0.2.2")
	third, _ := two.admitted(t, "192.0.2.3")
	if !first.closed {
		t.Error("three were let in by two listeners, where there is room for two")
	}
	one.owe(second, 1, false)
	one.owe(third, 1, false)
	type accepted struct {
		c   net.Conn
		err error
	}
	next := map[*desk]chan accepted{one: make(chan accepted, 1), two: make(chan accepted, 1)}
	for d, next := range next {
		d.call("192.0.2.4")
		go func() {
			c, err := d.Accept()
			next <- accepted{c, err}
		}()
	}
	if err := one.door.Close(); err != nil {
		t.Error(err)
	}
	if got := <-next[one]; got.err == nil {
		t.Error("a closed listener let somebody in")
	}
	if err := second.Close(); err != nil {
		t.Error(err)
	}
	if got := <-next[two]; got.err != nil {
		t.Errorf("the other listener let nobody in: %v", got.err)
	}
}

// TestNothingIsDoneForNobody: a request of a connection that has given way, or
// that gives way because of the request, is not worked on.
func TestNothingIsDoneForNobody(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]func(d *desk, c *connection){
		"it gave way before": func(d *desk, c *connection) {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.evict(c)
		},
		"it gives way because of the request": func(d *desk, c *connection) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.charge(d.mostHeld)
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(40)
			c, _ := d.admitted(t, "192.0.2.1")
			before(d, c)
			defer func() {
				if r := recover(); r != http.ErrAbortHandler {
					t.Errorf("the request ended with %v", r)
				}
			}()
			h := d.attend(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was worked on") }))
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(d.context(t.Context(), c), "GET", "/", nil))
		})
	}
}

// TestProxyGivesWayAsOne: a proxy may have all, and gives way as a single client
// does.
func TestProxyGivesWayAsOne(t *testing.T) {
	t.Parallel()
	d := newDesk(40)
	var proxied []*caller
	for range 30 {
		_, c := d.admitted(t, "10.0.0.1")
		proxied = append(proxied, c)
	}
	var pair, single []*caller
	for range 2 {
		_, c := d.admitted(t, "192.0.2.1")
		pair = append(pair, c)
	}
	for i := range 10 {
		_, c := d.admitted(t, fmt.Sprintf("198.51.100.%d", i))
		single = append(single, c)
	}
	if !pair[0].closed || pair[1].closed || !proxied[0].closed || proxied[1].closed || single[0].closed {
		t.Error("who has two gives one, and then the proxy gives what has waited longest")
	}
}

// TestBooks draws what may happen, and sees that the books are right after each
// step, and that who gives way is who should.
func TestBooks(t *testing.T) {
	t.Parallel()
	r := seedtest.Rand(t)
	for range 20 {
		d := newDesk(24)
		type entry struct {
			n    *connection
			c    *caller
			owed int
		}
		var open []*entry
		for range 400 {
			switch r.IntN(6) {
			case 0, 1, 2:
				from := fmt.Sprintf("192.0.2.%d", r.IntN(6))
				if r.IntN(5) == 0 {
					from = "10.0.0.1"
				}
				if stuck := d.stuck(from); stuck {
					continue
				}
				n, c := d.admitted(t, from)
				open = append(open, &entry{n, c, 0})
			case 3:
				if e := draw(r, open); e != nil {
					d.owe(e.n, 1, false)
					e.owed++
				}
			case 4:
				if e := draw(r, open); e != nil && e.owed > 0 {
					d.owe(e.n, -1, r.IntN(2) == 0)
					e.owed--
				}
			case 5:
				if e := draw(r, open); e != nil {
					if err := e.n.Close(); err != nil {
						t.Fatal(err)
					}
				}
			}
			kept := open[:0]
			for _, e := range open {
				switch {
				case !e.c.closed:
					kept = append(kept, e)
				case e.owed > 0 && e.n.from != nil:
					t.Fatal("one that waits for an answer gave way")
				}
			}
			open = kept
			d.audit(t, len(open))
		}
	}
}

func draw[T any](r *rand.Rand, from []*T) *T {
	if len(from) == 0 {
		return nil
	}
	return from[r.IntN(len(from))]
}

// stuck tells whether one more from the address would wait, or cut one off.
func (d *desk) stuck(from string) bool {
	waits := 0
	for _, p := range d.origins {
		waits += len(p.waits)
	}
	p := d.origins[netip.PrefixFrom(netip.MustParseAddr(from), 32)]
	if p != nil && !p.proxy && len(p.all) >= d.share {
		return len(p.waits) == 0
	}
	return d.open >= d.most && waits == 0
}

// audit compares the books with what they are about.
func (d *desk) audit(t *testing.T, open int) {
	t.Helper()
	total := 0
	for network, p := range d.origins {
		total += len(p.all)
		waits := 0
		for c := range p.all {
			if c.from != p {
				t.Fatal("a connection is of another address")
			}
			if c.owed == 0 {
				waits++
				if p.waits[c.at] != c {
					t.Fatal("a connection does not know where it lies")
				}
			}
			if len(p.waits) > 0 && c.owed == 0 && c.since < p.waits[0].since {
				t.Fatal("another one has waited longer")
			}
		}
		if waits != len(p.waits) || len(p.all) == 0 || network != p.network || d.order[p.at] != p || !p.proxy && len(p.all) > d.share {
			t.Fatalf("%v has %d, of which %d wait, and the books say %d", network, len(p.all), waits, len(p.waits))
		}
		if p.before(d.order[0]) {
			t.Fatalf("%v should give way before %v", network, d.order[0].network)
		}
	}
	if total != open || total != d.open || open > d.most || len(d.order) != len(d.origins) {
		t.Fatalf("%d are open, and the books say %d, %d", open, d.open, total)
	}
	heap.Init(&d.order) // any order of the heap will do
}
