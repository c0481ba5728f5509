package server

import (
	"container/list"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// plentyOfConnections is the most there are unless told otherwise: each may take
// 200 KB while its request comes in.
const plentyOfConnections = 10_000

// MostConnections is how many connections leave the process enough of the files
// that it may open.
func MostConnections() int {
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err != nil {
		return 512
	}
	return int(min(max(l.Cur/4*3, 16), 1<<20))
}

// DefaultConnections is how many connections there are at once unless told
// otherwise.
func DefaultConnections() int { return min(MostConnections(), plentyOfConnections) }

// connections bounds the connections that are open at once. Where all are
// taken, the one that has been idle longest gives way to the next that comes;
// where none is idle, that one waits.
type connections struct {
	net.Listener
	slots  chan struct{} // one for each that is open
	closed chan struct{}
	close  func() error

	mu      sync.Mutex
	waiting int
	idle    list.List // of net.Conn, the one idle longest first
	places  map[net.Conn]*list.Element
}

func limitConnections(l net.Listener, most int) *connections {
	c := &connections{Listener: l, slots: make(chan struct{}, most), closed: make(chan struct{}), places: map[net.Conn]*list.Element{}}
	c.close = sync.OnceValue(func() error { close(c.closed); return l.Close() })
	return c
}

func (l *connections) Close() error { return l.close() }

// Accept is of net.Listener.
func (l *connections) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	select {
	case l.slots <- struct{}{}:
	default:
		if !l.wait() {
			_ = c.Close()
			return nil, net.ErrClosed
		}
	}
	return &connection{c, sync.OnceFunc(func() { <-l.slots })}, nil
}

// wait waits for a slot, and takes it; false where the listener is closed.
func (l *connections) wait() bool {
	l.mu.Lock()
	l.waiting++
	longest := l.idle.Front()
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		l.waiting--
		l.mu.Unlock()
	}()
	if longest != nil {
		_ = longest.Value.(net.Conn).Close() // its server hears of it
	}
	select {
	case l.slots <- struct{}{}:
		return true
	case <-l.closed:
		return false
	}
}

// note is http.Server.ConnState.
func (l *connections) note(c net.Conn, state http.ConnState) {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn() // which closes without a word that may take its time
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if at := l.places[c]; at != nil {
		l.idle.Remove(at)
		delete(l.places, c)
	}
	if state != http.StateIdle {
		return
	}
	if l.waiting > 0 {
		_ = c.Close()
		return
	}
	l.places[c] = l.idle.PushBack(c)
}

// connection gives its slot back when it is closed.
type connection struct {
	net.Conn
	release func()
}

func (c *connection) Close() error {
	defer c.release()
	return c.Conn.Close()
}

// serverLog takes what a web server has to say: its troubles are for the log,
// and what strangers do wrong is not.
type serverLog struct{ *slog.Logger }

var strangers = []string{"TLS handshake error", "http2: ", "URL query contains semicolon"}

func (l serverLog) Write(b []byte) (int, error) {
	message := strings.TrimSpace(string(b))
	if slices.ContainsFunc(strangers, func(s string) bool { return strings.Contains(message, s) }) {
		l.Debug(message)
	} else {
		l.Error("the web server is in trouble", "error", message)
	}
	return len(b), nil
}
