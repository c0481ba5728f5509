package server

import (
	"errors"
	"os"
	"sync"
	"time"
)

// deadline changes a deadline of a connection seldom. net/http sets five for each request. Nearly all of them
// are later than the one before, and each change takes locks of the runtime. So a later one is only noted.
// The real one then passes too early, and extend sets it again.
type deadline struct {
	mu     sync.Mutex
	wanted time.Time // no deadline if zero
	real   time.Time // wanted or earlier, except if both are zero
}

// change notes a deadline, and sets the real one if it would pass too late.
func (d *deadline) change(to time.Time, set func(time.Time) error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.wanted = to
	if to.IsZero() || !d.real.IsZero() && !to.Before(d.real) {
		return nil
	}
	return d.setReal(set)
}

func (d *deadline) setReal(set func(time.Time) error) error {
	err := set(d.wanted)
	if err == nil {
		d.real = d.wanted
	}
	return err
}

// extend reports whether a call that failed with err should be tried again: the real deadline has passed,
// and the wanted one has not. It sets the real one.
func (d *deadline) extend(err error, set func(time.Time) error) bool {
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.wanted.IsZero() && !time.Now().Before(d.wanted) {
		return false
	}
	return d.setReal(set) == nil
}

// SetDeadline implements net.Conn.
func (c *limitedConn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline implements net.Conn.
func (c *limitedConn) SetReadDeadline(t time.Time) error {
	return c.reading.change(t, c.Conn.SetReadDeadline)
}

// SetWriteDeadline implements net.Conn.
func (c *limitedConn) SetWriteDeadline(t time.Time) error {
	return c.writing.change(t, c.Conn.SetWriteDeadline)
}

// readInTime reads until the read deadline.
func (c *limitedConn) readInTime(b []byte) (int, error) {
	for {
		n, err := c.Conn.Read(b)
		if n > 0 || err == nil || !c.reading.extend(err, c.Conn.SetReadDeadline) {
			return n, err
		}
	}
}

// Write implements net.Conn.
func (c *limitedConn) Write(b []byte) (written int, err error) {
	for {
		n, err := c.Conn.Write(b[written:])
		written += n
		if err == nil || !c.writing.extend(err, c.Conn.SetWriteDeadline) {
			return written, err
		}
	}
}
