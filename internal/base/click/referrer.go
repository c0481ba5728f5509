package click

import (
	"strings"
	"unicode/utf8"
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
	if scheme, rest, ok := cutScheme(s); ok {
		rest, _, _ = strings.Cut(rest, "#")
		rest, _, _ = strings.Cut(rest, "?")
		host, path := rest, ""
		if i := strings.IndexByte(rest, '/'); i >= 0 {
			host, path = rest[:i], rest[i:]
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
	_, rest, ok := cutScheme(string(r))
	if !ok {
		return string(r)
	}
	host, _, _ := strings.Cut(rest, "/")
	return host
}

// cutScheme splits "scheme://rest" where the scheme is one by RFC 3986.
func cutScheme(s string) (scheme, rest string, ok bool) {
	scheme, rest, ok = strings.Cut(s, "://")
	if !ok || scheme == "" {
		return "", "", false
	}
	for i := range len(scheme) {
		b := scheme[i] | 0x20
		letter := b >= 'a' && b <= 'z'
		if !letter && (i == 0 || !strings.ContainsRune("0123456789+-.", rune(scheme[i]))) {
			return "", "", false
		}
	}
	return strings.ToLower(scheme), rest, true
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
