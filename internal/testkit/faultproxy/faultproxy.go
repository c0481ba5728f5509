// Package faultproxy is a proxy between a client and an HTTP server, which fails on command
// as networks and servers do: it refuses connections, does not answer, cuts the body of a
// request, or loses the answer after the server has carried out the request. A Relay passes
// other protocols than HTTP on.
//
// If the server cannot be reached, the client's connection ends without an answer.
package faultproxy

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
)

// Fault is what happens to a request.
type Fault struct {
	kind  kind
	n     int64
	taken chan struct{} // of Next
}

type kind int

const (
	pass kind = iota
	hang
	holdReply
	loseReply
	cutBody
)

var (
	// Pass passes the request and its answer on.
	Pass = Fault{kind: pass}
	// Hang reads the beginning of the request and does nothing more, until the proxy's
	// faults change. Then the connection ends. The server sees nothing.
	Hang = Fault{kind: hang}
	// HoldReply is Hang after the server has answered.
	HoldReply = Fault{kind: holdReply}
	// LoseReply ends the connection after the server has answered.
	LoseReply = Fault{kind: loseReply}
)

// CutBody passes only the first n bytes of the request's body to the server. Then the
// connections on both sides end, the one to the server after its answer.
func CutBody(n int64) Fault { return Fault{kind: cutBody, n: n} }

// StatementSize is how many bytes of a body the function of Set gets.
const StatementSize = 1024

// Proxy is a listener that passes requests on to one server.
type Proxy struct {
	// Addr is where it listens, as host:port.
	Addr string

	target    string
	transport *http.Transport

	mu       sync.Mutex
	listener net.Listener // nil while connections are refused
	server   *http.Server
	faults   func(statement string) Fault
	changed  chan struct{} // closed when faults change
}

// Listen starts a proxy to the server at target. Both addresses are host:port.
func Listen(addr, target string) (*Proxy, error) {
	p := &Proxy{Addr: addr, target: target, transport: &http.Transport{
		DisableKeepAlives: true, DisableCompression: true, // otherwise it would fail or change answers by itself
	}, changed: make(chan struct{})}
	return p, p.Accept()
}

// Accept accepts connections, after Refuse.
func (p *Proxy) Accept() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener != nil {
		return nil
	}
	l, err := net.Listen("tcp", p.Addr)
	if err != nil {
		return err
	}
	p.Addr = l.Addr().String() // it may have had the port 0
	server := &http.Server{Handler: http.HandlerFunc(p.handle)}
	p.listener, p.server = l, server
	go func() { _ = server.Serve(l) }() // it ends when Refuse closes the server
	return nil
}

// Refuse ends all connections and refuses new ones.
func (p *Proxy) Refuse() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener != nil {
		// Nothing is lost: the server has no answers of its own.
		_, _ = p.listener.Close(), p.server.Close()
		p.listener = nil
	}
	p.change(nil)
}

// Close ends the proxy.
func (p *Proxy) Close() { p.Refuse() }

// Set sets the function that chooses the fault of each request from now on. The
// statement is the parameter query of the URL, a line break and the first StatementSize
// bytes of the body. Requests may call it at the same time. If it is nil, all pass.
func (p *Proxy) Set(faults func(statement string) Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.change(faults)
}

// Next gives a fault to the next request whose statement match accepts. All others pass.
// The channel is closed once the fault has happened, and the server has done what the
// fault let it do.
func (p *Proxy) Next(f Fault, match func(statement string) bool) <-chan struct{} {
	f.taken = make(chan struct{})
	var used atomic.Bool
	p.Set(func(statement string) Fault {
		if match(statement) && used.CompareAndSwap(false, true) {
			return f
		}
		return Pass
	})
	return f.taken
}

func (p *Proxy) change(faults func(string) Fault) {
	p.faults = faults
	close(p.changed)
	p.changed = make(chan struct{})
}

func (p *Proxy) handle(w http.ResponseWriter, r *http.Request) {
	body := bufio.NewReaderSize(r.Body, StatementSize)
	beginning, _ := body.Peek(StatementSize) // an error comes again where the body is read
	p.mu.Lock()
	faults, changed := p.faults, p.changed
	p.mu.Unlock()
	fault := Pass
	if faults != nil {
		fault = faults(r.URL.Query().Get("query") + "\n" + string(beginning))
	}
	if fault.taken == nil {
		fault.taken = make(chan struct{})
	}
	if fault.kind == hang {
		close(fault.taken)
		wait(r, changed)
	}
	out := r.Clone(r.Context())
	out.URL.Scheme, out.URL.Host, out.RequestURI = "http", p.target, ""
	out.Body = struct {
		io.Reader
		io.Closer
	}{body, r.Body}
	if r.ContentLength == 0 {
		out.Body = nil
	}
	if fault.kind == cutBody {
		p.cut(out, fault.n)
		close(fault.taken)
		panic(http.ErrAbortHandler)
	}
	res, err := p.transport.RoundTrip(out)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer res.Body.Close()
	if fault.kind == holdReply || fault.kind == loseReply {
		_, _ = io.Copy(io.Discard, res.Body) // the answer is lost anyway
		close(fault.taken)
		if fault.kind == holdReply {
			wait(r, changed)
		}
		panic(http.ErrAbortHandler)
	}
	for name, values := range res.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(res.StatusCode)
	if _, err := io.Copy(w, res.Body); err != nil {
		panic(http.ErrAbortHandler)
	}
}

// wait waits until faults change or the client closes its connection, and ends the request.
func wait(r *http.Request, changed <-chan struct{}) {
	select {
	case <-changed:
	case <-r.Context().Done():
	}
	panic(http.ErrAbortHandler)
}

// cut sends a request with the first n bytes of its body, and waits until the server has
// answered or closed the connection.
func (p *Proxy) cut(r *http.Request, n int64) {
	c, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer c.Close()
	if r.Body != nil {
		r.Body = io.NopCloser(io.MultiReader(io.LimitReader(r.Body, n), broken{}))
	}
	w := bufio.NewWriter(c)
	// The other end may end before; then nothing more can be sent.
	_ = r.Write(w)
	_ = w.Flush()
	_ = c.(*net.TCPConn).CloseWrite()
	_, _ = io.Copy(io.Discard, c)
}

// broken is the end of a body that is cut.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
