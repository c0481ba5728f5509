package server

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/footfall/footfall/internal/faces/feed"
	"github.com/footfall/footfall/internal/ops/datadir"
	"github.com/footfall/footfall/internal/testkit/certtest"
	"github.com/footfall/footfall/internal/testkit/logtest"
	"github.com/footfall/footfall/internal/testkit/siege"
)

// longTimeouts are limits whose timeouts no test reaches.
var longTimeouts = httpLimits{
	header: time.Hour, read: time.Hour, write: time.Hour, idle: time.Hour, stalled: time.Hour, ping: time.Hour, pong: time.Hour,
	headerBytes: publicLimits.headerBytes, streams: publicLimits.streams,
}

// longLink is a link whose answers fill the buffers of the kernel if the client
// does not read them.
const longLink = "LONGurl"

// testSite is a site on a real listener.
type testSite struct {
	siege.Target
	*connLimiter
	closed chan net.Conn // gets each connection that the server closes
}

// newTestSite serves until the test ends, at most maxConns connections at once.
// isProxy reports whether an address is a trusted proxy; nil is never.
func newTestSite(t *testing.T, limits httpLimits, maxConns int, https bool, isProxy func(netip.Addr) bool) *testSite {
	t.Helper()
	log := logtest.To(t)
	app, err := Open(t.Context(), Options{Data: datadir.Options{Path: filepath.Join(t.TempDir(), "data"), Create: true, Now: time.Now, Log: log}})
	if err != nil {
		t.Fatal(err)
	}
	link := fmt.Sprintf(`{"type":"link","user":"ann","hash":"%s","long_url":"http://example.org/%s","created":1331255282}`, longLink, strings.Repeat("x", 8000))
	if result, err := app.Import(t.Context(), "ndjson", strings.NewReader(link), func(l feed.Rejected) { t.Error(l) }); err != nil {
		t.Fatal(result, err)
	}
	handler, err := app.Handler(PublicOptions{})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &testSite{Target: siege.Target{Addr: l.Addr().String(), TLS: https}, closed: make(chan net.Conn, 10_000)}
	var config *tls.Config
	if https {
		dir := t.TempDir()
		certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
		certtest.New(t).Write(t, certFile, keyFile, time.Now().Add(time.Hour), "x")
		c, err := openCertificate(certFile, keyFile, time.Now, log)
		if err != nil {
			t.Fatal(err)
		}
		config = c.config()
	}
	f.connLimiter = newConnLimiter(maxConns, limits.header, isProxy)
	s := f.newServer(limits, handler, config, log)
	s.ConnState = func(c net.Conn, state http.ConnState) {
		f.connState(c, state)
		if state == http.StateClosed {
			f.closed <- c
		}
	}
	served := make(chan error, 1)
	go func() {
		if https {
			served <- s.ServeTLS(f.listener(l), "", "")
		} else {
			served <- s.Serve(f.listener(l))
		}
	}()
	t.Cleanup(func() {
		_ = s.Close()
		if err := <-served; err != http.ErrServerClosed {
			t.Error(err)
		}
		if err := app.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return f
}

// attack begins an attack from an address. It returns nil if the server closed the
// connection before the attack had begun; closed gets that connection too.
func (f *testSite) attack(t *testing.T, from string, attack func(siege.Target) (*siege.Conn, error)) *siege.Conn {
	t.Helper()
	target := f.Target
	target.From = from
	c, err := attack(target)
	if err != nil {
		t.Log(err)
		return nil
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// visit sends n requests, each over a connection of its own, and fails unless each
// gets its answer.
func (f *testSite) visit(t *testing.T, from string, n int) {
	t.Helper()
	for range n {
		transport := &http.Transport{
			DialContext:     (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}).DialContext,
			TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true,
		}
		scheme := map[bool]string{true: "https", false: "http"}[f.TLS]
		r, err := http.NewRequestWithContext(t.Context(), "GET", scheme+"://"+f.Target.Addr+"/healthz", nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := transport.RoundTrip(r)
		if err != nil {
			t.Fatalf("a visitor from %s cannot send a request: %v", from, err)
		}
		_, err = io.Copy(io.Discard, answer.Body)
		if _ = answer.Body.Close(); err != nil || answer.StatusCode != 200 {
			t.Fatalf("a visitor from %s: %s, %v", from, answer.Status, err)
		}
		transport.CloseIdleConnections()
	}
}

// attacks are named by what they do not finish.
var attacks = map[string]struct {
	https  bool
	attack func(siege.Target) (*siege.Conn, error)
}{
	"nothing":                      {false, siege.Silent},
	"a header":                     {false, func(t siege.Target) (*siege.Conn, error) { return siege.Headers(t, 2<<10, 100) }},
	"a body":                       {false, siege.Body},
	"idle":                         {false, func(t siege.Target) (*siege.Conn, error) { return siege.Idle(t, "/healthz") }},
	"a handshake":                  {true, siege.Silent},
	"a header over TLS":            {true, func(t siege.Target) (*siege.Conn, error) { return siege.Headers(t, 2<<10, 100) }},
	"reading answers of HTTP/2":    {true, func(t siege.Target) (*siege.Conn, error) { return siege.Hold(t, "/"+longLink, 60) }},
	"streams of HTTP/2":            {true, func(t siege.Target) (*siege.Conn, error) { return siege.Open(t, 3) }},
	"bodies of HTTP/2":             {true, func(t siege.Target) (*siege.Conn, error) { return siege.Bodies(t, 3, 4<<10) }},
	"a header of HTTP/2":           {true, func(t siege.Target) (*siege.Conn, error) { return siege.Endless(t, 0, 2<<10) }},
	"half a frame of HTTP/2":       {true, siege.Half},
	"a connection of HTTP/2 alone": {true, func(t siege.Target) (*siege.Conn, error) { return siege.Idle2(t, "/healthz") }},
}

// TestAttacks: clients from one address or from three hold all connections that they may
// have. Visitors are answered all the same, also without timeouts.
func TestAttacks(t *testing.T) {
	t.Parallel()
	const maxConns = 20
	for name, a := range attacks {
		for _, from := range [][]string{{"127.0.0.1"}, {"127.0.0.1", "127.0.0.3", "127.0.0.4"}} {
			t.Run(fmt.Sprint(name, " from ", len(from)), func(t *testing.T) {
				t.Parallel()
				f := newTestSite(t, longTimeouts, maxConns, a.https, nil)
				hold := map[bool]int{true: f.maxPerNetwork, false: maxConns}[len(from) == 1]
				for i := range 2 * maxConns {
					f.attack(t, from[i%len(from)], a.attack)
				}
				// The server closes all that are more than it may have.
				for range 2*maxConns - hold {
					<-f.closed
				}
				f.visit(t, "127.0.0.2", 10)
				f.visit(t, "127.0.0.1", 10)
			})
		}
	}
}

// TestProxyMayHaveAll: a trusted proxy may have every connection, because many
// clients share it.
func TestProxyMayHaveAll(t *testing.T) {
	t.Parallel()
	const maxConns = 20
	f := newTestSite(t, longTimeouts, maxConns, false, func(a netip.Addr) bool { return a == netip.MustParseAddr("127.0.0.1") })
	var attackers []*siege.Conn
	for range maxConns {
		// They ask nothing, so they wait for their client from the start.
		attackers = append(attackers, f.attack(t, "127.0.0.1", siege.Silent))
	}
	f.visit(t, "127.0.0.2", 1) // so all were admitted, and one was closed
	closed := <-f.closed
	for strings.HasPrefix(closed.RemoteAddr().String(), "127.0.0.2:") { // the visitor closed it
		closed = <-f.closed
	}
	if first := attackers[0].LocalAddr().String(); closed.RemoteAddr().String() != first {
		t.Errorf("the connection of %s was closed, want %s, which has waited longest", closed.RemoteAddr(), first)
	}
	// From here on several may be closed at once, and closed has them in any order.
	f.visit(t, "127.0.0.1", 10)
}

// TestTimeouts: each attack runs into a timeout, also if no other client comes.
func TestTimeouts(t *testing.T) {
	t.Parallel()
	const short = 500 * time.Millisecond
	with := func(change func(*httpLimits)) httpLimits {
		l := longTimeouts
		change(&l)
		return l
	}
	header := with(func(l *httpLimits) { l.header = short })
	stalled := with(func(l *httpLimits) { l.stalled = short })
	body := with(func(l *httpLimits) { l.read, l.idle = short, short })
	ping := with(func(l *httpLimits) { l.ping, l.pong = short, short })
	idle := with(func(l *httpLimits) { l.idle = short })
	for name, limits := range map[string]httpLimits{
		"nothing": header, "a header": header, "a body": body, "idle": idle,
		"a handshake": header, "a header over TLS": header, "reading answers of HTTP/2": stalled,
		"streams of HTTP/2": body, "bodies of HTTP/2": body, "a header of HTTP/2": header,
		"half a frame of HTTP/2": ping, "a connection of HTTP/2 alone": idle,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := attacks[name]
			f := newTestSite(t, limits, 100, a.https, nil)
			target := f.Target
			for {
				c, err := a.attack(target)
				if err == nil {
					defer c.Close()
					break
				} // else the machine is so slow that the timeout came first
				<-f.closed
			}
			<-f.closed
		})
	}
	t.Run("a header of HTTP/2 while a stream is open", func(t *testing.T) {
		t.Parallel()
		f := newTestSite(t, ping, 100, true, nil)
		f.attack(t, "127.0.0.1", func(t siege.Target) (*siege.Conn, error) { return siege.Endless(t, 1, 2<<10) })
		<-f.closed
	})
}

// TestMemoryLimit: requests that do not end take no more memory than they may, in
// all. The connections that take most are closed.
func TestMemoryLimit(t *testing.T) {
	t.Parallel()
	for name, a := range map[string]struct {
		https  bool
		attack func(siege.Target) (*siege.Conn, error)
	}{
		"short lines": {false, func(t siege.Target) (*siege.Conn, error) { return siege.Headers(t, 30<<10, 7) }},
		"over TLS":    {true, func(t siege.Target) (*siege.Conn, error) { return siege.Headers(t, 30<<10, 7) }},
		"streams":     {true, func(t siege.Target) (*siege.Conn, error) { return siege.Open(t, 30, siege.Fields(200, 100)...) }},
		"never read": {true, func(t siege.Target) (*siege.Conn, error) {
			return siege.Hold(t, "/"+longLink, 60, siege.Fields(200, 100)...)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newTestSite(t, longTimeouts, 1000, a.https, nil)
			f.maxMemory = 1 << 20
			f.visit(t, "127.0.0.2", 1)
			<-f.closed
			for range 30 { // each takes 300 KB or more; one that never reads, what the kernel does not buffer
				f.attack(t, "127.0.0.1", a.attack)
			}
			for range 10 {
				<-f.closed
			}
			f.visit(t, "127.0.0.2", 10)
			f.visit(t, "127.0.0.1", 10)
			if memory := f.memory.Load(); memory < 0 || memory > f.maxMemory+1<<20 {
				t.Errorf("requests take %d bytes; the limit is %d", memory, f.maxMemory)
			}
		})
	}
}

// TestHTTP2Settings: the server sends its limits to a client of HTTP/2.
func TestHTTP2Settings(t *testing.T) {
	t.Parallel()
	f := newTestSite(t, publicLimits, 100, true, nil)
	c, err := siege.HTTP2(f.Target, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	settings, err := c.Settings()
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[http2.SettingID]uint32{
		http2.SettingMaxConcurrentStreams: 32, http2.SettingInitialWindowSize: 64 << 10, http2.SettingMaxFrameSize: 16 << 10,
		http2.SettingMaxHeaderListSize: 32<<10 + 320,
	} {
		if got := settings[id]; got != want {
			t.Errorf("the HTTP/2 setting %v is %d, want %d", id, got, want)
		}
	}
}
