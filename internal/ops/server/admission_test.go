package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"
)

// fakeConn is a connection that transports nothing.
type fakeConn struct {
	net.Conn
	from   netip.AddrPort
	closed bool
}

func (c *fakeConn) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(c.from) }

func (c *fakeConn) Close() error {
	c.closed = true
	return nil
}

// fakeListener accepts the connections that are sent to it.
type fakeListener chan *fakeConn

var errNoMoreConns = errors.New("no more connections")

func (l fakeListener) Accept() (net.Conn, error) {
	if c, ok := <-l; ok {
		return c, nil
	}
	return nil, errNoMoreConns
}
func (l fakeListener) Close() error   { close(l); return nil }
func (l fakeListener) Addr() net.Addr { return &net.TCPAddr{} }

// testListener is a limitedListener with its limiter, which accepts one connection
// at a time. 10.0.0.1 is a trusted proxy.
type testListener struct {
	*connLimiter
	*limitedListener
	fake fakeListener
}

func newTestListener(maxConns int) *testListener {
	fake := make(fakeListener, 100)
	l := newConnLimiter(maxConns, time.Hour, func(a netip.Addr) bool { return a == netip.MustParseAddr("10.0.0.1") })
	return &testListener{l, l.listener(fake), fake}
}

func (l *testListener) dial(from string) *fakeConn {
	c := &fakeConn{from: netip.AddrPortFrom(netip.MustParseAddr(from), 1)}
	l.fake <- c
	return c
}

func (l *testListener) accept(t *testing.T, from string) (*limitedConn, *fakeConn) {
	t.Helper()
	fake := l.dial(from)
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return c.(*limitedConn), fake
}

// TestEviction: of the network with most connections, the connection is closed that
// has waited for its client longest, and none that waits for an answer.
func TestEviction(t *testing.T) {
	t.Parallel()
	l := newTestListener(40) // so 16 for a network
	var many []*fakeConn
	var first *limitedConn
	for i := range 16 {
		c, fake := l.accept(t, fmt.Sprintf("2001:db8::%x", i)) // one /64
		many = append(many, fake)
		if i == 0 {
			first = c
		}
	}
	l.addPending(first, 1, false)
	check := func(when string, want ...int) {
		t.Helper()
		var closed []int
		for i, c := range many {
			if c.closed {
				closed = append(closed, i)
			}
		}
		if fmt.Sprint(closed) != fmt.Sprint(want) {
			t.Errorf("%s: %d were closed, want %d", when, closed, want)
		}
	}
	check("at the limit of a network")
	l.accept(t, "2001:db8::ffff")
	check("after one more of the network", 1)
	l.addPending(first, -1, true)
	l.accept(t, "2001:db8::fffe")
	check("after an answer, which counts as arriving", 1, 2)
	for i := range 24 {
		l.accept(t, fmt.Sprintf("192.0.2.%d", i))
	}
	check("at the limit of all", 1, 2)
	for i := range 3 {
		l.accept(t, fmt.Sprintf("198.51.100.%d", i))
	}
	check("after three of other networks", 1, 2, 3, 4, 5)
	_, single := l.accept(t, "2001:db8:1::")
	for i := range 100 {
		l.accept(t, fmt.Sprintf("2001:db8::1:%x", i))
	}
	if single.closed {
		t.Error("a new connection replaced one of another network, although its own network has more")
	}
}

// TestPendingConnections: if all connections of a network wait for the server, the
// one with most requests is closed for another one of the network. If all
// connections wait for the server, the next one waits until one is answered or
// closed.
func TestPendingConnections(t *testing.T) {
	t.Parallel()
	l := newTestListener(40)
	var all []*limitedConn
	for range 16 {
		c, _ := l.accept(t, "192.0.2.1")
		l.addPending(c, 1, false)
		all = append(all, c)
	}
	l.addPending(all[7], 1, false)
	same, _ := l.accept(t, "192.0.2.1")
	l.addPending(same, 1, false)
	for i, c := range all {
		if closed := c.Conn.(*fakeConn).closed; closed != (i == 7) {
			t.Errorf("connection %d of the network: closed is %v, want %v", i, closed, !closed)
		}
	}
	for i := range 24 {
		c, _ := l.accept(t, fmt.Sprintf("198.51.100.%d", i))
		l.addPending(c, 1, false)
	}
	next := make(chan net.Conn, 1)
	accept := func() {
		c, _ := l.Accept()
		next <- c
	}
	l.dial("203.0.113.1")
	go accept()
	l.addPending(all[3], -1, true)
	first := <-next
	if first == nil || !all[3].Conn.(*fakeConn).closed {
		t.Fatal("the connection that was answered was not closed for the next")
	}
	l.addPending(first.(*limitedConn), 1, false)
	l.dial("203.0.113.2")
	go accept()
	if err := all[4].Close(); err != nil {
		t.Error(err)
	}
	second := <-next
	if second == nil {
		t.Fatal("no connection was accepted after one was closed")
	}
	l.addPending(second.(*limitedConn), 1, false)
	l.dial("203.0.113.3")
	go accept()
	if err := l.limitedListener.Close(); err != nil {
		t.Error(err)
	}
	if <-next != nil {
		t.Error("a closed listener accepted a connection")
	}
}

