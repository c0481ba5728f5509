package store

import (
	"strings"

	"github.com/footfall/footfall/internal/base/click"
)

// LinkFilter says which links of a user ListLinks lists. The zero value of
// each part but User passes every link.
type LinkFilter struct {
	User click.UserID
	// The bounds are Unix seconds, inclusive; 0 is none.
	CreatedFrom, CreatedTo, ModifiedFrom int64
	// Archived and Private are what links must be; nil is either.
	Archived, Private *bool
	// Keyword is a keyword of the link, on any domain.
	Keyword click.Hash
	Words

	// Offset is how many links are left out at the start, and Limit the most
	// that are listed. Below 0 is 0.
	Offset, Limit int
}

// Words is the part of a LinkFilter that looks into texts. Case does not
// count.
type Words struct {
	// Query is a part of the long URL, the title or the note; of the note not
	// where WithoutNotes says so, for whoever is not to see it.
	Query        string
	WithoutNotes bool
	// ExactDomain is the host of the long URL, without its port. RootDomain is
	// that too, or what it ends in after a dot.
	ExactDomain, RootDomain string
}

// Any tells whether there is a word, so that not every link passes.
func (w *Words) Any() bool { return w.Query != "" || w.ExactDomain != "" || w.RootDomain != "" }

// Pass tells whether the link passes, by its LongURL, Title and Note alone.
// Engines that cannot search so ask it.
func (w *Words) Pass(l *Link) bool {
	if !w.Any() {
		return true
	}
	if w.ExactDomain != "" || w.RootDomain != "" {
		host := hostOf(l.LongURL)
		if w.ExactDomain != "" && host != strings.ToLower(w.ExactDomain) {
			return false
		}
		if root := strings.ToLower(w.RootDomain); root != "" && host != root && !strings.HasSuffix(host, "."+root) {
			return false
		}
	}
	query := strings.ToLower(w.Query)
	return strings.Contains(strings.ToLower(l.LongURL), query) || strings.Contains(strings.ToLower(l.Title), query) ||
		!w.WithoutNotes && strings.Contains(strings.ToLower(l.Note), query)
}

// hostOf is the host of a URL in lower case, without credentials and port.
func hostOf(longURL string) string {
	_, rest, _ := strings.Cut(longURL, "://")
	if i := strings.IndexAny(rest, "/?#\\"); i >= 0 {
		rest = rest[:i]
	}
	rest = rest[strings.LastIndexByte(rest, '@')+1:]
	if i := strings.LastIndexByte(rest, ':'); i > strings.LastIndexByte(rest, ']') {
		rest = rest[:i]
	}
	return strings.ToLower(rest)
}
