package links

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// ErrURL: the text is no long URL that a link may lead to. What wraps it says
// why.
var ErrURL = errors.New("not a URL that can be shortened")

// MaxLongURL bounds a long URL, in bytes, as it is given and as it is kept.
const MaxLongURL = 8192

// ParseLongURL is the long URL in the one spelling that is kept, so that URLs
// that differ in spelling only are one: scheme and host in lower case, an
// internationalised host in punycode (UTS #46, lookup) and without escapes, an address in its usual
// form, no default port, / for an empty path. From there on it is kept byte for
// byte, but for bytes beyond ASCII, which are percent-encoded. The result is
// visible ASCII, and ParseLongURL of it is itself. Blanks and invisible characters
// around it are dropped: they come along when somebody copies a URL.
//
// Else the error is ErrURL: for schemes but http and https, blanks and control
// characters inside, text that is not UTF-8, credentials, a missing or
// malformed host, a port outside 1..65535, and more than MaxLongURL bytes. A
// blank inside is not escaped: Bitly refused it too, for most often it is the
// rest of something that was not encoded, and the URL is another one.
func ParseLongURL(raw string) (string, error) {
	longURL, err := parseLongURL(raw)
	if err != nil {
		return "", fmt.Errorf("links: long URL: %w: %w", ErrURL, err)
	}
	return longURL, nil
}

func parseLongURL(raw string) (string, error) {
	s := strings.TrimFunc(raw, invisible)
	if len(s) > MaxLongURL {
		return "", fmt.Errorf("it is longer than %d bytes", MaxLongURL)
	}
	if !utf8.ValidString(s) {
		return "", errors.New("it is not UTF-8")
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r == ' ' || unicode.IsControl(r) }) {
		return "", errors.New("there is a blank or a control character in it")
	}
	scheme, a, rest, err := split(s, "http", "https")
	if err == errScheme {
		return "", errors.New("it does not start with http:// or https://")
	}
	if err != nil {
		return "", err
	}
	if !strings.HasPrefix(rest, "/") {
		rest = "/" + rest
	}
	s = scheme + "://" + a.String() + Location(rest)
	if len(s) > MaxLongURL {
		return "", fmt.Errorf("it is longer than %d bytes when encoded", MaxLongURL)
	}
	return s, nil
}

// invisible tells whether a character shows nothing: a blank, or one that only says
// how others are shown (general category Cf: zero-width spaces and joiners, byte
// order marks, marks of direction).
func invisible(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) }

// CheckForeignURL fails with ErrURL where no link may lead to the URL, whoever
// made the link. Of what ParseLongURL says this is the part about scheme and
// host, with ftp besides: links that are imported keep their spelling, and what
// a path may hold is between the visitor and the page. The error says why, and
// nothing else.
func CheckForeignURL(longURL string) error {
	_, _, _, err := split(longURL, "http", "https", "ftp")
	switch {
	case err == errScheme:
		return refusal{errors.New("it is no http, https or ftp URL")}
	case err != nil:
		return refusal{err}
	}
	return nil
}

// refusal is an ErrURL.
type refusal struct{ error }

func (refusal) Is(target error) bool { return target == ErrURL }

var errScheme = errors.New("another scheme")

// split takes a URL of one of the schemes apart: its scheme in lower case, its
// host and port, and what follows them. With another scheme it is errScheme.
func split(s string, schemes ...string) (scheme string, a authority, rest string, err error) {
	scheme, rest, ok := strings.Cut(s, "://")
	scheme = strings.ToLower(scheme)
	if !ok || !slices.Contains(schemes, scheme) {
		return "", a, "", errScheme
	}
	host := rest
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		host = rest[:i]
	}
	if strings.Contains(host, "@") {
		return "", a, "", errors.New("there are credentials in it")
	}
	a, err = parseAuthority(scheme, host)
	return scheme, a, rest[len(host):], err
}

// Location is the URL as a Location header can carry it: each byte that is not
// visible ASCII is percent-encoded. What ParseLongURL returned stays as it is;
// imported long URLs may hold anything.
func Location(longURL string) string {
	const hex = "0123456789ABCDEF"
	visible := func(b byte) bool { return b > 0x20 && b < 0x7f }
	more := 0
	for i := range len(longURL) {
		if !visible(longURL[i]) {
			more += 2
		}
	}
	if more == 0 {
		return longURL
	}
	encoded := make([]byte, 0, len(longURL)+more)
	for i := range len(longURL) {
		if b := longURL[i]; visible(b) {
			encoded = append(encoded, b)
		} else {
			encoded = append(encoded, '%', hex[b>>4], hex[b&15])
		}
	}
	return string(encoded)
}

