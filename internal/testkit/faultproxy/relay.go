package faultproxy

import (
	"io"
	"net"
	"sync"
)

// Relay passes connections on to one server, whatever they carry. It has no faults except that it
// can refuse connections.
type Relay struct {
	// Addr is where it listens, as host:port.
	Addr string

	target string

	mu          sync.Mutex
	listener    net.Listener // nil while connections are refused
	connections map[net.Conn]bool
}

// ListenAny starts a relay to the server at target. Both addresses are host:port.
func ListenAny(addr, target string) (*Relay, error) {
	r := &Relay{Addr: addr, target: target, connections: map[net.Conn]bool{}}
	return r, r.Accept()
}

// Accept accepts connections, after Refuse.
func (r *Relay) Accept() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.listener != nil {
		return nil
	}
	l, err := net.Listen("tcp", r.Addr)
	if err != nil {
		return err
	}
	r.Addr, r.listener = l.Addr().String(), l
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // Refuse closed the listener
			}
			go r.pass(l, c)
		}
	}()
	return nil
}

// Refuse ends all connections and refuses new ones.
func (r *Relay) Refuse() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.listener != nil {
		_ = r.listener.Close() // it has nothing of its own
		r.listener = nil
	}
	for c := range r.connections {
		_ = c.Close() // pass ends
	}
	clear(r.connections)
}

// pass passes a connection of a listener on until one end closes it.
func (r *Relay) pass(l net.Listener, c net.Conn) {
	defer c.Close()
	to, err := net.Dial("tcp", r.target)
	if err != nil {
		return
	}
	defer to.Close()
	r.mu.Lock()
	if r.listener != l { // refused meanwhile
		r.mu.Unlock()
		return
	}
	r.connections[c] = true
	r.mu.Unlock()
	go func() {
		_, _ = io.Copy(to, c) // an error ends the connection as its end does
		_ = to.Close()
	}()
	_, _ = io.Copy(c, to)
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.connections, c)
}
