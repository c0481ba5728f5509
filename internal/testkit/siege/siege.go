// Package siege attacks a web server as hostile clients do: with connections that never
// finish a request, or never read an answer.
//
// It is for tests and measurements. Each attack holds one connection, needs few packets,
// and reports when the server ends the connection.
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

// Target is the server to attack.
type Target struct {
	// Addr is the address of the server, as host:port.
	Addr string
	// From is the local IP address of connections; empty is the default of the machine.
	From string
	// TLS says that the server uses https. HTTP/2 needs it.
	TLS bool
	// Host is the host in requests; empty is "x".
	Host string
}

// Conn is one connection of an attacker.
type Conn struct {
	net.Conn
	done chan struct{} // closed once the server has ended the connection

	mu     sync.Mutex // for the fields below, and for writing frames
	framer *http2.Framer
	block  bytes.Buffer
	enc    *hpack.Encoder
	stream uint32 // number of the next stream
	mute   bool   // send no more frames, which would end the attack
}

// Done is closed once the server has ended the connection.
func (c *Conn) Done() <-chan struct{} { return c.done }

// dial connects. buffer is the size of the socket's buffer in bytes; 0 is the default of
// the machine.
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

// connect connects, with TLS and one protocol if the server uses https.
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

// Silent connects and sends nothing, not even the beginning of a handshake.
func Silent(t Target) (*Conn, error) {
	c, err := t.dial(0)
	if err != nil {
		return nil, err
	}
	return watched(c), nil
}

// SendText sends a text over a connection of HTTP/1.1.
func SendText(t Target, text string) (*Conn, error) {
	c, err := t.connect("http/1.1", 0)
	if err != nil {
		return nil, err
	}
	if _, err := io.WriteString(c, text); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return watched(c), nil
}

// Headers sends n bytes of headers without their end, in lines of size bytes.
func Headers(t Target, n, size int) (*Conn, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "GET / HTTP/1.1\r\nHost: %s\r\n", t.host())
	for i := 0; b.Len()+size < n; i++ {
		name := fmt.Sprintf("%x:", i)
		b.WriteString(name + strings.Repeat("v", max(size-len(name)-2, 0)) + "\r\n")
	}
	return SendText(t, b.String())
}

// Body sends a request without its body.
func Body(t Target) (*Conn, error) {
	return SendText(t, "POST /oauth/access_token HTTP/1.1\r\nHost: "+t.host()+"\r\nContent-Length: 10\r\n\r\n")
}

// watched starts to discard what the server sends, until it ends the connection.
func watched(c net.Conn) *Conn {
	w := &Conn{Conn: c, done: make(chan struct{})}
	go func() {
		defer close(w.done)
		_, _ = io.Copy(io.Discard, c)
	}()
	return w
}

// HTTP2 opens a connection of HTTP/2. buffer is the size of the socket's buffer in bytes;
// 0 is the default of the machine.
func HTTP2(t Target, buffer int, settings ...http2.Setting) (*Conn, error) {
	c, err := t.connect(http2.NextProtoTLS, buffer)
	if err != nil {
		return nil, err
	}
	h := &Conn{Conn: c, done: make(chan struct{}), framer: http2.NewFramer(c, c), stream: 1}
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

// Settings reads the settings that the server sends first.
func (c *Conn) Settings() (map[http2.SettingID]uint32, error) {
	f, err := c.framer.ReadFrame()
	if err != nil {
		return nil, err
	}
	settings, ok := f.(*http2.SettingsFrame)
	if !ok {
		return nil, fmt.Errorf("the first frame of the server is %v", f)
	}
	all := map[http2.SettingID]uint32{}
	return all, settings.ForeachSetting(func(s http2.Setting) error {
		all[s.ID] = s.Val
		return nil
	})
}

// Read reads and answers frames until the server ends the connection.
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

// Ask opens a stream with a request and returns its number. The header fields follow
// those that every request has.
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

// Send sends a part of a body.
func (c *Conn) Send(stream uint32, data []byte) error {
	return c.write(func() error { return c.framer.WriteData(stream, false, data) })
}
