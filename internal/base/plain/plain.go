// Package plain makes text of others harmless to a terminal: titles, URLs,
// logins and names of files may hold what moves the cursor, changes the title of
// the window, begins a line or turns what follows around.
//
// Text is for one such text inside a message. Writer is the net below: it holds
// what a message forgot. The package refuses to know what a text means.
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

// Text is the text as it is, or quoted as in Go where it holds what does not
// print (strconv.IsPrint), what is not UTF-8, or quotes and backslashes.
func Text(s string) string {
	if quoted := strconv.Quote(s); quoted != `"`+s+`"` {
		return quoted
	}
	return s
}

// Error is the message of an error, in which names of files are as Text has
// them.
func Error(err error) string {
	message := err.Error()
	for _, name := range names(err, nil) {
		if shown := Text(name); shown != name {
			message = strings.ReplaceAll(message, name, shown)
		}
	}
	return message
}

// names adds the names of files in the errors of the standard library that the
// error wraps.
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

// Writer writes on, but escapes of each Write what neither prints nor is a
// newline or a tab: as \u001b, which JSON takes too, or as \xff where it is not
// UTF-8. Who writes ends each Write with a whole character.
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

// shows tells whether a terminal shows the character, and does nothing else; a
// blank of any width is shown.
func shows(r rune) bool {
	return r == '\n' || r == '\t' || strconv.IsPrint(r) || unicode.Is(unicode.Zs, r)
}
