package geo_test

import (
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/core/geo"
	"github.com/footfall/footfall/internal/testkit/seedtest"
	"pgregory.net/rapid"
)

func proxies(t testing.TB, values ...string) geo.Proxies { return writing(t, "", values...) }

// writing are proxies that write that header.
func writing(t testing.TB, header string, values ...string) geo.Proxies {
	t.Helper()
	p, err := geo.ParseProxies(values, header)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestParseProxies(t *testing.T) {
	for _, bad := range []string{"", "proxy", "10.0.0.0/33", "10.0.0/8", "10.0.0.1:80", "[::1]", "::1/129", "fe80::1%eth0/64", "10.0.0.1,10.0.0.2",
		// Networks in which strangers would be trusted proxies.
		"0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/7", "2000::/3", "::ffff:0:0/96"} {
		if _, err := geo.ParseProxies([]string{"10.0.0.1", bad}, ""); err == nil || !strings.Contains(err.Error(), `"`+bad+`"`) {
			t.Errorf("%q: error %v, want one that names it", bad, err)
		}
	}
	for _, bad := range []string{"Forwarded,X-Forwarded-For", "X-Real-IP:", "X Real IP", "Host", "transfer-encoding", "É"} {
		if _, err := geo.ParseProxies([]string{"10.0.0.1"}, bad); !errors.Is(err, geo.ErrHeader) || !strings.Contains(err.Error(), `"`+bad+`"`) {
			t.Errorf("header %q: error %v, want one that names it", bad, err)
		}
	}
	const client = "198.51.100.7"
	for _, c := range []struct {
		trusted, peer string
		trust         bool
	}{
		{"10.0.0.1", "10.0.0.1", true},
		{"10.0.0.1", "10.0.0.2", false},
		{" 10.0.0.1 ", "10.0.0.1", true},
		{"10.0.0.1", "::ffff:10.0.0.1", true},
		{"::ffff:10.0.0.1", "10.0.0.1", true},
		{"::ffff:10.0.0.0/104", "10.9.9.9", true},
		{"10.0.0.9/8", "10.255.0.1", true},
		{"10.0.0.0/8", "11.0.0.1", false},
		{"2001:db8::/32", "2001:db8:1::1", true},
		{"2001:db8::/32", "10.0.0.1", false},
		{"fc00::/7", "fd00::1", true},
		{"fc00::/7", "10.0.0.1", false},
		{"fe80::1", "fe80::1%eth0", true},
	} {
		got := proxies(t, c.trusted).Client(netip.MustParseAddr(c.peer), http.Header{"X-Forwarded-For": {client}})
		if trust := got.String() == client; trust != c.trust || proxies(t, c.trusted).Trusts(netip.MustParseAddr(c.peer)) != trust {
			t.Errorf("%q trusts %q: %v, want %v", c.trusted, c.peer, trust, c.trust)
		}
	}
}

// hops is the header of that name; lines are separated by |.
func hops(header, lines string) http.Header {
	h := http.Header{}
	for _, line := range strings.Split(lines, "|") {
		if lines != "" {
			h.Add(header, line)
		}
	}
	return h
}

func TestClient(t *testing.T) {
	const peer = "10.0.0.1" // trusted, as all of 10.0.0.0/8 and 2001:db8::/32
	for _, c := range []struct{ header, lines, want string }{
		{geo.XForwardedFor, "", peer},
		{geo.XForwardedFor, "192.0.2.1", "192.0.2.1"},
		{geo.XForwardedFor, "9.9.9.9, 192.0.2.1", "192.0.2.1"},
		{geo.XForwardedFor, "9.9.9.9, 192.0.2.1, 10.0.0.3, 10.0.0.2", "192.0.2.1"},
		{geo.XForwardedFor, "9.9.9.9|192.0.2.1,10.0.0.3|10.0.0.2", "192.0.2.1"},
		{geo.XForwardedFor, "9.9.9.9, 192.0.2.1|", "192.0.2.1"},
		{geo.XForwardedFor, "192.0.2.1,, ,10.0.0.2,", "192.0.2.1"},
		{geo.XForwardedFor, "10.0.0.3, 10.0.0.2", "10.0.0.3"},
		{geo.XForwardedFor, "192.0.2.1:4711", "192.0.2.1"},
		{geo.XForwardedFor, "2001:db9::1", "2001:db9::1"},
		{geo.XForwardedFor, "[2001:db9::1]", "2001:db9::1"},
		{geo.XForwardedFor, "[2001:db9::1]:4711", "2001:db9::1"},
		{geo.XForwardedFor, "::ffff:192.0.2.1", "192.0.2.1"},
		{geo.XForwardedFor, "9.9.9.9, 2001:db9::1, 2001:db8::5", "2001:db9::1"},
		{geo.XForwardedFor, "192.0.2.1, unknown", peer},
		{geo.XForwardedFor, "192.0.2.1, rubbish, 10.0.0.2", "10.0.0.2"},
		{geo.XForwardedFor, "192.0.2.1, 10.0.0.2.3", peer},
		{geo.XForwardedFor, "fe80::1%eth0", peer},
		{geo.XForwardedFor, "[192.0.2.1]", peer},
		{geo.XForwardedFor, "[2001:db9::1", peer},
		{geo.XForwardedFor, "[2001:db9::1]x", peer},
		{geo.XForwardedFor, "192.0.2.1:", peer},
		{geo.XForwardedFor, "192.0.2.1:123456", peer},
		{geo.XForwardedFor, "abc:80", peer},
		{geo.XForwardedFor, "9.9.9.9, unknown, 192.0.2.1, 10.0.0.2", "192.0.2.1"},
		{geo.XForwardedFor, "192.0.2.1, _hidden", peer},
		{geo.XForwardedFor, "9.9.9.9, _hidden|10.0.0.2", "10.0.0.2"},
		{geo.XForwardedFor, "9.9.9.9|[2001:db9::1]:80, 10.0.0.3:81|10.0.0.2", "2001:db9::1"},
		{geo.XForwardedFor, `for=192.0.2.1`, peer},
		{geo.XForwardedFor, `"192.0.2.1"`, peer},
		{geo.XForwardedFor, `", 192.0.2.1`, "192.0.2.1"},
		// Any other header has one address, or a list.
		{"X-Real-IP", "192.0.2.1", "192.0.2.1"},
		{"x-real-ip", "192.0.2.1", "192.0.2.1"},
		{"CF-Connecting-IP", "2001:db9::1", "2001:db9::1"},
		{"True-Client-IP", "9.9.9.9|192.0.2.1", "192.0.2.1"}, // the nearest proxy wrote the last line
		{"Fly-Client-IP", "9.9.9.9, 192.0.2.1, 10.0.0.2", "192.0.2.1"},
		{"X-Real-IP", "unknown", peer},
		{"X-Real-IP", "for=192.0.2.1", peer},
		{"x-forwarded-for", "192.0.2.1", "192.0.2.1"},
		{"forwarded", "for=192.0.2.1", "192.0.2.1"},
		// Forwarded: the examples of RFC 7239.
		{geo.Forwarded, "", peer},
		{geo.Forwarded, `for=192.0.2.60;proto=http;by=203.0.113.43`, "192.0.2.60"},
		{geo.Forwarded, `for=192.0.2.43, for=198.51.100.17`, "198.51.100.17"},
		{geo.Forwarded, `For="[2001:db9:cafe::17]:4711"`, "2001:db9:cafe::17"},
		{geo.Forwarded, `for="_gazonk"`, peer},
		{geo.Forwarded, `for=unknown`, peer},
		{geo.Forwarded, `for=192.0.2.43, for="[2001:db8:cafe::17]"`, "192.0.2.43"},
		{geo.Forwarded, `for=192.0.2.43,for="[2001:db8:cafe::17]",for=unknown`, peer},
		{geo.Forwarded, `for=192.0.2.43, for=_hidden, for=10.0.0.9`, "10.0.0.9"},
		{geo.Forwarded, `for="192.0.2.43:47011"`, "192.0.2.43"},
		{geo.Forwarded, `for="192.0.2.43:_port"`, "192.0.2.43"},
		{geo.Forwarded, `proto=https; FOR=192.0.2.1 ;by=_x`, "192.0.2.1"},
		{geo.Forwarded, `for=192.0.2.1|for=10.0.0.2`, "192.0.2.1"},
		{geo.Forwarded, `for="\[2001:db9::1\]"`, "2001:db9::1"},
		{geo.Forwarded, `for=192.0.2.1;host="a,b;for=9.9.9.9"`, "192.0.2.1"},
		{geo.Forwarded, `for=192.0.2.1;host="a\",for=9.9.9.9"`, "192.0.2.1"},
		{geo.Forwarded, `for=192.0.2.1;host="a\\", for=10.0.0.2`, "192.0.2.1"},
		{geo.Forwarded, `for=192.0.2.1, proto=https`, peer},
		{geo.Forwarded, `for=192.0.2.1;for=192.0.2.2`, peer},
		{geo.Forwarded, `for="192.0.2.1`, peer},
		{geo.Forwarded, `for=192.0.2.1"`, peer},
		{geo.Forwarded, `for=`, peer},
		{geo.Forwarded, `rubbish`, peer},
		{geo.Forwarded, `192.0.2.1`, peer},
	} {
		h := hops(c.header, c.lines)
		p := writing(t, c.header, "10.0.0.0/8", "2001:db8::/32")
		if got := p.Client(netip.MustParseAddr(peer), h); got != netip.MustParseAddr(c.want) {
			t.Errorf("%s %q: %v, want %s", c.header, c.lines, got, c.want)
		}
		for _, untrusted := range []geo.Proxies{{}, writing(t, c.header, "172.16.0.0/12")} {
			if got := untrusted.Client(netip.MustParseAddr("::ffff:"+peer), h); got != netip.MustParseAddr(peer) {
				t.Errorf("the header of an untrusted peer is believed: %v", got)
			}
		}
	}
}

// TestOtherHeaderIsIgnored: a proxy that writes one header passes the other one on as the visitor
// sent it. So the other one is never read, with or without the proxy's own.
func TestOtherHeaderIsIgnored(t *testing.T) {
	peer := netip.MustParseAddr("10.0.0.1")
	own := map[string]string{geo.XForwardedFor: "192.0.2.1", geo.Forwarded: "for=192.0.2.1"}
	for header, other := range map[string]string{geo.XForwardedFor: geo.Forwarded, geo.Forwarded: geo.XForwardedFor} {
		p := writing(t, header, "10.0.0.0/8")
		for _, invented := range []string{"9.9.9.9", "for=9.9.9.9"} {
			h := hops(header, own[header])
			h.Set(other, invented)
			if got := p.Client(peer, h); got.String() != "192.0.2.1" {
				t.Errorf("proxies that write %s: a visitor's %s: %s is taken as %v", header, other, invented, got)
			}
			if got := p.Client(peer, hops(other, invented)); got != peer {
				t.Errorf("proxies that write %s: without it, a visitor's %s: %s is taken as %v", header, other, invented, got)
			}
		}
	}
}

func TestNetwork(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.1": "192.0.2.1/32", "::ffff:192.0.2.1": "192.0.2.1/32",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "2001:db8:1:2::": "2001:db8:1:2::/64", "2001:db8:1:3::1": "2001:db8:1:3::/64",
		"fe80::1%eth0": "fe80::/64", "::1": "::/64",
	} {
		if got := geo.Network(netip.MustParseAddr(address)); got.String() != want {
			t.Errorf("the network of %s is %v, want %s", address, got, want)
		}
	}
	if got := geo.Network(netip.Addr{}); got.IsValid() {
		t.Errorf("no address has the network %v", got)
	}
}

