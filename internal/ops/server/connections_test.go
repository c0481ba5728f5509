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

// TestIdleGivesWay: whoever keeps all connections and asks nothing does not
// keep others out, and an answer under way is finished.
func TestIdleGivesWay(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	bounded := limitConnections(2, publicBounds.header, nil)
	begun, slow := make(chan struct{}), make(chan struct{})
	s := bounded.serve(publicBounds, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			close(begun)
			<-slow
		}
		fmt.Fprint(w, r.URL.Path)
	}), nil, slog.New(slog.DiscardHandler))
	served := make(chan error, 1)
	go func() { served <- s.Serve(bounded.door(l)) }()
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
			t.Fatalf("%s: %v", path, err)
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
	for i := range 5 { // each takes the place of the one before
		c, path := dial(), fmt.Sprint("/", i)
		ask(c, path)
		answer(c, path)
	}
	if n, err := idle.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("an idle connection was kept while others waited: %d bytes, %v", n, err)
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
