package links_test

import (
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/weburl"
	"github.com/footfall/footfall/internal/core/links"
)

func TestParsePlace(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]links.Place{
		"abc": {"", "abc"}, "/abc": {"", "abc"}, "//abc": {"", "/abc"}, "http:///abc": {"", "abc"}, "http://abc": {"", "abc"},
		"sho.rt/abc": {"sho.rt", "abc"}, "SHO.rt.:80/abc/": {"sho.rt", "abc/"}, "gopher://sho.rt/a/b?c/d#e": {"sho.rt", "a/b"},
		"sho.rt/abc?u=http://sho.rt/word": {"sho.rt", "abc"}, " \u200bsho.rt/%C3%BC\n": {"sho.rt", "ü"}, "ann:pw@sho.rt/abc": {"sho.rt", "abc"},
		"": {}, "/": {}, "sho.rt/": {}, "sho.rt:x/abc": {}, "a b/abc": {}, "%zz": {}, "a%00": {}, "a%0Ab": {}, "a%0A": {"", "a"}, "a.%20%0A": {"", "a"}, "%0A": {}, "a.": {"", "a."}, "\xff": {}, "http://": {}, "?abc": {},
	} {
		got, ok := links.ParsePlace(written)
		if got != want || ok != (want.Name != "") {
			t.Errorf("ParsePlace(%q) is %+v, %t; want %+v", written, got, ok, want)
		}
	}
}

// FuzzParsePlace: ParsePlace reads the name that ShortURL wrote.
func FuzzParsePlace(f *testing.F) {
	f.Add("sho.rt", "abc")
	f.Add("bücher.example:8080", "a b/../ü?#%")
	f.Add("[::1]:80", "://x/")
	f.Add("A", "\n")
	f.Add("A", "a\n")
	w := newWorld(f, links.Options{})
	f.Fuzz(func(t *testing.T, domain, name string) {
		a, err := weburl.ParseAuthority("http", domain)
		got, ok := links.ParsePlace(w.ShortURL(a.String(), click.Hash(name)))
		control := strings.ContainsFunc(name, func(r rune) bool { return r < 0x20 || r == 0x7f }) // no link has such a name
		if err == nil && ok && !control && got != (links.Place{Host: weburl.Host(domain), Name: name}) || ok && strings.ContainsAny(got.Name, "\x00\n") {
			t.Fatalf("%q on %q is written and read as %+v", name, domain, got)
		}
		links.ParsePlace(name)
	})
}
