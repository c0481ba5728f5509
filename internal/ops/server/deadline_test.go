package server

import (
	"bufio"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// settings counts how often the real deadlines of a connection are set.
type settings struct {
	net.Conn
	n int
}

func (c *settings) SetReadDeadline(t time.Time) error {
	c.n++
	return c.Conn.SetReadDeadline(t)
}

// TestDeadlines: reads and writes of a limitedConn end when those of a plain connection end, whatever
// deadlines are set before and meanwhile.
func TestDeadlines(t *testing.T) {
	rng := seedtest.Rand(t)
	for range 200 {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			plain, p := net.Pipe()
			below, q := net.Pipe()
			lazy := &limitedConn{Conn: below}
			defer p.Close()
			defer q.Close()
			type end struct {
				at  time.Duration
				err error
			}
			ends := make(chan end, 2)
			conns := []net.Conn{plain, lazy}
			wait := []func(c net.Conn) error{
				func(c net.Conn) error { // nobody writes to it
					if l, ok := c.(*limitedConn); ok {
						_, err := l.readInTime(make([]byte, 8))
						return err
					}
					_, err := c.Read(make([]byte, 8))
					return err
				},
				func(c net.Conn) error { // nobody reads it
					_, err := c.Write(make([]byte, 8))
					return err
				},
			}[rng.IntN(2)]
			set := func() {
				to := time.Now().Add(time.Duration(rng.IntN(40)-5) * time.Second)
				if rng.IntN(4) == 0 {
					to = time.Time{}
				}
				which := rng.IntN(3)
				for _, c := range conns {
					if err := []func(time.Time) error{c.SetDeadline, c.SetReadDeadline, c.SetWriteDeadline}[which](to); err != nil {
						t.Fatal(err)
					}
				}
			}
			for range rng.IntN(4) {
				set()
				time.Sleep(time.Duration(rng.IntN(10)) * time.Second)
			}
			for _, c := range conns {
				go func() {
					err := wait(c)
					ends <- end{time.Since(began), err}
				}()
			}
			for range rng.IntN(6) {
				time.Sleep(time.Duration(rng.IntN(10_000)) * time.Millisecond)
				set()
			}
			time.Sleep(time.Minute)
			for _, c := range conns { // what still waits ends here
				_ = c.SetDeadline(time.Unix(1, 0))
			}
			a, b := <-ends, <-ends
			if a.at != b.at || !errors.Is(a.err, os.ErrDeadlineExceeded) || !errors.Is(b.err, os.ErrDeadlineExceeded) {
				t.Fatalf("one ended after %v with %v, the other one after %v with %v", a.at, a.err, b.at, b.err)
			}
			synctest.Wait()
		})
	}
}

// TestDeadlinesAreSetSeldom: a later deadline than the real one is only noted.
func TestDeadlinesAreSetSeldom(t *testing.T) {
	t.Parallel()
	pipe, other := net.Pipe()
	defer other.Close()
	below := &settings{Conn: pipe}
	c := &limitedConn{Conn: below}
	for i := range 100 {
		for _, d := range []time.Duration{time.Hour, 2 * time.Hour} {
			if err := c.SetReadDeadline(time.Now().Add(time.Duration(i)*time.Second + d)); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.SetReadDeadline(time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	if below.n != 1 {
		t.Errorf("the real deadline was set %d times, want once", below.n)
	}
}

// TestWriteGoesOn: a write that the real deadline interrupts goes on where it was, until the wanted one.
func TestWriteGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pipe, other := net.Pipe()
		c := &limitedConn{Conn: pipe}
		for _, d := range []time.Duration{time.Second, time.Minute} {
			if err := c.SetWriteDeadline(time.Now().Add(d)); err != nil {
				t.Fatal(err)
			}
		}
		written := make(chan error, 1)
		go func() {
			_, err := c.Write([]byte("one two"))
			written <- err
		}()
		first := make([]byte, 3)
		if _, err := other.Read(first); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second) // the real deadline passes
		rest := make([]byte, 10)
		n, err := other.Read(rest)
		if got := string(first) + string(rest[:n]); err != nil || got != "one two" {
			t.Errorf("read %q, %v", got, err)
		}
		if err := <-written; err != nil {
			t.Error(err)
		}
	})
}

// TestUnwatch: a request that does not need to know whether its client leaves is not told. The next one on the
// connection is.
func TestUnwatch(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	limiter := newConnLimiter(2, publicLimits.header, nil)
	left := make(chan struct{})
	s := limiter.newServer(publicLimits, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/watched" {
			<-r.Context().Done()
			close(left)
			return
		}
		w.(interface{ Unwatch() }).Unwatch()
		c := r.Context().Value(connKey{}).(*limitedConn)
		if n, err := c.Read(make([]byte, 1)); n != 0 || err != nil {
			t.Errorf("net/http reads %d bytes in the background, %v", n, err)
		}
	}), nil, slog.New(slog.DiscardHandler))
	go func() { _ = s.Serve(limiter.listener(l)) }()
	t.Cleanup(func() { _ = s.Close() })
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		if r, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil || r.StatusCode != http.StatusOK {
			t.Fatal(r, err)
		}
	}
	fmt.Fprint(c, "GET /watched HTTP/1.1\r\nHost: x\r\n\r\n")
	_ = c.Close()
	<-left
}
