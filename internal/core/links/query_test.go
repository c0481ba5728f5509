package links_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/core/links"
)

func TestWithQuery(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ longURL, query, want string }{
		{"http://a/", "", "http://a/"},
		{"http://a/b", "x=1", "http://a/b?x=1"},
		{"http://a/b", "x=1&y=2", "http://a/b?x=1&y=2"},
		{"http://a/b?c=d", "x=1", "http://a/b?c=d&x=1"},
		{"http://a/b?c=d#e", "x=1", "http://a/b?c=d&x=1#e"},
		{"http://a/b#e?f", "x=1", "http://a/b?x=1#e?f"},
		{"http://a/b#", "x=1", "http://a/b?x=1#"},
		{"http://a/b?", "x=1&y=2", "http://a/b?x=1&y=2"},
		{"http://a/b?c=d&", "x=1", "http://a/b?c=d&&x=1"},
		// The long URL wins, in any spelling.
		{"http://a/b?x=0", "x=1", "http://a/b?x=0"},
		{"http://a/b?x=0#e", "x=1&y=2&x=3", "http://a/b?x=0&y=2#e"},
		{"http://a/b?%78=0", "x=1", "http://a/b?%78=0"},
		{"http://a/b?x+y=0", "x%20y=1&z", "http://a/b?x+y=0&z"},
		{"http://a/b?x", "x=1", "http://a/b?x"},
		{"http://a/b?X=0", "x=1", "http://a/b?X=0&x=1"},
		// Parameters keep their order, spelling and number.
		{"http://a/b", "x=1&x=2&&=3&y", "http://a/b?x=1&x=2&=3&y"},
		{"http://a/b", "x=%zz&%zz=1", "http://a/b?x=%zz&%zz=1"},
		{"http://a/b", "u=http://c/?d=e", "http://a/b?u=http://c/?d=e"},
		{"http://a/b", "x=1#y", "http://a/b?x=1%23y"},
		{"http://a/b", "a;b=c", "http://a/b?a;b=c"},
		{"ftp://a/b", "x=1", "ftp://a/b"},
	} {
		if got := links.WithQuery(c.longURL, c.query); got != c.want {
			t.Errorf("WithQuery(%q, %q) is %q, want %q", c.longURL, c.query, got, c.want)
		}
	}
}

// FuzzWithQuery: the host, the path and the fragment stay, and so do the parameters of the
// long URL.
func FuzzWithQuery(f *testing.F) {
	f.Add("http://a/b?c=d#e", "x=1&c=2")
	f.Add("http://a?", "&&#")
	f.Fuzz(func(t *testing.T, longURL, query string) {
		before, err := url.Parse(longURL)
		if err != nil || strings.HasSuffix(longURL, "#") {
			return
		}
		got := links.WithQuery(longURL, query)
		after, err := url.Parse(got)
		if err != nil {
			return // a query that is badly escaped
		}
		own := after.RawQuery
		after.RawQuery, after.ForceQuery = before.RawQuery, before.ForceQuery
		if !strings.HasPrefix(own, before.RawQuery) || after.String() != before.String() {
			t.Fatalf("WithQuery(%q, %q) is %q", longURL, query, got)
		}
	})
}

func TestCutScanMark(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		"r=qr": "", "x=1&r=qr&y=%41": "x=1&y=%41", "r=qr&r=qr&a": "a", "a&r=qr": "a",
	} {
		if rest, scanned := links.CutScanMark(query); rest != want || !scanned {
			t.Errorf("%q gave %q, %t; want %q", query, rest, scanned, want)
		}
	}
	for _, query := range []string{"", "r=qr2", "rr=qr", "r=q", "R=qr", "a=r=qr", "&&"} {
		if rest, scanned := links.CutScanMark(query); rest != query || scanned {
			t.Errorf("%q gave %q, %t", query, rest, scanned)
		}
	}
}
