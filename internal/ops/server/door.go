package server

import "net"

// door is a listener whose connections share the bounds of others.
type door struct {
	net.Listener
	of     *connections
	closed bool // of connections.mu
}

// door opens one.
func (l *connections) door(at net.Listener) *door { return &door{Listener: at, of: l} }

// Close is of net.Listener.
func (d *door) Close() error {
	d.of.mu.Lock()
	defer d.of.mu.Unlock()
	if d.closed {
		return nil
	}
	d.closed = true
	d.of.change.Broadcast()
	return d.Listener.Close()
}

// Accept is of net.Listener.
func (d *door) Accept() (net.Conn, error) {
	c, err := d.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if t, ok := c.(*net.TCPConn); ok {
		_ = t.SetReadBuffer(kernelBuffer)  // it may have gone by now,
		_ = t.SetWriteBuffer(kernelBuffer) // as the next one who reads sees
	}
	n := &connection{Conn: c, of: d.of}
	if !d.of.admit(n, d) {
		_ = c.Close()
		return nil, net.ErrClosed
	}
	return n, nil
}
