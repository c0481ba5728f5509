package metrics

import (
	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// OfURL takes all links and aggregate links of a long URL, and returns the clicks on those
// that the user may see; for click.Nobody, those that everybody may see. It overwrites
// links.
func OfURL(links []store.Link, user click.UserID) Subject {
	visible, hidden := oldest{}, oldest{}
	for i := range links {
		if l := &links[i]; l.User != click.Nobody && l.VisibleTo(user) {
			visible.add(l)
		} else if l.User != click.Nobody {
			hidden.add(l)
		}
	}
	of := make(Subject, 0, len(links))
	for _, l := range store.Visible(links, user) {
		s := Scope{User: l.User, Link: l.ID}
		if l.User == click.Nobody && hidden.before(visible, l.ID) {
			// Older clicks on the aggregate link would reveal the hidden links:
			// only their owners had its hash then.
			s.Since = visible[l.ID] - visible[l.ID]%rollup.QuarterHour
		}
		of = append(of, s)
	}
	return of
}

// oldest is the time at which the oldest of some links was made, by aggregate link.
type oldest map[click.LinkID]int64

func (o oldest) add(l *store.Link) {
	if t, ok := o[l.Aggregate]; !ok || l.Created < t {
		o[l.Aggregate] = l.Created
	}
}

// before reports whether o has a link of the aggregate link that is older than all
// those of other.
func (o oldest) before(other oldest, aggregate click.LinkID) bool {
	t, ok := o[aggregate]
	return ok && t < other[aggregate]
}
