package click

import (
	"strings"
	"unicode/utf8"

	"github.com/footfall/footfall/internal/base/weburl"
)

// MaxReferrer bounds a referrer, in bytes.
const MaxReferrer = 512

// Referrer is scheme, host and path of the page a visitor came from, valid
// UTF-8 of at most MaxReferrer bytes. Query, fragment and credentials are
// dropped, for they carry secrets. The host of a web page is in small letters. What is no URL with a host is kept as it
// was given (section 5 of the contract). The zero value means direct: no page.
type Referrer string

// OtherReferrers stands for the referrers beyond the cap on different ones.
const OtherReferrers Referrer = "other"

// ParseReferrer applies the rule above to a Referer header or a feed's field.
// "direct" and blanks are the zero value. What has no scheme and host cannot
// be taken apart, and is kept as given, cut to size.
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
			host = small(host) // RFC 9110, 4.2.3; names of apps have a case
		}
		if host != "" {
			if path == "" {
				path = "/"
			}
			s = scheme + "://" + host + path
		}
	}
	return Referrer(strings.TrimSpace(cut(strings.ToValidUTF8(s, "\uFFFD"))))
}

// small makes small letters of those of ASCII, and leaves all other bytes alone.
func small(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c - 'A' + 'a'
		}
	}
	return string(b)
}

// Domain is the host that the referrer names. A referrer that could not be
// taken apart is its own domain; direct has none.
func (r Referrer) Domain() string {
	_, rest, ok := weburl.CutScheme(string(r))
	if !ok {
		return string(r)
	}
	host, _, _ := strings.Cut(rest, "/")
	return host
}

// cut shortens s to MaxReferrer bytes at the start of a rune.
func cut(s string) string {
	if len(s) <= MaxReferrer {
		return s
	}
	end := MaxReferrer
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}
