package server

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// What a request holds in memory, in bytes, beside the text of its header:
	// for itself, and for each field. An attacker's fields are short.
	heldByRequest, heldByField = 6 << 10, 112
	// heldByByte is what a byte holds that has come and is no request yet, or that
	// is of a body: with lines or parameters of a few bytes, either holds many times
	// its length.
	heldByByte = 16
	// idleBytes is what a client may send without asking anything. Its pings and
	// acknowledgements are less, and a header that ends is not kept waiting.
	idleBytes = 1 << 10
	// buffered is how many bytes of an answer net/http takes without waiting for
	// its client.
	buffered = 2 << 10
)

// connection is one that connections lets in. Which of both sides waits for the
// other is in the books there.
type connection struct {
	net.Conn
	of *connections

	// Of connections.mu:
	from  *origin // nil once it is closed
	since uint64  // when it was let in, or its client was last answered
	owed  int     // answers that it waits for
	at    int     // in from.waits

	held atomic.Int64 // bytes; changed with mu held

	mu    sync.Mutex
	gone  bool
	came  int64 // bytes that are no request yet
	quiet bool  // no request is under way
	asked bool  // there was a request
	http2 bool  // it was of HTTP/2
	late  *time.Timer
}

func (c *connection) before(o *connection) bool { return c.since < o.since }
func (c *connection) index() *int               { return &c.at }

// Close gives its place back.
func (c *connection) Close() error {
	c.of.mu.Lock()
	c.of.remove(c)
	c.of.mu.Unlock()
	return c.Conn.Close()
}

// Read is of net.Conn. What comes is held until it is a request.
func (c *connection) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.mu.Lock()
		c.came += int64(n)
		c.hasten()
		c.charge(int64(n) * heldByByte)
		c.mu.Unlock()
		c.lighten()
	}
	return n, err
}

// charge is called with mu held.
func (c *connection) charge(bytes int64) {
	if !c.gone {
		c.held.Add(bytes)
		c.of.held.Add(bytes)
	}
}

// settle says that what came is a request, or nothing: with mu held.
func (c *connection) settle() {
	c.charge(-c.came * heldByByte)
	c.came = 0
}

// lighten is called without mu.
func (c *connection) lighten() {
	if c.of.held.Load() > c.of.mostHeld {
		c.of.relieve()
	}
}

// hasten gives a client that asks nothing, but has sent much or has never asked,
// the time that a header has; with mu held. net/http has no such bound for HTTP/2.
func (c *connection) hasten() {
	if c.late == nil && c.quiet && (c.came > idleBytes || !c.asked) && !c.gone {
		c.late = time.AfterFunc(c.of.patience, c.of.expire(c))
	}
}

// busy ends the haste, with mu held.
func (c *connection) busy() {
	c.quiet = false
	if c.late != nil {
		c.late.Stop()
		c.late = nil
	}
}

// expire closes a connection whose client still has not asked anything.
func (l *connections) expire(c *connection) func() {
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		c.mu.Lock()
		late := c.late != nil
		c.mu.Unlock()
		if late && c.from != nil {
			l.evict(c)
		}
	}
}

// discharge gives back what a closed connection held.
func (c *connection) discharge() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gone = true
	c.busy()
	c.of.held.Add(-c.held.Swap(0))
}

// note is http.Server.ConnState.
func (l *connections) note(c net.Conn, state http.ConnState) {
	n := accepted(c)
	if n == nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	switch state {
	case http.StateActive:
		n.busy()
	case http.StateIdle:
		// HTTP/2 may have the beginning of the next request by now, or of the first.
		if n.asked && !n.http2 {
			n.settle()
		}
		n.quiet = true
		n.hasten()
	}
}

// accepted is the connection below TLS.
func accepted(c net.Conn) *connection {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	n, _ := c.(*connection)
	return n
}

type connectionKey struct{}

// context is http.Server.ConnContext.
func (l *connections) context(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, accepted(c))
}

// attend has next answer, and keeps the books of who waits for whom meanwhile,
// and of what the request holds.
func (l *connections) attend(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, _ := r.Context().Value(connectionKey{}).(*connection)
		if c == nil {
			next.ServeHTTP(w, r)
			return
		}
		held := &holding{bytes: weigh(r)}
		if !c.begin(r, held) {
			panic(http.ErrAbortHandler) // nobody takes the answer, and work for it would delay others
		}
		if r.ProtoMajor >= 2 {
			// It is held until the client has its answer, which may be never.
			context.AfterFunc(r.Context(), func() { c.end(held) })
		} else {
			defer c.end(held)
		}
		l.owe(c, 1, false)
		defer l.owe(c, -1, true)
		if r.Body != nil && r.Body != http.NoBody {
			copied := *r
			copied.Body, r = clientBody{r.Body, c, held}, &copied
		}
		next.ServeHTTP(clientWriter{w, c}, r)
	})
}

// holding is what a request holds, of connection.mu.
type holding struct {
	bytes int64 // in all
	body  int64 // that were read of its body, and are kept
	over  bool
}

// weigh is about how many bytes a request holds, without its body.
func weigh(r *http.Request) int64 {
	bytes := heldByRequest + 2*len(r.RequestURI)
	for name, values := range r.Header {
		bytes += heldByField + len(name)
		for _, v := range values {
			bytes += len(v)
		}
	}
	return int64(bytes)
}

// begin says that a request is about to be answered, and is false where the
// connection has given way, be it for this request.
func (c *connection) begin(r *http.Request, held *holding) bool {
	c.mu.Lock()
	c.busy()
	c.asked, c.http2 = true, r.ProtoMajor >= 2
	c.settle()
	c.charge(held.bytes)
	c.mu.Unlock()
	return c.stays()
}

// stays has connections give way where need be, and is false where this one has.
func (c *connection) stays() bool {
	c.lighten()
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.gone
}

// read says that n bytes of the body of a request were read, which holds them from
// then on. It is false where the connection has given way.
func (c *connection) read(n int64, held *holding) bool {
	c.mu.Lock()
	came := min(n, c.came)
	c.came -= came
	c.charge(-came * heldByByte)
	kept := min(n, mostBody-held.body) // the rest is thrown away
	held.body += kept
	if !held.over {
		held.bytes += kept * heldByByte
		c.charge(kept * heldByByte)
	}
	c.mu.Unlock()
	return c.stays()
}

func (c *connection) end(held *holding) {
	c.mu.Lock()
	defer c.mu.Unlock()
	held.over = true
	c.charge(-held.bytes)
}

// clientBody is a body for which the server waits, and which its request holds.
type clientBody struct {
	io.ReadCloser
	c    *connection
	held *holding
}

func (b clientBody) Read(p []byte) (int, error) {
	n, err := b.wait(p)
	if n > 0 && !b.c.read(int64(n), b.held) {
		return 0, net.ErrClosed
	}
	return n, err
}

func (b clientBody) wait(p []byte) (int, error) {
	b.c.of.owe(b.c, -1, false)
	defer b.c.of.owe(b.c, 1, false)
	return b.ReadCloser.Read(p)
}

// clientWriter writes an answer, for whose reader the server waits where it does
// not fit into a buffer.
type clientWriter struct {
	http.ResponseWriter
	c *connection
}

func (w clientWriter) Write(p []byte) (int, error) {
	if len(p) > buffered {
		w.c.of.owe(w.c, -1, false)
		defer w.c.of.owe(w.c, 1, false)
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (w clientWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
