// Package siege attacks a web server the way hostile clients do: with
// connections that never finish what they began, or never read.
//
// It is for tests and measurements alone. It refuses to be clever: each attack
// holds one connection, needs few packets, and says when the server ended it.
package siege

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// Target is what is attacked.
type Target struct {
	// Addr is the server's, as host:port.
	Addr string
	// From is the address that connections come from; empty is the default of
	// the machine.
	From string
	// TLS is whether the server speaks https. HTTP/2 needs it.
	TLS bool
	// Host is the host that requests name; "x" if empty.
	Host string
}

// Conn is one connection of an attacker.
type Conn struct {
	net.Conn
	done   chan struct{} // closed once the server has ended it
	events chan Event    // of HTTP/2

	mu     sync.Mutex // of what follows, and of writing frames
	framer *http2.Framer
	block  bytes.Buffer
	enc    *hpack.Encoder
	stream uint32 // the next one
	mute   bool   // what else is sent would end what must not end
}

// Event is something that a server said of a stream.
type Event struct {
	Stream uint32
	// Status is that of an answer; empty where the stream was reset.
	Status string
}

// Done is closed once the server has ended the connection.
func (c *Conn) Done() <-chan struct{} { return c.done }

// Events are what the server says of streams, as long as somebody takes them.
func (c *Conn) Events() <-chan Event { return c.events }

// dial connects and does not speak yet. A buffer of 0 bytes is the machine's
// default.
func (t Target) dial(buffer int) (net.Conn, error) {
	d := net.Dialer{Timeout: 30 * time.Second}
	if t.From != "" {
		d.LocalAddr = &net.TCPAddr{IP: net.ParseIP(t.From)}
	}
	c, err := d.Dial("tcp", t.Addr)
	if err != nil {
		return nil, err
	}
	if buffer > 0 {
		if err := c.(*net.TCPConn).SetReadBuffer(buffer); err != nil {
			return nil, errors.Join(err, c.Close())
		}
	}
	return c, nil
}

// connect speaks TLS where the server does, with one protocol.
func (t Target) connect(protocol string, buffer int) (net.Conn, error) {
	c, err := t.dial(buffer)
	if err != nil || !t.TLS {
		return c, err
	}
	s := tls.Client(c, &tls.Config{InsecureSkipVerify: true, ServerName: t.host(), NextProtos: []string{protocol}})
	_ = c.SetDeadline(time.Now().Add(30 * time.Second))
	if err := s.Handshake(); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	_ = c.SetDeadline(time.Time{})
	return s, nil
}

func (t Target) host() string {
	if t.Host == "" {
		return "x"
	}
	return t.Host
}

// Silent connects and says nothing: not even the beginning of a handshake.
func Silent(t Target) (*Conn, error) {
	c, err := t.dial(0)
	if err != nil {
		return nil, err
	}
	return watched(c), nil
}

// Says speaks HTTP/1.1 and sends a text, as it is.
func Says(t Target, text string) (*Conn, error) {
	c, err := t.connect("http/1.1", 0)
	if err != nil {
		return nil, err
	}
	if _, err := io.WriteString(c, text); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return watched(c), nil
}

// Headers sends n bytes of headers that do not end, each of a line of size
// bytes.
func Headers(t Target, n, size int) (*Conn, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "GET / HTTP/1.1\r\nHost: %s\r\n", t.host())
	for i := 0; b.Len()+size < n; i++ {
		name := fmt.Sprintf("%x:", i)
		b.WriteString(name + strings.Repeat("v", max(size-len(name)-2, 0)) + "\r\n")
	}
	return Says(t, b.String())
}

// Body asks with a body that never comes.
func Body(t Target) (*Conn, error) {
	return Says(t, "POST /oauth/access_token HTTP/1.1\r\nHost: "+t.host()+"\r\nContent-Length: 10\r\n\r\n")
}

// watched reads and throws away until the server ends the connection.
func watched(c net.Conn) *Conn {
	w := &Conn{Conn: c, done: make(chan struct{})}
	go func() {
		defer close(w.done)
		_, _ = io.Copy(io.Discard, c)
	}()
	return w
}

// HTTP2 opens a connection of HTTP/2 whose client reads, and answers what it
// must. Buffer is that of the socket in bytes; 0 is the machine's default.
func HTTP2(t Target, buffer int, settings ...http2.Setting) (*Conn, error) {
	c, err := t.connect(http2.NextProtoTLS, buffer)
	if err != nil {
		return nil, err
	}
	h := &Conn{Conn: c, done: make(chan struct{}), events: make(chan Event, 1), framer: http2.NewFramer(c, c), stream: 1}
	h.enc = hpack.NewEncoder(&h.block)
	h.framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	if _, err := io.WriteString(c, http2.ClientPreface); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	if err := h.framer.WriteSettings(settings...); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return h, nil
}

// Settings are those that the server sends first.
func (c *Conn) Settings() (map[http2.SettingID]uint32, error) {
	f, err := c.framer.ReadFrame()
	if err != nil {
		return nil, err
	}
	said, ok := f.(*http2.SettingsFrame)
	if !ok {
		return nil, fmt.Errorf("the server began with %v", f)
	}
	all := map[http2.SettingID]uint32{}
	return all, said.ForeachSetting(func(s http2.Setting) error {
		all[s.ID] = s.Val
		return nil
	})
}

// Read takes what the server sends until it ends the connection. An attacker
// who never reads never calls it.
func (c *Conn) Read() {
	defer close(c.done)
	for {
		f, err := c.framer.ReadFrame()
		var broken http2.StreamError
		if errors.As(err, &broken) {
			continue
		}
		if err != nil {
			return
		}
		switch f := f.(type) {
		case *http2.SettingsFrame:
			if !f.IsAck() {
				c.write(func() error { return c.framer.WriteSettingsAck() })
			}
		case *http2.PingFrame:
			if !f.IsAck() {
				c.write(func() error { return c.framer.WritePing(true, f.Data) })
			}
		case *http2.RSTStreamFrame:
			c.tell(Event{Stream: f.StreamID})
		case *http2.MetaHeadersFrame:
			c.tell(Event{Stream: f.StreamID, Status: f.PseudoValue("status")})
		}
	}
}

func (c *Conn) write(f func() error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mute {
		return nil
	}
	return f()
}

// tell drops what nobody takes.
func (c *Conn) tell(e Event) {
	select {
	case c.events <- e:
	default:
	}
}

// Ask opens a stream and returns its number. The header fields come after those
// that every request has.
func (c *Conn) Ask(method, path string, ends bool, fields ...hpack.HeaderField) (uint32, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.block.Reset()
	for _, f := range append([]hpack.HeaderField{
		{Name: ":method", Value: method}, {Name: ":scheme", Value: "https"}, {Name: ":authority", Value: "x"}, {Name: ":path", Value: path},
	}, fields...) {
		if err := c.enc.WriteField(f); err != nil {
			return 0, err
		}
	}
	stream := c.stream
	c.stream += 2
	block := c.block.Bytes()
	first := block[:min(len(block), 16<<10)]
	block = block[len(first):]
	err := c.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: first, EndStream: ends, EndHeaders: len(block) == 0})
	for err == nil && len(block) > 0 {
		next := block[:min(len(block), 16<<10)]
		block = block[len(next):]
		err = c.framer.WriteContinuation(stream, len(block) == 0, next)
	}
	return stream, err
}

// Send sends a part of a body that goes on.
func (c *Conn) Send(stream uint32, data []byte) error {
	return c.write(func() error { return c.framer.WriteData(stream, false, data) })
}
