package links

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/footfall/footfall/internal/base/weburl"
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
func split(s string, schemes ...string) (scheme string, a weburl.Authority, rest string, err error) {
	scheme, authority, rest, ok := weburl.Split(s)
	if !ok || !slices.Contains(schemes, scheme) {
		return "", a, "", errScheme
	}
	if strings.Contains(authority, "@") {
		return "", a, "", errors.New("there are credentials in it")
	}
	a, err = weburl.ParseAuthority(scheme, authority)
	return scheme, a, rest, err
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
