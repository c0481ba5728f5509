// Package plain makes foreign text harmless on a terminal. Titles, URLs, logins and file
// names may have characters that move the cursor, change the title of the window, start a
// line, or reverse the direction of the text after them.
//
// Text is for such a text inside a message. Writer escapes what a message missed. The
// package does not interpret the text.
package plain

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Text returns s as it is, or quoted as in Go if it has characters that do not print
// (strconv.IsPrint), invalid UTF-8, quotes or backslashes.
func Text(s string) string {
	if quoted := strconv.Quote(s); quoted != `"`+s+`"` {
		return quoted
	}
	return s
}

// Error returns the message of an error, with Text of the names of files in it.
func Error(err error) string {
	message := err.Error()
	for _, name := range names(err, nil) {
		if shown := Text(name); shown != name {
			message = strings.ReplaceAll(message, name, shown)
		}
	}
	return message
}

// names appends the names of files in those errors of the standard library that err wraps.
func names(err error, to []string) []string {
	switch e := err.(type) {
	case *fs.PathError:
		to = append(to, e.Path)
	case *os.LinkError:
		to = append(to, e.Old, e.New)
	}
	switch e := err.(type) {
	case interface{ Unwrap() []error }:
		for _, err := range e.Unwrap() {
			to = names(err, to)
		}
	default:
		if err = errors.Unwrap(err); err != nil {
			to = names(err, to)
		}
	}
	return to
}

// Writer passes writes on, and escapes characters that do not print, except newlines and
// tabs: as \u001b, which is valid in JSON too, or as \xff for invalid UTF-8. Each Write
// must end with a whole character.
func Writer(w io.Writer) io.Writer { return writer{w} }

type writer struct{ to io.Writer }

func (w writer) Write(p []byte) (int, error) {
	if harmless(p) {
		return w.to.Write(p)
	}
	var b strings.Builder
	for rest := p; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, rest[0])
		case shows(r):
			b.Write(rest[:size])
		case r > 0xffff:
			first, second := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, first, second)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		rest = rest[size:]
	}
	if _, err := io.WriteString(w.to, b.String()); err != nil {
		return 0, err
	}
	return len(p), nil
}

func harmless(p []byte) bool {
	for len(p) > 0 {
		r, size := utf8.DecodeRune(p)
		if r == utf8.RuneError && size == 1 || !shows(r) {
			return false
		}
		p = p[size:]
	}
	return true
}

// shows reports whether a terminal only shows the character. That includes blanks of any
// width.
func shows(r rune) bool {
	return r == '\n' || r == '\t' || strconv.IsPrint(r) || unicode.Is(unicode.Zs, r)
}
