package links

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/weburl"
	"github.com/footfall/footfall/internal/storage/store"
)

// Place is where to look for a link. Host is normalized by weburl.Host, or empty if it is
// unknown. Name is the path, unescaped, without the leading slash. It may mean several names
// of links (see tryNames).
type Place struct{ Host, Name string }

// ParsePlace takes a link as people write it: a short URL, a host and a name, or a name
// alone. It ignores the scheme, a user name and password, a query, a fragment, and blanks and
// invisible characters around the link, a line feed after the name included. It is the only
// parser of such texts. ok is false if the text names no link on any installation: the host
// cannot be one, an escape is broken, or there is no name.
func ParsePlace(written string) (p Place, ok bool) {
	rest := strings.TrimFunc(written, invisible)
	if _, after, ok := weburl.CutScheme(rest); ok {
		rest = after
	}
	if i := strings.IndexAny(rest, "?#"); i >= 0 {
		rest = rest[:i]
	}
	host, name, ok := strings.Cut(rest, "/")
	if !ok {
		host, name = "", rest
	}
	if host != "" {
		if p.Host = weburl.Host(host); p.Host == "" {
			return Place{}, false
		}
	}
	var err error
	p.Name, err = url.PathUnescape(name)
	if err == nil && !printable(p.Name) { // it may end with a line feed
		p.Name = strings.TrimRightFunc(p.Name, endsSentence)
	}
	if err != nil || p.Name == "" || !printable(p.Name) {
		return Place{}, false
	}
	return p, true
}

// tryNames calls find with each name that a path may mean, until there is a link, and returns
// that link and its name. The names are the path as it is; without the slash at its end;
// without any slash at both ends, which people, programs and servers that join addresses
// add; as browsers and proxies send it (see clean); and without the punctuation of a
// sentence that programs take for a part of a URL. It fails with click.ErrNotFound if there
// is no link of any of these names, and at once with any other error of find. Then callers
// look for a keyword that is the last of these names in another case.
func tryNames(path string, find func(name string) (store.Link, error)) (l store.Link, name string, err error) {
	err = errUnknown
	for _, rewrite := range [...]func(string) string{asItIs, withoutSlash, withoutSlashes, clean, withoutPunctuation} {
		next := rewrite(path)
		if next == "" || next == name {
			continue
		}
		name = next
		if l, err = find(name); !errors.Is(err, click.ErrNotFound) {
			return l, name, err
		}
	}
	return l, "", err
}

func asItIs(path string) string         { return path }
func withoutSlash(path string) string   { return strings.TrimSuffix(path, "/") }
func withoutSlashes(path string) string { return strings.Trim(path, "/") }

func withoutPunctuation(path string) string { return strings.TrimRightFunc(clean(path), endsSentence) }

// endsSentence reports whether a character that follows a URL in a text may belong to the
// text: a blank, an invisible character, or punctuation except "-" and "_".
func endsSentence(r rune) bool {
	return invisible(r) || strings.ContainsRune("<>`", r) || unicode.IsPunct(r) && r != '-' && r != '_'
}

// clean is a path as it arrives here from browsers, which take a backslash for a
// slash and resolve segments of dots (WHATWG URL, 4.4), and from proxies, which
// merge slashes.
func clean(path string) string {
	if !strings.ContainsAny(path, `/\.`) {
		return path
	}
	var segments []string
	for segment := range strings.SplitSeq(strings.ReplaceAll(path, `\`, "/"), "/") {
		switch segment {
		case "", ".":
		case "..":
			segments = segments[:max(len(segments)-1, 0)]
		default:
			segments = append(segments, segment)
		}
	}
	return strings.Join(segments, "/")
}

// mayBeName reports whether a link may have the name.
func mayBeName(name string) bool { return name != "" && CheckForeignName(name) == nil }

// CheckForeignName fails if no link, even an imported one, can have the name: visitors would not
// reach it. The empty name passes.
func CheckForeignName(name string) error {
	switch {
	case Reserved(name):
		return fmt.Errorf("%.100q cannot be the name of a link, because it is one of the server's own", name)
	case len(name) > MaxName:
		return fmt.Errorf("the name of a link has %d bytes; at most %d are allowed", len(name), MaxName)
	case !utf8.ValidString(name):
		return fmt.Errorf("%q is not UTF-8, and cannot be the name of a link", name)
	case !printable(name):
		return fmt.Errorf("%q holds a control character, and cannot be the name of a link", name)
	}
	return nil
}

// printable reports whether s is UTF-8 without the control characters of ASCII.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] == 0x7f {
			return false
		}
	}
	return utf8.ValidString(s)
}
