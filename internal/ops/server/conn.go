package server

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// maxIdleBytes is the number of bytes that a client may send without a request. Pings
// and acknowledgements of HTTP/2 need less, and a header that is complete becomes a
// request at once.
const maxIdleBytes = 1 << 10

// limitedConn is a connection that a connLimiter admitted.
type limitedConn struct {
	net.Conn
	limiter *connLimiter

	// Guarded by limiter.mu:
	network *network // nil once the connection is closed
	since   uint64   // limiter.sequence when it was admitted, or its client last answered
	pending int      // requests that wait for the server, not for their client
	index   int      // in network.evictable

	reading, writing deadline

	memory atomic.Int64 // bytes that its requests take; changed with mu held
	// unwatched says that nobody needs to know whether the client leaves; see unwatch.
	unwatched atomic.Bool

	mu         sync.Mutex
	closed     bool
	unparsed   int64 // bytes that were read and are no request yet
	idle       bool  // no request is in progress
	hadRequest bool
	http2      bool // the last request was of HTTP/2
	timer      *time.Timer
}

func (c *limitedConn) before(o *limitedConn) bool { return c.since < o.since }
func (c *limitedConn) position() *int             { return &c.index }

// Close implements net.Conn. It makes room for another connection.
func (c *limitedConn) Close() error {
	c.limiter.mu.Lock()
	c.limiter.remove(c)
	c.limiter.mu.Unlock()
	return c.Conn.Close()
}

// Read implements net.Conn. The bytes count as memory of the connection.
func (c *limitedConn) Read(b []byte) (int, error) {
	if len(b) == 1 && c.unwatched.Load() {
		return 0, nil // see unwatch
	}
	n, err := c.readInTime(b)
	if n > 0 {
		c.mu.Lock()
		c.unparsed += int64(n)
		c.startTimer()
		c.addMemory(int64(n) * memoryPerByte)
		c.mu.Unlock()
		c.limiter.checkMemory()
	}
	return n, err
}

// startTimer gives a client that asks nothing the time that a header may take, if
// it has sent much or has never asked. net/http has no such limit for HTTP/2. mu
// is held.
func (c *limitedConn) startTimer() {
	if c.timer == nil && c.idle && (c.unparsed > maxIdleBytes || !c.hadRequest) && !c.closed {
		c.timer = time.AfterFunc(c.limiter.headerTimeout, func() { c.limiter.expire(c) })
	}
}

// setBusy notes that a request is in progress. mu is held.
func (c *limitedConn) setBusy() {
	c.idle = false
	if c.timer != nil {
		c.timer.Stop()
		c.timer = nil
	}
}

// expire closes a connection whose timer has run out, unless its client has asked
// something by now.
func (l *connLimiter) expire(c *limitedConn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c.mu.Lock()
	late := c.timer != nil
	c.mu.Unlock()
	if late && c.network != nil {
		l.evict(c)
	}
}

// connState is http.Server.ConnState.
func (l *connLimiter) connState(conn net.Conn, state http.ConnState) {
	c := limited(conn)
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch state {
	case http.StateActive:
		c.setBusy()
	case http.StateIdle:
		// HTTP/2 may have the beginning of the next request by now, or of the first.
		if c.hadRequest && !c.http2 {
			c.clearUnparsed()
		}
		c.idle = true
		c.startTimer()
	}
}

// limited returns the limitedConn below TLS, or nil.
func limited(conn net.Conn) *limitedConn {
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn()
	}
	c, _ := conn.(*limitedConn)
	return c
}

type connKey struct{}

// connContext is http.Server.ConnContext.
func (l *connLimiter) connContext(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, limited(conn))
}
