package store

import (
	"strings"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/weburl"
)

// LinkFilter says which links of a user ListLinks lists. The zero value of each
// field except User passes every link.
type LinkFilter struct {
	User click.UserID
	// Bounds are inclusive Unix seconds; 0 is no bound.
	CreatedFrom, CreatedTo, ModifiedFrom int64
	// Archived and Private are what links must be; nil passes both.
	Archived, Private *bool
	// Keyword is a keyword of the link, on any domain.
	Keyword click.Hash
	// Tag is a tag of the link.
	Tag string
	Words

	// Offset is the number of links that are left out at the start, and Limit the
	// maximum that is listed. A number below 0 is 0.
	Offset, Limit int
}

// Words is the part of a LinkFilter that searches texts. Case does not matter.
type Words struct {
	// Query is text that the long URL, the title or the note must contain.
	// WithoutNotes leaves out notes, for users who must not see them.
	Query        string
	WithoutNotes bool
	// ExactDomain is the host of the long URL, without its port. RootDomain is the
	// host, or a domain that the host is below.
	ExactDomain, RootDomain string
}

// Any reports whether any word is set. If not, every link passes.
func (w *Words) Any() bool { return w.Query != "" || w.ExactDomain != "" || w.RootDomain != "" }

// Pass reports whether a link passes, by its LongURL, Title and Note. It is for engines
// that cannot search in this way.
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
