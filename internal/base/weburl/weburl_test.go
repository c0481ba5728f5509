package weburl_test

import (
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/base/weburl"
)

func TestSplit(t *testing.T) {
	t.Parallel()
	for s, want := range map[string][3]string{
		"http://a.example":                {"http", "a.example", ""},
		"HTTP://Ann:pw@A.Example:80/b?c#": {"http", "Ann:pw@A.Example:80", "/b?c#"},
		"https://a.example?b/c":           {"https", "a.example", "?b/c"},
		"https://a.example#b?c":           {"https", "a.example", "#b?c"},
		"http:///b":                       {"http", "", "/b"},
		"git+ssh.2://a":                   {"git+ssh.2", "a", ""},
		`http://a\b/c`:                    {"http", `a\b`, "/c"},
		"://a/b":                          {},
		"1http://a/b":                     {},
		"a/b?c=http://d/e":                {},
		"a.example/b":                     {},
		"mailto:ann@a.example":            {},
		"":                                {},
	} {
		scheme, authority, rest, ok := weburl.Split(s)
		if got := [3]string{scheme, authority, rest}; got != want || ok != (want[0] != "") {
			t.Errorf("Split(%q) is %q, %t; want %q", s, got, ok, want)
		}
	}
}

// hosts are texts with the host that each names; empty for none.
var hosts = map[string]string{
	"sho.rt": "sho.rt", "SHO.Rt": "sho.rt", "sho.rt.": "sho.rt", "sho.rt..": "", ".sho.rt": "", "sho..rt": "",
	"sho.rt:80": "sho.rt", "sho.rt:443": "sho.rt", "sho.rt:": "sho.rt", "sho.rt.:99999": "sho.rt", "sho.rt:x": "", "sho.rt:-1": "",
	"sho.rt/": "", "sho.rt/x": "", "http://sho.rt": "", "sho rt": "", "sho\x00rt": "", "sho\\rt": "", "\xff": "",
	"ann:pw@sho.rt": "sho.rt", "sho.rt@evil.example": "evil.example",
	"bücher.example": "xn--bcher-kva.example", "BÜCHER.example.:8080": "xn--bcher-kva.example", "xn--bcher-kva.example": "xn--bcher-kva.example",
	"sho\u3002rt\u3002": "sho.rt", "\uff33ho.rt": "sho.rt", "sho%2Ert": "sho.rt", "sho%zzrt": "", "sho%2frt": "",
	"127.0.0.1": "127.0.0.1", "127.0.0.1.:80": "127.0.0.1", "127.1": "", "0x7f.0.0.1": "", "1.2.3.0x4": "", "2130706433": "",
	"[::1]": "[::1]", "[::1]:8080": "[::1]", "[2001:DB8:0::1]": "[2001:db8::1]", "::1": "", "[::1": "", "[1.2.3.4]": "", "[::1%eth0]": "",
	"a_b-.example": "a_b-.example", "localhost": "localhost", "": "", ".": "", ":80": "",
	strings.Repeat("a", 63): strings.Repeat("a", 63), strings.Repeat("a", 64): "", strings.Repeat("a.", 127) + "a": "",
}

func TestHost(t *testing.T) {
	t.Parallel()
	for s, want := range hosts {
		if got := weburl.Host(s); got != want {
			t.Errorf("Host(%q) is %q, want %q", s, got, want)
		}
	}
}

func TestSame(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		scheme, a, b string
		same         bool
	}{
		{"http", "sho.rt", "SHO.RT.:80", true}, {"https", "sho.rt:443", "sho.rt", true}, {"https", "sho.rt:80", "sho.rt", false},
		{"http", "bücher.example:8080", "xn--bcher-kva.example:08080", true}, {"http", "sho.rt", "sho.de", false},
	} {
		a, errA := weburl.ParseAuthority(c.scheme, c.a)
		b, errB := weburl.ParseAuthority(c.scheme, c.b)
		if errA != nil || errB != nil || a.Same(b) != c.same {
			t.Errorf("of %s, %q (%v) and %q (%v) are the same: %t", c.scheme, c.a, errA, c.b, errB, a.Same(b))
		}
	}
}

// FuzzHost: the name of a host is its own name, and ParseAuthority takes it.
func FuzzHost(f *testing.F) {
	for s := range hosts {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		host := weburl.Host(s)
		if host == "" {
			return
		}
		if again := weburl.Host(host); again != host {
			t.Fatalf("Host(%q) is %q, and of that %q", s, host, again)
		}
		if a, err := weburl.ParseAuthority("http", host); err != nil || a != (weburl.Authority{Host: host}) {
			t.Fatalf("Host(%q) is %q, whose authority is %+v, %v", s, host, a, err)
		}
	})
}