// A visitor may send any addresses: only those that the proxy appends count.
func TestInventedAddressesHaveNoEffect(t *testing.T) {
	peer, want := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("192.0.2.1")
	invented := rapid.OneOf(
		rapid.StringOfN(rapid.SampledFrom([]rune(`for=";,\ 1.:[]_`)), 0, 40, -1),
		rapid.StringMatching(`(for="?(9\.9\.9\.9|10\.0\.0\.2|\[::9\]|_x)("|\\|;|, )){0,4}`),
		rapid.String(),
	)
	seedtest.Check(t, func(t *rapid.T) {
		said := invented.Draw(t, "said")
		for key, node := range map[string]string{geo.Forwarded: `for="192.0.2.1:80";by=_p`, geo.XForwardedFor: "192.0.2.1"} {
			p, err := geo.ParseProxies([]string{"10.0.0.0/8"}, key)
			if err != nil {
				t.Fatal(err)
			}
			for _, h := range []http.Header{
				{key: {said + ", " + node}},
				{key: {said, node}},
				{key: {said + "," + node, strings.Replace(node, "192.0.2.1", "10.0.0.7", 1)}},
			} {
				if got := p.Client(peer, h); got != want {
					t.Fatalf("%v makes %v the visitor, want %v", h, got, want)
				}
			}
		}
	})
}

