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

// forever are bounds in time that no test reaches.
var forever = bounds{
	header: time.Hour, read: time.Hour, write: time.Hour, idle: time.Hour, stalled: time.Hour, ping: time.Hour, pong: time.Hour,
	headerBytes: publicBounds.headerBytes, streams: publicBounds.streams,
}

// longLink is a link whose answers fill what the kernel takes of a client that
// does not read.
const longLink = "LONGurl"

// fort is the site on a real listener, to be besieged.
type fort struct {
	siege.Target
	*connections
	closed chan net.Conn // by the server
}

// newFort serves at most so many connections until the test ends. A proxy is
// behind an address for which proxy says so.
func newFort(t *testing.T, b bounds, most int, secure bool, proxy func(netip.Addr) bool) *fort {
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
	handler, err := app.Handler(Site{})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &fort{Target: siege.Target{Addr: l.Addr().String(), TLS: secure}, closed: make(chan net.Conn, 10_000)}
	var config *tls.Config
	if secure {
		dir := t.TempDir()
		certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
		certtest.New(t).Write(t, certFile, keyFile, time.Now().Add(time.Hour), "x")
		c, err := openCertificate(certFile, keyFile, time.Now, log)
		if err != nil {
			t.Fatal(err)
		}
		config = c.config()
	}
	f.connections = limitConnections(most, b.header, proxy)
	s := f.serve(b, handler, config, log)
	s.ConnState = func(c net.Conn, state http.ConnState) {
		f.note(c, state)
		if state == http.StateClosed {
			f.closed <- c
		}
	}
	served := make(chan error, 1)
	go func() {
		if secure {
			served <- s.ServeTLS(f.door(l), "", "")
		} else {
			served <- s.Serve(f.door(l))
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

// attack begins an attack from an address. Where it gave way before it had begun,
// that is in closed too.
func (f *fort) attack(t *testing.T, from string, attack func(siege.Target) (*siege.Conn, error)) *siege.Conn {
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

// visit has so many visitors come, each with a connection of its own. Each must
// be answered, whatever goes on.
func (f *fort) visit(t *testing.T, from string, n int) {
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
			t.Fatalf("a visitor from %s: %v", from, err)
		}
		_, err = io.Copy(io.Discard, answer.Body)
		if _ = answer.Body.Close(); err != nil || answer.StatusCode != 200 {
			t.Fatalf("a visitor from %s: %s, %v", from, answer.Status, err)
		}
		transport.CloseIdleConnections()
	}
}

// ways are the attacks, by the name of what they do not finish.
var ways = map[string]struct {
	secure bool
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

// TestSiege: whoever holds every connection that he may, from one address or from
// some, keeps nobody out, though no bound in time helps.
func TestSiege(t *testing.T) {
	t.Parallel()
	const most = 20
	for name, way := range ways {
		for _, from := range [][]string{{"127.0.0.1"}, {"127.0.0.1", "127.0.0.3", "127.0.0.4"}} {
			t.Run(fmt.Sprint(name, " from ", len(from)), func(t *testing.T) {
				t.Parallel()
				f := newFort(t, forever, most, way.secure, nil)
				hold := map[bool]int{true: f.share, false: most}[len(from) == 1]
				for i := range 2 * most {
					f.attack(t, from[i%len(from)], way.attack)
				}
				// As many had to go as are more than there may be.
				for range 2*most - hold {
					<-f.closed
				}
				f.visit(t, "127.0.0.2", 10)
				f.visit(t, "127.0.0.1", 10)
			})
		}
	}
}

// TestBehindProxy: what comes through a proxy is many clients', and may be every
// connection.
func TestBehindProxy(t *testing.T) {
	t.Parallel()
	const most = 20
	f := newFort(t, forever, most, false, func(a netip.Addr) bool { return a == netip.MustParseAddr("127.0.0.1") })
	var attackers []*siege.Conn
	for range most {
		// They ask nothing, so they wait from when they are let in.
		attackers = append(attackers, f.attack(t, "127.0.0.1", siege.Silent))
	}
	f.visit(t, "127.0.0.2", 1)
	f.visit(t, "127.0.0.1", 10) // so all were let in, and one gave way
	gone := <-f.closed
	for strings.HasPrefix(gone.RemoteAddr().String(), "127.0.0.2:") { // a visit that was over
		gone = <-f.closed
	}
	if first := attackers[0].LocalAddr().String(); gone.RemoteAddr().String() != first {
		t.Errorf("%s gave way, and %s waited longest", gone.RemoteAddr(), first)
	}
}

// TestBoundsInTime: each attack ends by itself, though nobody else comes.
func TestBoundsInTime(t *testing.T) {
	t.Parallel()
	const short = 500 * time.Millisecond
	bounded := func(change func(*bounds)) bounds {
		b := forever
		change(&b)
		return b
	}
	header := bounded(func(b *bounds) { b.header = short })
	stalled := bounded(func(b *bounds) { b.stalled = short })
	body := bounded(func(b *bounds) { b.read, b.idle = short, short })
	gone := bounded(func(b *bounds) { b.ping, b.pong = short, short })
	idle := bounded(func(b *bounds) { b.idle = short })
	for name, b := range map[string]bounds{
		"nothing": header, "a header": header, "a body": body, "idle": idle,
		"a handshake": header, "a header over TLS": header, "reading answers of HTTP/2": stalled,
		"streams of HTTP/2": body, "bodies of HTTP/2": body, "a header of HTTP/2": header,
		"half a frame of HTTP/2": gone, "a connection of HTTP/2 alone": idle,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			way := ways[name]
			f := newFort(t, b, 100, way.secure, nil)
			target := f.Target
			for {
				c, err := way.attack(target)
				if err == nil {
					defer c.Close()
					break
				} // else the machine is so slow that the bound came before
				<-f.closed
			}
			<-f.closed
		})
	}
	t.Run("a header of HTTP/2 beside a stream", func(t *testing.T) {
		t.Parallel()
		f := newFort(t, gone, 100, true, nil)
		f.attack(t, "127.0.0.1", func(t siege.Target) (*siege.Conn, error) { return siege.Endless(t, 1, 2<<10) })
		<-f.closed
	})
}

// TestHeldMemory: requests that are not finished hold no more than they may, in
// all, and whoever holds most gives way.
func TestHeldMemory(t *testing.T) {
	t.Parallel()
	for name, way := range map[string]struct {
		secure bool
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
			f := newFort(t, forever, 1000, way.secure, nil)
			f.mostHeld = 1 << 20
			f.visit(t, "127.0.0.2", 1)
			<-f.closed
			for range 30 { // each holds 300 KB and more; of one that never reads, what the kernel does not take
				f.attack(t, "127.0.0.1", way.attack)
			}
			for range 10 {
				<-f.closed
			}
			f.visit(t, "127.0.0.2", 10)
			f.visit(t, "127.0.0.1", 10)
			if held := f.held.Load(); held < 0 || held > f.mostHeld+1<<20 {
				t.Errorf("%d bytes are held, of %d", held, f.mostHeld)
			}
		})
	}
}

// TestWhatHTTP2May: a client of HTTP/2 is told how little it may have under way.
func TestWhatHTTP2May(t *testing.T) {
	t.Parallel()
	f := newFort(t, publicBounds, 100, true, nil)
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
			t.Errorf("%v is %d, want %d", id, got, want)
		}
	}
}
