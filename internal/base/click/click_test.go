package click_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/footfall/footfall/internal/base/click"
)

func TestParseCountry(t *testing.T) {
	for in, want := range map[string]string{
		"US": "US", "de": "DE", "": "", "U": "", "USA": "", "U1": "", "ÄB": "", "  ": "", "@A": "", "[A": "",
	} {
		if got := click.ParseCountry(in).String(); got != want {
			t.Errorf("ParseCountry(%q) is %q, want %q", in, got, want)
		}
	}
}

func TestParseReferrer(t *testing.T) {
	long := strings.Repeat("é", 600)
	for _, c := range []struct{ in, want, domain string }{
		{"", "", ""},
		{"direct", "", ""},
		{" \t", "", ""},
		{"http://t.co/abc", "http://t.co/abc", "t.co"},
		{"http://t.co", "http://t.co/", "t.co"},
		{"https://www.example.org/a/b?token=secret#frag", "https://www.example.org/a/b", "www.example.org"},
		{"http://example.org?token=secret", "http://example.org/", "example.org"},
		{"http://example.org#/route", "http://example.org/", "example.org"},
		{"http://user:password@example.org/a", "http://example.org/a", "example.org"},
		{"http://example.org/a@b", "http://example.org/a@b", "example.org"},
		{"http://example.org:8080/", "http://example.org:8080/", "example.org:8080"},
		{"HTTP://Example.ORG:80/A", "http://example.org:80/A", "example.org:80"},
		{"android-app://com.Slack/", "android-app://com.Slack/", "com.Slack"},
		{"android-app://com.example/", "android-app://com.example/", "com.example"},
		{"http://example.org/%zz", "http://example.org/%zz", "example.org"},
		{"yxG0tQXMY40=", "yxG0tQXMY40=", "yxG0tQXMY40="},
		{"http:///path", "http:///path", ""},
		{"1http://x/", "1http://x/", "1http://x/"},
		{"http://bad\xffbyte/", "http://bad\uFFFDbyte/", "bad\uFFFDbyte"},
		{"http://e.org/" + long, "http://e.org/" + long[:498], "e.org"},
	} {
		got := click.ParseReferrer(c.in)
		if string(got) != c.want || got.Domain() != c.domain {
			t.Errorf("ParseReferrer(%q) is %q of %q, want %q of %q", c.in, got, got.Domain(), c.want, c.domain)
		}
	}
}

func FuzzParseReferrer(f *testing.F) {
	for _, s := range []string{"direct", "http://a/b?c#d", "http://u:p@h/", "://", "\xff", strings.Repeat("a", 600)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r := click.ParseReferrer(s)
		if len(r) > click.MaxReferrerBytes || !utf8.ValidString(string(r)) {
			t.Fatalf("ParseReferrer(%q) is %q", s, r)
		}
		if again := click.ParseReferrer(string(r)); again != r {
			t.Fatalf("ParseReferrer(%q) is %q, and of that %q", s, r, again)
		}
	})
}
