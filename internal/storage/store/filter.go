package store

import (
	"strings"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/weburl"
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
		if exact := weburl.Host(w.ExactDomain); w.ExactDomain != "" && (exact == "" || host != exact) {
			return false
		}
		if root := weburl.Host(w.RootDomain); w.RootDomain != "" && (root == "" || host != root && !strings.HasSuffix(host, "."+root)) {
			return false
		}
	}
	query := strings.ToLower(w.Query)
	return strings.Contains(strings.ToLower(l.LongURL), query) || strings.Contains(strings.ToLower(l.Title), query) ||
		!w.WithoutNotes && strings.Contains(strings.ToLower(l.Note), query)
}

// hostOf is the host of a URL, as weburl.Host has it. A backslash ends it, as in
// browsers.
func hostOf(longURL string) string {
	_, authority, _, _ := weburl.Split(longURL)
	host, _, _ := strings.Cut(authority, `\`)
	return weburl.Host(host)
}
