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

// ErrURL is for a text that is not a URL to which a link may lead. The error that wraps it
// says why.
var ErrURL = errors.New("not a URL that can be shortened")

// MaxLongURL is the length of a long URL, in bytes, as it is given and as it is kept.
const MaxLongURL = 8192

// ParseLongURL returns a long URL in the spelling in which it is kept, so that URLs that
// differ only in spelling are the same: scheme and host in lower case, an internationalised
// host in punycode (UTS #46, lookup) and without escapes, an address in its usual form, no
// default port, / for an empty path. The rest is kept byte for byte, except that bytes
// above ASCII are percent-encoded. The result is visible ASCII, and ParseLongURL of it is
// itself. Blanks and invisible characters around the URL are dropped, because people copy
// them by accident.
//
// It fails with ErrURL for schemes other than http and https, blanks and control characters
// inside, text that is not UTF-8, a user name or password, a missing or malformed host, a port outside
// 1 to 65535, and more than MaxLongURL bytes. A blank inside is refused, as by Bitly,
// because it usually shows that a part of the URL was not encoded.
func ParseLongURL(raw string) (string, error) {
	longURL, err := parseLongURL(raw)
	if err != nil {
		return "", fmt.Errorf("links: %w: %w", ErrURL, err)
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
		return "", errors.New("it contains a blank or a control character")
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

// invisible reports whether a character shows nothing: a blank, or a format character
// (general category Cf: zero-width spaces and joiners, byte order marks, directions).
func invisible(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) }

// CheckForeignURL fails with ErrURL if no link may lead to the URL, not even an imported
// one. It checks scheme and host as ParseLongURL does, and accepts ftp too. It does not
// check the path, because imported links keep their spelling. The text of the error is the
// reason alone.
func CheckForeignURL(longURL string) error {
	_, _, _, err := split(longURL, "http", "https", "ftp")
	switch {
	case err == errScheme:
		return refusal{errors.New("it is not an http, https or ftp URL")}
	case err != nil:
		return refusal{err}
	}
	return nil
}

// refusal is an ErrURL.
type refusal struct{ error }

func (refusal) Is(target error) bool { return target == ErrURL }

var errScheme = errors.New("the scheme is not allowed")

// split takes a URL of one of the schemes apart: its scheme in lower case, its host and
// port, and the rest. It fails with errScheme for another scheme. URLs to shorten and
// those of imports both pass here, so a rule about hosts belongs here.
func split(s string, schemes ...string) (scheme string, a weburl.Authority, rest string, err error) {
	scheme, authority, rest, ok := weburl.Split(s)
	if !ok || !slices.Contains(schemes, scheme) {
		return "", a, "", errScheme
	}
	if strings.Contains(authority, "@") {
		return "", a, "", errors.New("it contains a user name or password")
	}
	a, err = weburl.ParseAuthority(scheme, authority)
	return scheme, a, rest, err
}

// Location is a long URL for a Location header: each byte that is not visible ASCII is
// percent-encoded, as imported long URLs may have any. A result of ParseLongURL stays as
// it is.
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
