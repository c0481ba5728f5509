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

	"github.com/footfall/footfall/internal/testkit/await"
)

// serveBodies serves HTTP/2 without TLS. For a POST its handler sends nil to read
// when it begins, and then the error of reading 10 KB of the body.
func serveBodies(t *testing.T, maxMemory int64) (l *connLimiter, address string, read chan error) {
	t.Helper()
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l = newConnLimiter(10, longTimeouts.header, nil)
	l.maxMemory = maxMemory
	read = make(chan error)
	s := l.newServer(longTimeouts, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
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
	go func() { served <- s.Serve(l.listener(tcp)) }()
	t.Cleanup(func() {
		_ = s.Close()
		if err := <-served; err != http.ErrServerClosed {
			t.Error(err)
		}
	})
	return l, "http://" + tcp.Addr().String(), read
}

// http2Client sends all requests over one connection without TLS.
func http2Client(t *testing.T) *http.Client {
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetUnencryptedHTTP2(true)
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// post sends a body. The channel gets the error of the answer.
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

// TestBodiesTakeMemory: what was read of a body counts as memory of its connection
// until the request ends, also while other requests begin on the connection.
func TestBodiesTakeMemory(t *testing.T) {
	t.Parallel()
	l, address, read := serveBodies(t, 1<<30)
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
	answer, err := c.Get(address) // begins a request, so that all bytes before are parsed
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	const memory = 10 << 10 * memoryPerByte
	if got := l.memory.Load(); got < memory {
		t.Errorf("with a body of 10 KB requests take %d bytes, want %d at least", got, memory)
	}
	_ = send.Close()
	if err := <-answered; err != nil {
		t.Fatal(err)
	}
	await.Until(t, "the memory of the body is released", func() (string, bool) {
		if answer, err = c.Get(address); err != nil { // a context ends after its answer
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		got := l.memory.Load()
		return fmt.Sprint(got, " bytes"), got < memory
	})
}

// TestBodiesOverTheLimit: a connection whose bodies take more memory than all may is
// closed, and reading the body fails.
func TestBodiesOverTheLimit(t *testing.T) {
	t.Parallel()
	_, address, read := serveBodies(t, 100<<10)
	body, send := io.Pipe()
	answered := post(t, http2Client(t), address, body)
	<-read
	go func() { _, err := send.Write(make([]byte, 10<<10)); _ = send.CloseWithError(err) }()
	if err := <-read; err == nil {
		t.Error("a body was read that takes 160 KB; the limit is 100 KB")
	}
	if err := <-answered; err == nil {
		t.Error("the request was answered")
	}
	_ = body.Close()
}

// TestBodiesOnTheWire: a client that sends Expect: 100-continue gets 100, or the
// error that its body is too long. A client that does not send its body gets an
// error. All errors are those of the API.
func TestBodiesOnTheWire(t *testing.T) {
	t.Parallel()
	f := newTestSite(t, longTimeouts, 100, false, nil)
	const (
		body  = `{"access_token":"none","unit":"day"}`
		brief = 300 * time.Millisecond
	)
	for name, c := range map[string]struct {
		header, then, want string
		// read is the timeout for reading, if the answer comes after it. It may be
		// short if nothing that is sent in that time changes the answer.
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
				short := longTimeouts
				short.read = c.read
				at = newTestSite(t, short, 100, false, nil)
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
					t.Fatalf("the server sent %q (%v), want the status 100", line, err)
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
				t.Errorf("the answer is %s %s (%v), want %s", answer.Status, text, err, c.want)
			}
		})
	}
}

// TestSkippedBodiesTakeNoMemory: bytes of a body after the limit of its length are
// discarded and take no memory.
func TestSkippedBodiesTakeNoMemory(t *testing.T) {
	t.Parallel()
	_, address, read := serveBodies(t, 4<<20) // half of it may be bytes that are not parsed yet
	body, send := io.Pipe()
	answered := post(t, http2Client(t), address, body)
	<-read
	go func() { _, err := send.Write(make([]byte, 1<<20)); _ = send.CloseWithError(err) }()
	if err := <-read; err != nil {
		t.Error(err)
	}
	if err := <-answered; err != nil {
		t.Errorf("the connection was closed: %v", err)
	}
}