// authority is a host in its one spelling, and its port where that is not the
// default one of the scheme.
type authority struct{ host, port string }

func (a authority) String() string {
	if a.port == "" {
		return a.host
	}
	return a.host + ":" + a.port
}

func parseAuthority(scheme, s string) (a authority, err error) {
	host, port := s, ""
	if i := strings.LastIndexByte(s, ':'); i > strings.LastIndexByte(s, ']') {
		host, port = s[:i], s[i+1:]
	}
	if a.host, err = parseHost(host); err != nil || port == "" {
		return a, err
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return authority{}, errors.New("the port is not a number from 1 to 65535")
	}
	if port = strconv.FormatUint(n, 10); port != defaultPort(scheme) {
		a.port = port
	}
	return a, nil
}

func defaultPort(scheme string) string {
	switch scheme {
	case "https":
		return "443"
	case "ftp":
		return "21"
	}
	return "80"
}

func parseHost(s string) (string, error) {
	if s == "" {
		return "", errors.New("the host is missing")
	}
	if len(s) > maxRawHost {
		return "", errors.New("the host is too long")
	}
	if inner, ok := strings.CutPrefix(s, "["); ok {
		inner, ok = strings.CutSuffix(inner, "]")
		ip, err := netip.ParseAddr(inner)
		if !ok || err != nil || !ip.Is6() || ip.Zone() != "" {
			return "", errors.New("the host is not an IPv6 address")
		}
		return "[" + ip.String() + "]", nil
	}
	// An escape stands for its byte, as browsers read it (WHATWG URL, 3.5).
	s, err := url.PathUnescape(s)
	if err != nil || !utf8.ValidString(s) {
		return "", errors.New("the host is badly escaped")
	}
	host := strings.ToLower(s)
	if strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) {
		if host, err = idna.Lookup.ToASCII(s); err != nil {
			return "", errors.New("the host is not an internationalised domain name")
		}
	}
	return host, checkHost(host)
}

const (
	maxHost  = 253 // RFC 1035, 2.3.4, as text without the root's dot
	maxLabel = 63
	// maxRawHost bounds what is turned into punycode, which takes time.
	maxRawHost = 4 * maxHost
)

// checkHost takes letters, digits, hyphens and underscores wherever they stand:
// hosts with -- and _ that the standards refuse are out there, and answer.
func checkHost(host string) error {
	name := strings.TrimSuffix(host, ".") // of the root
	if len(name) > maxHost {
		return errors.New("the host is too long")
	}
	last := ""
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > maxLabel {
			return errors.New("a part of the host is empty or too long")
		}
		for _, b := range []byte(label) {
			if (b < 'a' || b > 'z') && (b < '0' || b > '9') && b != '-' && b != '_' {
				return errors.New("there is a character in the host that no host has")
			}
		}
		last = label
	}
	// A host that ends in a number is an IPv4 address to browsers, also in
	// spellings such as 0x7f.1 (WHATWG URL, 3.5). Only the usual one is taken.
	number := strings.Trim(last, "0123456789") == ""
	if hex, ok := strings.CutPrefix(last, "0x"); ok && strings.Trim(hex, "0123456789abcdef") == "" {
		number = true
	}
	if _, err := netip.ParseAddr(host); number && err != nil {
		return errors.New("the host is neither a name nor an IPv4 address")
	}
	return nil
}

// hostname is the host of a request without its port and the root's dot, in
// lower case; empty for what no host can be, so that the name alone counts.
func hostname(host string) string {
	port := ""
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		host, port = host[:i], host[i+1:]
	}
	host = strings.TrimSuffix(host, ".")
	if len(host) > maxHost || !printable(host) || strings.Trim(port, "0123456789") != "" {
		return ""
	}
	return strings.ToLower(host)
}

// printable tells whether s is UTF-8 without the control characters of ASCII.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] == 0x7f {
			return false
		}
	}
	return utf8.ValidString(s)
}
