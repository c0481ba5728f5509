package siege

import (
	"errors"
	"fmt"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

const tokenPath = "/oauth/access_token"

// Hold asks for a path n times over HTTP/2 and never reads, so the server cannot send its
// answers. The flow-control windows are as large as can be.
func Hold(t Target, path string, n int, fields ...hpack.HeaderField) (*Conn, error) {
	c, err := HTTP2(t, 2<<10, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 30})
	if err != nil {
		return nil, err
	}
	err = c.framer.WriteWindowUpdate(0, 1<<30)
	for range n {
		if err == nil {
			_, err = c.Ask("GET", path, true, fields...)
		}
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// Open opens n streams over HTTP/2 without their bodies, and reads.
func Open(t Target, n int, fields ...hpack.HeaderField) (*Conn, error) {
	return streams(t, n, 0, fields)
}

// Bodies opens n streams over HTTP/2 and sends size bytes of a body on each, without its
// end, as far as the windows of the server allow.
func Bodies(t Target, n, size int) (*Conn, error) { return streams(t, n, size, nil) }

func streams(t Target, n, size int, fields []hpack.HeaderField) (*Conn, error) {
	c, err := HTTP2(t, 0)
	if err != nil {
		return nil, err
	}
	for range n {
		var stream uint32
		if err == nil {
			stream, err = c.Ask("POST", tokenPath, false, fields...)
		}
		for left := size; left > 0 && err == nil; left -= 16 << 10 {
			err = c.Send(stream, make([]byte, min(left, 16<<10)))
		}
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	go c.Read()
	return c, nil
}

// Endless sends a header block over HTTP/2 that does not end: n bytes of it,
// after the open streams. It reads, and answers nothing.
func Endless(t Target, open, n int) (*Conn, error) {
	c, err := HTTP2(t, 0)
	if err != nil {
		return nil, err
	}
	for range open {
		if err == nil {
			_, err = c.Ask("POST", tokenPath, false)
		}
	}
	if err == nil {
		err = c.write(func() error {
			c.block.Reset()
			for i := 0; c.block.Len() < n; i++ {
				if err := c.enc.WriteField(hpack.HeaderField{Name: "x", Value: fmt.Sprint(i), Sensitive: true}); err != nil {
					return err
				}
			}
			c.mute = true
			return c.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: c.stream, BlockFragment: c.block.Bytes()[:min(c.block.Len(), 16<<10)]})
		})
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	go c.Read()
	return c, nil
}

// Half sends half of the header of a frame of HTTP/2.
func Half(t Target) (*Conn, error) {
	c, err := HTTP2(t, 0)
	if err != nil {
		return nil, err
	}
	c.mute = true
	if _, err := c.Write([]byte{0, 0, 16, 1}); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	go c.Read()
	return c, nil
}

// Fields returns n different header fields with values of size bytes. A second request
// with the same fields needs a byte or two for each.
func Fields(n, size int) []hpack.HeaderField {
	fields := make([]hpack.HeaderField, n)
	for i := range fields {
		fields[i] = hpack.HeaderField{Name: fmt.Sprintf("%x", i), Value: fmt.Sprintf("%0*d", size, i)}
	}
	return fields
}

// Idle asks for a path once and keeps the connection.
func Idle(t Target, path string) (*Conn, error) {
	return SendText(t, "GET "+path+" HTTP/1.1\r\nHost: "+t.host()+"\r\n\r\n")
}

// Idle2 asks for a path once over HTTP/2 and keeps the connection.
func Idle2(t Target, path string) (*Conn, error) {
	c, err := HTTP2(t, 0)
	if err != nil {
		return nil, err
	}
	if _, err := c.Ask("GET", path, true); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	go c.Read()
	return c, nil
}