func fuzzClient(f *testing.F, key string, seeds ...string) {
	p := writing(f, key, "10.0.0.0/8", "2001:db8::/32")
	peer := netip.MustParseAddr("10.0.0.1")
	for _, s := range seeds {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		got := p.Client(peer, http.Header{key: {first, second}})
		if !got.IsValid() || got.Zone() != "" || got.Is4In6() {
			t.Fatalf("%q, %q make %v the visitor", first, second, got)
		}
		if got.Is4() && got != peer && !strings.Contains(first+second, got.String()) && !strings.Contains(first+second, ":") && !strings.Contains(first+second, `\`) {
			t.Fatalf("%q, %q do not have %v", first, second, got)
		}
	})
}

func FuzzForwarded(f *testing.F) {
	fuzzClient(f, geo.Forwarded, `for="[2001:db9::1]:80";by=_x, for=10.0.0.2`, `for="\1.2.3.4"`, `for=unknown;host="a,\"b"`, `"`, `;,=`)
}

func FuzzXForwardedFor(f *testing.F) {
	fuzzClient(f, geo.XForwardedFor, "192.0.2.1, 10.0.0.2", "[::1]:80", "1.2.3.4:_p", "::ffff:1.2.3.4", ", ,")
}

func BenchmarkClient(b *testing.B) {
	peer := netip.MustParseAddr("10.0.0.1")
	for _, c := range []struct {
		name    string
		proxies geo.Proxies
		header  http.Header
	}{
		{"no proxies", geo.Proxies{}, http.Header{"X-Forwarded-For": {"192.0.2.1"}}},
		{"x-forwarded-for", proxies(b, "10.0.0.0/8"), http.Header{"X-Forwarded-For": {"192.0.2.1, 10.0.0.2"}}},
		{"forwarded", writing(b, geo.Forwarded, "10.0.0.0/8"), http.Header{"Forwarded": {`for="[2001:db8::1]:443";proto=https, for=10.0.0.2`}}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.proxies.Client(peer, c.header)
			}
		})
	}
}
