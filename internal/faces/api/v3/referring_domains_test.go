package v3_test

import (
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	v3 "github.com/footfall/footfall/internal/faces/api/v3"
)

// TestURLsOfReferrers: each referrer has a domain, and a URL only if it is a web page.
func TestURLsOfReferrers(t *testing.T) {
	t.Parallel()
	for sent, want := range map[string][2]string{
		"http://t.co/x":                         {"t.co", "http://t.co/"},
		"HTTPS://www.Example.org:8080/?a":       {"www.example.org:8080", "https://www.example.org:8080/"},
		"http://user:pw@example.org/":           {"example.org", "http://example.org/"},
		"http://b\u00fccher.example/":           {"b\u00fccher.example", "http://b\u00fccher.example/"},
		"http://[2001:db8::1]:80/x":             {"[2001:db8::1]:80", "http://[2001:db8::1]:80/"},
		"javascript://evil.example/%0aalert(1)": {"evil.example", ""},
		"android-app://com.google.android.gm/":  {"com.google.android.gm", ""},
		"ftp://files.example/":                  {"files.example", ""},
		"file:///etc/passwd":                    {"file:///etc/passwd", ""},
		"javascript:alert(1)":                   {"javascript:alert(1)", ""},
		"data:text/html,<script>x</script>":     {"data:text/html,<script>x</script>", ""},
		"=cmd|x":                                {"=cmd|x", ""},
		`http://"><script>alert(1)/`:            {`"><script>alert(1)`, ""},
		`http://good.example\evil.example/`:     {`good.example\evil.example`, ""},
		"http://a b/":                           {"a b", ""},
		"http://good.example%2eevil.example/":   {"good.example%2eevil.example", ""},
		"http://bad\xffbyte/":                   {"bad\ufffdbyte", ""},
		"http://x\x1b[2J/":                      {"x\x1b[2j", ""},
		"http://direct/":                        {"direct", ""},
		"https://other/page":                    {"other", ""},
		"other":                                 {"other", ""},
		"":                                      {"direct", ""},
	} {
		if domain, url := v3.Domain(string(click.ParseReferrer(sent))); domain != want[0] || url != want[1] {
			t.Errorf("the referrer %q has the domain %q and the URL %q, want %q and %q", sent, domain, url, want[0], want[1])
		}
	}
}
