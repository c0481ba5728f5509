package server

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// reading serves HTTP/2 without TLS. Its handler says that it has begun with a
// body, and how reading 10 KB of it went.
func reading(t *testing.T, mostHeld int64) (l *connections, address string, read chan error) {
	t.Helper()
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l = limitConnections(10, forever.header, nil)
	l.mostHeld = mostHeld
	read = make(chan error)
	s := l.serve(forever, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			read <- nil
			_, err := io.ReadFull(r.Body, make([]byte, 10<<10))
			read <- err
			_, _ = io.Copy(io.Discard, r.Body)
		}
	}), nil, slog.New(slog.DiscardHandler))
	s.Protocols = new(http.Protocols)
	s.Protocols.SetUnencryptedHTTP2(true)
	served := make(chan error, 1)
	go func() { served <- s.Serve(l.door(tcp)) }()
	t.Cleanup(func() {
		_ = s.Close()
		if err := <-served; err != http.ErrServerClosed {
			t.Error(err)
		}
	})
	return l, "http://" + tcp.Addr().String(), read
}

// http2Client asks over one connection without TLS.
func http2Client(t *testing.T) *http.Client {
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetUnencryptedHTTP2(true)
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// post sends a body, and says how it was answered.
func post(t *testing.T, c *http.Client, address string, body io.Reader) chan error {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "POST", address, body)
	if err != nil {
		t.Fatal(err)
	}
	answered := make(chan error, 1)
	go func() {
		answer, err := c.Do(r)
		if err == nil {
			err = answer.Body.Close()
		}
		answered <- err
	}()
	return answered
}

// TestBodiesAreHeld: what was read of a body counts for its connection until the
// request is over, also where others begin on the connection meanwhile.
func TestBodiesAreHeld(t *testing.T) {
	t.Parallel()
	l, address, read := reading(t, 1<<30)
	c := http2Client(t)
	body, send := io.Pipe()
	answered := post(t, c, address, body)
	<-read
	if _, err := send.Write(make([]byte, 10<<10)); err != nil {
		t.Fatal(err)
	}
	if err := <-read; err != nil {
		t.Fatal(err)
	}
	answer, err := c.Get(address) // settles what came before
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	const held = 10 << 10 * heldByByte
	if got := l.held.Load(); got < held {
		t.Errorf("%d bytes are held with a body of 10 KB, want %d at least", got, held)
	}
	_ = send.Close()
	if err := <-answered; err != nil {
		t.Fatal(err)
	}
	for l.held.Load() >= held { // its context ends after the answer
		if answer, err = c.Get(address); err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
	}
}

// TestLongBodiesGiveWay: whoever holds more than there is with bodies has their
// connection closed, and their requests are not worked on.
func TestLongBodiesGiveWay(t *testing.T) {
	t.Parallel()
	_, address, read := reading(t, 100<<10)
	body, send := io.Pipe()
	answered := post(t, http2Client(t), address, body)
	<-read
	go func() { _, err := send.Write(make([]byte, 10<<10)); _ = send.CloseWithError(err) }()
	if err := <-read; err == nil {
		t.Error("a body that holds 160 of 100 KB was read")
	}
	if err := <-answered; err == nil {
		t.Error("it was answered")
	}
	_ = body.Close()
}

// TestBodiesOnTheWire: a client that asks before it sends its body is told to go
// on, or that the body is too long; one that does not send it is told too, and every
// answer is that of the API.
func TestBodiesOnTheWire(t *testing.T) {
	t.Parallel()
	f := newFort(t, forever, 100, false, nil)
	const (
		body  = `{"access_token":"none","unit":"day"}`
		brief = 300 * time.Millisecond
	)
	for name, c := range map[string]struct {
		header, then, want string
		// read is the time for reading, where the answer comes after it. It may be
		// short where nothing that is sent in that time changes the answer.
		read time.Duration
	}{
		"it waits":                  {header: "Expect: 100-continue\r\nContent-Length: 36\r\n", then: body, want: "INVALID_ACCESS_TOKEN"},
		"it waits, and is too long": {header: "Expect: 100-continue\r\nContent-Length: 65537\r\n", want: "REQUEST_TOO_LARGE"},
		"too long":                  {header: "Content-Length: 2000000\r\n", want: "REQUEST_TOO_LARGE"},
		"chunks":                    {header: "Transfer-Encoding: chunked\r\n", then: "24\r\n" + body + "\r\n0\r\n\r\n", want: "INVALID_ACCESS_TOKEN"},
		"chunks that are too long":  {header: "Transfer-Encoding: chunked\r\n", then: strings.Repeat("1000\r\n"+strings.Repeat("x", 4<<10)+"\r\n", 17) + "0\r\n\r\n", want: "REQUEST_TOO_LARGE"},
		"chunks that never end":     {header: "Transfer-Encoding: chunked\r\n", then: strings.Repeat("1000\r\n"+strings.Repeat("x", 4<<10)+"\r\n", 17), want: "REQUEST_TOO_LARGE", read: 10 * brief},
		"a length that never comes": {header: "Content-Length: 65537\r\n", then: "x", want: "REQUEST_TOO_LARGE", read: brief},
		"broken chunks":             {header: "Transfer-Encoding: chunked\r\n", then: "no\r\n", want: "INVALID_REQUEST"},
		"it never comes":            {header: "Content-Length: 36\r\n", then: body[:10], want: "INVALID_REQUEST", read: brief},
		"none":                      {header: "Content-Length: 0\r\n", want: "MISSING_ARG_ACCESS_TOKEN"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := f
			if c.read > 0 {
				short := forever
				short.read = c.read
				at = newFort(t, short, 100, false, nil)
			}
			conn, err := net.Dial("tcp", at.Target.Addr)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := fmt.Fprint(conn, "POST /v3/user/clicks HTTP/1.1\r\nHost: x\r\n", c.header, "\r\n"); err != nil {
				t.Fatal(err)
			}
			r := bufio.NewReader(conn)
			waits := strings.HasPrefix(c.header, "Expect") && c.then != ""
			if waits {
				if line, err := r.ReadString('\n'); line != "HTTP/1.1 100 Continue\r\n" {
					t.Fatalf("%q, %v", line, err)
				}
				if _, err := r.ReadString('\n'); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := io.WriteString(conn, c.then); err != nil {
				t.Fatal(err)
			}
			answer, err := http.ReadResponse(r, nil)
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(answer.Body)
			if err != nil || answer.StatusCode != 200 || !strings.Contains(string(text), c.want) {
				t.Errorf("%s %s, %v; want %s", answer.Status, text, err, c.want)
			}
		})
	}
}

// TestSkippedBodiesAreNotHeld: of a body that is too long the rest is thrown away,
// and holds nothing.
func TestSkippedBodiesAreNotHeld(t *testing.T) {
	t.Parallel()
	_, address, read := reading(t, 4<<20) // half of it may be what nobody has read yet
	body, send := io.Pipe()
	answered := post(t, http2Client(t), address, body)
	<-read
	go func() { _, err := send.Write(make([]byte, 1<<20)); _ = send.CloseWithError(err) }()
	if err := <-read; err != nil {
		t.Error(err)
	}
	if err := <-answered; err != nil {
		t.Errorf("a connection gave way: %v", err)
	}
}