// TestListenersShareLimits: a connection to one listener is closed for one to
// another listener, and after a listener is closed the others continue to accept.
func TestListenersShareLimits(t *testing.T) {
	t.Parallel()
	one := newTestListener(2)
	fake := make(fakeListener, 100)
	two := &testListener{one.connLimiter, one.connLimiter.listener(fake), fake}
	_, first := one.accept(t, "192.0.2.1")
	second, _ := two.accept(t, "192.0.2.2")
	third, _ := two.accept(t, "192.0.2.3")
	if !first.closed {
		t.Error("two listeners admitted three connections, and the limit is two")
	}
	one.addPending(second, 1, false)
	one.addPending(third, 1, false)
	type accepted struct {
		c   net.Conn
		err error
	}
	next := map[*testListener]chan accepted{one: make(chan accepted, 1), two: make(chan accepted, 1)}
	for l, next := range next {
		l.dial("192.0.2.4")
		go func() {
			c, err := l.Accept()
			next <- accepted{c, err}
		}()
	}
	if err := one.limitedListener.Close(); err != nil {
		t.Error(err)
	}
	if got := <-next[one]; got.err == nil {
		t.Error("a closed listener accepted a connection")
	}
	if err := second.Close(); err != nil {
		t.Error(err)
	}
	if got := <-next[two]; got.err != nil {
		t.Errorf("the other listener failed: %v", got.err)
	}
}

// TestClosedConnectionsGetNoWork: a request does not reach its handler if its
// connection was closed before, or is closed because of the request.
func TestClosedConnectionsGetNoWork(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]func(l *testListener, c *limitedConn){
		"closed before": func(l *testListener, c *limitedConn) {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.evict(c)
		},
		"closed because of the request": func(l *testListener, c *limitedConn) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.addMemory(l.maxMemory)
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newTestListener(40)
			c, _ := l.accept(t, "192.0.2.1")
			before(l, c)
			defer func() {
				if r := recover(); r != http.ErrAbortHandler {
					t.Errorf("the request ended with the panic %v", r)
				}
			}()
			h := l.trackRequests(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the handler was called") }))
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(l.connContext(t.Context(), c), "GET", "/", nil))
		})
	}
}

// hookedContext calls hook when context.AfterFunc registers with it.
type hookedContext struct {
	context.Context
	hook func()
}

func (c hookedContext) Done() <-chan struct{} {
	c.hook()
	return c.Context.Done()
}

// TestRequestsThatBeginArePending: a connection is not closed for another one
// between the begin of a request and its handler.
func TestRequestsThatBeginArePending(t *testing.T) {
	t.Parallel()
	l := newTestListener(40)
	c, fake := l.accept(t, "192.0.2.1")
	hooks := 0
	ctx := hookedContext{l.connContext(t.Context(), c), func() {
		hooks++
		l.mu.Lock()
		defer l.mu.Unlock()
		if n := c.network; n != nil && len(n.evictable) > 0 { // as admit does at the limit
			l.evict(n.evictable[0])
		}
	}}
	r := httptest.NewRequestWithContext(ctx, "GET", "/", nil)
	r.ProtoMajor = 2
	handled := false
	l.trackRequests(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { handled = true })).ServeHTTP(httptest.NewRecorder(), r)
	if hooks == 0 || !handled || fake.closed {
		t.Errorf("the hook ran %d times, the handler was called: %v, the connection was closed: %v", hooks, handled, fake.closed)
	}
}

// TestProxyCountsAsOne: a trusted proxy may have all connections. When one has to be
// closed, it counts as a network with one connection.
func TestProxyCountsAsOne(t *testing.T) {
	t.Parallel()
	l := newTestListener(40)
	var proxied []*fakeConn
	for range 30 {
		_, c := l.accept(t, "10.0.0.1")
		proxied = append(proxied, c)
	}
	var pair, single []*fakeConn
	for range 2 {
		_, c := l.accept(t, "192.0.2.1")
		pair = append(pair, c)
	}
	for i := range 10 {
		_, c := l.accept(t, fmt.Sprintf("198.51.100.%d", i))
		single = append(single, c)
	}
	if !pair[0].closed || pair[1].closed || !proxied[0].closed || proxied[1].closed || single[0].closed {
		t.Error("the limiter closed the wrong connections: want one of the network that has two, and then the first of the proxy")
	}
}
