package server

import "net"

// kernelBuffer is the size of the kernel's buffers of a connection, one for each
// direction, in bytes; the kernel doubles it for its own needs. Without it a client
// that does not read would get megabytes.
const kernelBuffer = 64 << 10

// limitedListener accepts connections within the limits of a connLimiter.
type limitedListener struct {
	net.Listener
	limiter *connLimiter
	closed  bool // guarded by limiter.mu
}

func (l *connLimiter) listener(on net.Listener) *limitedListener {
	return &limitedListener{Listener: on, limiter: l}
}

// Close implements net.Listener.
func (l *limitedListener) Close() error {
	l.limiter.mu.Lock()
	defer l.limiter.mu.Unlock()
	if l.closed {
		return nil
	}
	l.closed = true
	l.limiter.changed.Broadcast()
	return l.Listener.Close()
}

// Accept implements net.Listener. It returns net.ErrClosed if the listener was
// closed while it waited for room.
func (l *limitedListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if t, ok := conn.(*net.TCPConn); ok {
		_ = t.SetReadBuffer(kernelBuffer)  // fails if the client has left,
		_ = t.SetWriteBuffer(kernelBuffer) // which the next read finds out
	}
	c := &limitedConn{Conn: conn, limiter: l.limiter}
	if !l.limiter.admit(c, l) {
		_ = conn.Close()
		return nil, net.ErrClosed
	}
	return c, nil
}
