package feed

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/footfall/footfall/internal/base/plain"
)

// column is what a column of a CSV file means.
type column int

const (
	shortURL column = iota
	customURL
	shortName
	shortDomain
	longURL
	title
	note
	tags
	created
	expires
	expiredURL
	count
	archived
	columns // their number
)

// csvNames has, for each column, what it is and the names that programs give it in their
// exports. If a header has several of these names, the first one is taken. Names are compared
// by their letters and digits, in any case: Long URL, long_url and longUrl are one.
//
// Bitly writes Bitlink or Link and Custom Link; YOURLS keyword and url in its database, and
// source, target and hits in its plugin Import Export; Shlink shortCode and longUrl in its web
// client, Short code and Long URL for its own import; Kutt address and target in its API and
// database; Dub Short link and Destination URL, or key and url; Rebrandly slashtag and
// destination; Short.io path and originalURL; Polr short_url and long_url.
var csvNames = [columns]struct {
	what  string
	names []string
}{
	shortURL:    {"the old short URL", []string{"Bitlink", "Short URL", "Short link", "Link", "Tiny URL"}},
	customURL:   {"another short URL of the link, with a name that its owner chose", []string{"Custom Link", "Custom Bitlink", "Custom Bitlinks"}},
	shortName:   {"the name, which is the path of the short URL", []string{"keyword", "Short code", "address", "key", "slashtag", "path", "slug", "alias", "back half", "source"}},
	shortDomain: {"the domain of the short URL", []string{"domain", "domain name", "domain.fullName"}},
	longURL:     {"where the link leads", []string{"Long URL", "Destination URL", "Original URL", "Target URL", "Long link", "destination", "target", "url"}},
	title:       {"the title", []string{"title"}},
	note:        {"a note; the title if no other column is", []string{"description", "note", "comments"}},
	tags:        {"tags, separated by commas, semicolons or bars", []string{"tags", "labels"}},
	created:     {"when the link was made", []string{"Created", "Created at", "Date created", "Created date", "Creation date", "timestamp"}},
	expires:     {"when the link ends", []string{"Expires at", "expires", "expire in", "valid until", "expiration", "expiration date"}},
	expiredURL:  {"where it leads after that", []string{"Expired URL"}},
	count:       {"the number of clicks", []string{"Total clicks", "clicks", "visits", "visit count", "visits count", "click count", "hits"}},
	archived:    {"whether the link is archived", []string{"archived"}},
}

// foldColumn returns the letters and digits of a column's name, in lower case.
func foldColumn(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

// ColumnsError says that a CSV file of links lacks a column.
type ColumnsError struct {
	// Missing is what the column has, Known are the names that it may have.
	Missing string
	Known   []string
	// Found are the names in the header; empty if the file is empty. Long ones are cut.
	Found []string
}

func (e *ColumnsError) Error() string {
	if len(e.Found) == 0 {
		return "the file is empty: a first line with the names of the columns is expected"
	}
	return fmt.Sprintf("no column has %s: the header line has %s, and the column may be called %s", e.Missing, strings.Join(e.Found, ", "), strings.Join(e.Known, ", "))
}

// csvHeader is where the columns of a file are.
type csvHeader struct {
	at      [columns]int // -1 if there is none
	width   int
	ignored []string
}

const (
	// maxShown bounds the names of columns in a message, and maxShownName the bytes of each.
	maxShown     = 30
	maxShownName = 60
)

func parseHeader(fields []string) (h csvHeader, err error) {
	for len(fields) > 0 && strings.TrimSpace(fields[len(fields)-1]) == "" {
		fields = fields[:len(fields)-1]
	}
	folded := make([]string, len(fields))
	for i, name := range fields {
		folded[i] = foldColumn(name)
	}
	used := make([]bool, len(fields))
	for c := range h.at {
		h.at[c] = -1
		for _, name := range csvNames[c].names {
			if at := slices.Index(folded, foldColumn(name)); at >= 0 {
				h.at[c] = at
				used[at] = true
				break
			}
		}
	}
	h.width = len(fields)
	var found []string
	for i, name := range fields {
		if len(found) < maxShown {
			found = append(found, plain.Text(cut(name, maxShownName)))
		}
		if !used[i] && strings.TrimSpace(name) != "" && len(h.ignored) < maxShown {
			h.ignored = append(h.ignored, plain.Text(cut(name, maxShownName)))
		}
	}
	lacks := func(what string, known ...string) error {
		return &ColumnsError{Missing: what, Known: known, Found: found}
	}
	switch {
	case h.at[longURL] < 0:
		return h, lacks("the long URLs", csvNames[longURL].names...)
	case h.at[shortURL] < 0 && h.at[shortName] < 0 && h.at[customURL] < 0:
		return h, lacks("the short URLs or names", slices.Concat(csvNames[shortURL].names, csvNames[customURL].names, csvNames[shortName].names)...)
	}
	if h.at[title] < 0 {
		h.at[title], h.at[note] = h.at[note], -1
	}
	return h, nil
}

// value is the field of a column, without blanks around it; empty if there is none.
func (h *csvHeader) value(fields []string, c column) string {
	at := h.at[c]
	if at < 0 || at >= len(fields) {
		return ""
	}
	return strings.TrimSpace(fields[at])
}

// cut returns the start of a text: all of it, or as many whole characters as fit in a number
// of bytes, followed by an ellipsis.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
