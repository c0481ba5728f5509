package click

import (
	"strings"
	"unicode/utf8"

	"github.com/footfall/footfall/internal/base/weburl"
)

// MaxReferrerBytes is the length of a referrer.
const MaxReferrerBytes = 512

// Referrer is scheme, host and path of the page that a visitor came from: valid UTF-8 of
// at most MaxReferrerBytes. Query, fragment and credentials may be secret, and are left
// out. The host of a web page is in lower case. A text that is not a URL with a host is
// kept as it is. The zero value is direct: no page.
type Referrer string

// OtherReferrers stands for further referrers when there are too many different ones.
const OtherReferrers Referrer = "other"

// ParseReferrer makes a Referrer of a Referer header or a field of a feed. "direct" and
// blanks are the zero value. Longer texts are cut.
func ParseReferrer(s string) Referrer {
	s = strings.TrimSpace(s)
	if s == "" || strings.EqualFold(s, "direct") {
		return ""
	}
	if scheme, host, path, ok := weburl.Split(s); ok {
		if i := strings.IndexAny(path, "?#"); i >= 0 {
			path = path[:i]
		}
		host = host[strings.LastIndexByte(host, '@')+1:]
		if scheme == "http" || scheme == "https" {
			host = lower(host) // RFC 9110, 4.2.3; names of apps are case-sensitive
		}
		if host != "" {
			if path == "" {
				path = "/"
			}
			s = scheme + "://" + host + path
		}
	}
	return Referrer(strings.TrimSpace(cut(strings.ToValidUTF8(s, "\uFFFD"), MaxReferrerBytes)))
}

// lower is s with ASCII letters in lower case.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c - 'A' + 'a'
		}
	}
	return string(b)
}

// Domain returns the host of the referrer, with its port. A referrer that is not a URL is its own
// domain. That of direct is empty. Lists of referring domains group referrers by it.
func (r Referrer) Domain() string {
	_, rest, ok := weburl.CutScheme(string(r))
	if !ok {
		return string(r)
	}
	host, _, _ := strings.Cut(rest, "/")
	return host
}

// cut shortens s to at most most bytes, at the start of a rune.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	end := most
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}
