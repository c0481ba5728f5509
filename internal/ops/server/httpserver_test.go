package server

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/footfall/footfall/internal/testkit/logtest"
)

// TestClientFaultsAreNotLogged: mistakes of clients are not logged, and faults of
// the server are logged once a second with their number.
func TestClientFaultsAreNotLogged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := new(logtest.Log)
		l := newHTTPErrorLog(log.Logger())
		write := func(message string) {
			if _, err := io.WriteString(l, message+"\n"); err != nil {
				t.Fatal(err)
			}
		}
		for _, message := range []string{
			"http: TLS handshake error from 192.0.2.1:1: EOF",
			"http2: server connection error from 192.0.2.1:1: connection error: FLOW_CONTROL_ERROR",
			"http2: server: error reading preface from client 192.0.2.1:1: bogus greeting",
			"timeout waiting for SETTINGS frames from 192.0.2.1:1",
			"timeout waiting for PING response",
			"http: URL query contains semicolon, which is no longer a supported separator",
		} {
			if write(message); log.String() != "" {
				t.Fatalf("%q is in the log: %s", message, log)
			}
		}
		for _, message := range []string{
			"http: panic serving 192.0.2.1:1: oh",
			"http2: panic serving 192.0.2.1:1: oh",
			"http: Accept error: accept tcp: too many open files; retrying in 5ms",
		} {
			for range 100 {
				write(message)
			}
			if text := log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "times=1 ") || !strings.Contains(text, message) {
				t.Errorf("after a hundred times %q the log is %s", message, text)
			}
			<-time.After(time.Second)
			synctest.Wait()
			if text := log.String(); strings.Count(text, "\n") != 2 || !strings.Contains(text, "times=99 ") {
				t.Errorf("after %q a second later the log is %s", message, text)
			}
			<-time.After(time.Second)
			synctest.Wait()
			log.Reset()
		}
	})
}

// TestBodiesThatEndConnections: if a proxy may disagree with footfall on where a
// request ends, the connection is closed after its answer.
func TestBodiesThatEndConnections(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		request string
		closes  bool
	}{
		"none":        {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", false},
		"a short one": {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", false},
		"two lengths": {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", true},
		"chunks":      {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", true},
		"a long one":  {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\n\r\n" + strings.Repeat("x", 65537), true},
	} {
		t.Run(name, func(t *testing.T) {
			f := newTestSite(t, publicLimits, 10, false, nil)
			conn, err := net.Dial("tcp", f.Target.Addr)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := fmt.Fprint(conn, c.request, "GET /smuggled HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			r := bufio.NewReader(conn)
			answer, err := http.ReadResponse(r, nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, answer.Body); err != nil || answer.Close != c.closes {
				t.Errorf("the answer closes the connection: %v, want %v; %v", answer.Close, c.closes, err)
			}
			if next, err := http.ReadResponse(r, nil); err == nil == c.closes {
				t.Errorf("the next request on the connection got %v (%v), want an answer", next, err)
			}
		})
	}
}
