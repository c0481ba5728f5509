package geo_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/footfall/footfall/geo"
	"pgregory.net/rapid"
)

func proxies(t testing.TB, values ...string) geo.Proxies {
	t.Helper()
	p, err := geo.ParseProxies(values)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestParseProxies(t *testing.T) {
	for _, bad := range []string{"", "proxy", "10.0.0.0/33", "10.0.0/8", "10.0.0.1:80", "[::1]", "::1/129", "fe80::1%eth0/64", "10.0.0.1,10.0.0.2"} {
		if _, err := geo.ParseProxies([]string{"10.0.0.1", bad}); err == nil || !strings.Contains(err.Error(), `"`+bad+`"`) {
			t.Errorf("%q: error %v, want one that names it", bad, err)
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
		{"::/0", "10.0.0.1", false},
		{"fe80::1", "fe80::1%eth0", true},
	} {
		got := proxies(t, c.trusted).Client(netip.MustParseAddr(c.peer), http.Header{"X-Forwarded-For": {client}})
		if trust := got.String() == client; trust != c.trust {
			t.Errorf("%q trusts %q: %v, want %v", c.trusted, c.peer, trust, c.trust)
		}
	}
}

func TestClient(t *testing.T) {
	const peer = "10.0.0.1" // trusted, as all of 10.0.0.0/8 and 2001:db8::/32
	for _, c := range []struct{ forwarded, xff, want string }{
		{"", "", peer},
		// X-Forwarded-For; lines are separated by |.
		{"", "192.0.2.1", "192.0.2.1"},
		{"", "9.9.9.9, 192.0.2.1", "192.0.2.1"},
		{"", "9.9.9.9, 192.0.2.1, 10.0.0.3, 10.0.0.2", "192.0.2.1"},
		{"", "9.9.9.9|192.0.2.1,10.0.0.3|10.0.0.2", "192.0.2.1"},
		{"", "9.9.9.9, 192.0.2.1|", "192.0.2.1"},
		{"", "192.0.2.1,, ,10.0.0.2,", "192.0.2.1"},
		{"", "10.0.0.3, 10.0.0.2", "10.0.0.3"},
		{"", "192.0.2.1:4711", "192.0.2.1"},
		{"", "2001:db9::1", "2001:db9::1"},
		{"", "[2001:db9::1]", "2001:db9::1"},
		{"", "[2001:db9::1]:4711", "2001:db9::1"},
		{"", "::ffff:192.0.2.1", "192.0.2.1"},
		{"", "9.9.9.9, 2001:db9::1, 2001:db8::5", "2001:db9::1"},
		{"", "192.0.2.1, unknown", peer},
		{"", "192.0.2.1, rubbish, 10.0.0.2", "10.0.0.2"},
		{"", "192.0.2.1, 10.0.0.2.3", peer},
		{"", "fe80::1%eth0", peer},
		{"", "[192.0.2.1]", peer},
		{"", "[2001:db9::1", peer},
		{"", "[2001:db9::1]x", peer},
		{"", "192.0.2.1:", peer},
		{"", "192.0.2.1:123456", peer},
		{"", "abc:80", peer},
		// Forwarded, of which RFC 7239 has these.
		{`for=192.0.2.60;proto=http;by=203.0.113.43`, "", "192.0.2.60"},
		{`for=192.0.2.43, for=198.51.100.17`, "", "198.51.100.17"},
		{`For="[2001:db9:cafe::17]:4711"`, "", "2001:db9:cafe::17"},
		{`for="_gazonk"`, "", peer},
		{`for=unknown`, "", peer},
		{`for=192.0.2.43, for="[2001:db8:cafe::17]"`, "", "192.0.2.43"},
		{`for=192.0.2.43,for="[2001:db8:cafe::17]",for=unknown`, "", peer},
		{`for=192.0.2.43, for=_hidden, for=10.0.0.9`, "", "10.0.0.9"},
		{`for="192.0.2.43:47011"`, "", "192.0.2.43"},
		{`for="192.0.2.43:_port"`, "", "192.0.2.43"},
		{`proto=https; FOR=192.0.2.1 ;by=_x`, "", "192.0.2.1"},
		{`for=192.0.2.1|for=10.0.0.2`, "", "192.0.2.1"},
		{`for="\[2001:db9::1\]"`, "", "2001:db9::1"},
		{`for=192.0.2.1;host="a,b;for=9.9.9.9"`, "", "192.0.2.1"},
		{`for=192.0.2.1;host="a\",for=9.9.9.9"`, "", "192.0.2.1"},
		{`for=192.0.2.1;host="a\\", for=10.0.0.2`, "", "192.0.2.1"},
		{`for=192.0.2.1, proto=https`, "", peer},
		{`for=192.0.2.1;for=192.0.2.2`, "", peer},
		{`for="192.0.2.1`, "", peer},
		{`for=192.0.2.1"`, "", peer},
		{`for=`, "", peer},
		{`rubbish`, "", peer},
		{`for=192.0.2.1`, "9.9.9.9", "192.0.2.1"},
		{`for=_hidden`, "9.9.9.9", peer},
	} {
		h := http.Header{}
		for _, line := range strings.Split(c.forwarded, "|") {
			if c.forwarded != "" {
				h.Add("Forwarded", line)
			}
		}
		for _, line := range strings.Split(c.xff, "|") {
			if c.xff != "" {
				h.Add("X-Forwarded-For", line)
			}
		}
		p := proxies(t, "10.0.0.0/8", "2001:db8::/32")
		if got := p.Client(netip.MustParseAddr(peer), h); got != netip.MustParseAddr(c.want) {
			t.Errorf("Forwarded %q, X-Forwarded-For %q: %v, want %s", c.forwarded, c.xff, got, c.want)
		}
		for _, untrusted := range []geo.Proxies{{}, proxies(t, "172.16.0.0/12")} {
			if got := untrusted.Client(netip.MustParseAddr("::ffff:"+peer), h); got != netip.MustParseAddr(peer) {
				t.Errorf("an untrusted peer is taken at its word: %v", got)
			}
		}
	}
}

// A visitor may send what he likes: what the proxy adds behind it decides.
func TestNobodyInventsHisAddress(t *testing.T) {
	p := proxies(t, "10.0.0.0/8")
	peer, want := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("192.0.2.1")
	invented := rapid.OneOf(
		rapid.StringOfN(rapid.SampledFrom([]rune(`for=";,\ 1.:[]_`)), 0, 40, -1),
		rapid.StringMatching(`(for="?(9\.9\.9\.9|10\.0\.0\.2|\[::9\]|_x)("|\\|;|, )){0,4}`),
		rapid.String(),
	)
	rapid.Check(t, func(t *rapid.T) {
		said := invented.Draw(t, "said")
		for key, node := range map[string]string{"Forwarded": `for="192.0.2.1:80";by=_p`, "X-Forwarded-For": "192.0.2.1"} {
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
	p := proxies(f, "10.0.0.0/8", "2001:db8::/32")
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
	fuzzClient(f, "Forwarded", `for="[2001:db9::1]:80";by=_x, for=10.0.0.2`, `for="\1.2.3.4"`, `for=unknown;host="a,\"b"`, `"`, `;,=`)
}

func FuzzXForwardedFor(f *testing.F) {
	fuzzClient(f, "X-Forwarded-For", "192.0.2.1, 10.0.0.2", "[::1]:80", "1.2.3.4:_p", "::ffff:1.2.3.4", ", ,")
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
		{"forwarded", proxies(b, "10.0.0.0/8"), http.Header{"Forwarded": {`for="[2001:db8::1]:443";proto=https, for=10.0.0.2`}}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.proxies.Client(peer, c.header)
			}
		})
	}
}
