package server

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
)

// TestIdleConnectionsAreClosed: idle connections are closed for new ones, and a request
// in progress gets its answer.
func TestIdleConnectionsAreClosed(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	limiter := newConnLimiter(2, publicLimits.header, nil)
	begun, slow := make(chan struct{}), make(chan struct{})
	s := limiter.newServer(publicLimits, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			close(begun)
			<-slow
		}
		fmt.Fprint(w, r.URL.Path)
	}), nil, slog.New(slog.DiscardHandler))
	served := make(chan error, 1)
	go func() { served <- s.Serve(limiter.listener(l)) }()
	ask := func(c net.Conn, path string) {
		t.Helper()
		if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path); err != nil {
			t.Fatal(err)
		}
	}
	answer := func(c net.Conn, path string) {
		t.Helper()
		r, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatalf("cannot ask for %s: %v", path, err)
		}
		if b, err := io.ReadAll(r.Body); err != nil || string(b) != path {
			t.Fatalf("%s is answered %q, %v", path, b, err)
		}
	}
	dial := func() net.Conn {
		t.Helper()
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	busy, idle := dial(), dial()
	ask(busy, "/slow")
	<-begun
	ask(idle, "/idle")
	answer(idle, "/idle")
	for i := range 5 { // each replaces the one before
		c, path := dial(), fmt.Sprint("/", i)
		ask(c, path)
		answer(c, path)
	}
	if n, err := idle.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("an idle connection stayed open while others waited: read %d bytes, %v", n, err)
	}
	close(slow)
	answer(busy, "/slow")
	if err := s.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	if err := <-served; err != http.ErrServerClosed {
		t.Error(err)
	}
}
