package metrics

import (
	"context"
	"errors"
	"fmt"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// Versions lists where a link has led: a part of store.Links.
type Versions interface {
	Versions(ctx context.Context, id click.LinkID) ([]store.Version, error)
}

// OfURL takes all links and aggregate links of a long URL, oldest first, and returns the
// clicks on those that the user may see; for click.Nobody, those that everybody may see. It
// overwrites links. It fails with the error of v.
func OfURL(ctx context.Context, v Versions, links []store.Link, user click.UserID) (Subject, error) {
	visible, hidden := oldest{}, oldest{}
	for i := range links {
		switch l := &links[i]; {
		case l.User == click.Nobody:
		case !l.VisibleTo(user):
			hidden.add(l, l.Created)
		default:
			since, err := leadsThereSince(ctx, v, l, visible)
			if err != nil {
				return nil, err
			}
			visible.add(l, since)
		}
	}
	of := make(Subject, 0, len(links))
	for _, l := range store.Visible(links, user) {
		s := Scope{User: l.User, Link: l.ID}
		if l.User == click.Nobody && (hidden.before(visible, l.ID) || l.Created < visible[l.ID]) {
			// Older clicks on the aggregate link would reveal hidden links, or links
			// that led there before and were hidden: only their owners had its hash then.
			s.Since = visible[l.ID] - visible[l.ID]%rollup.QuarterHour
		}
		of = append(of, s)
	}
	return of, nil
}

// leadsThereSince is the time since which a link has led to its long URL. It may be a later
// time if a known link of the same aggregate link has led there for longer.
func leadsThereSince(ctx context.Context, v Versions, l *store.Link, known oldest) (int64, error) {
	if t, ok := known[l.Aggregate]; l.Modified == l.Created || ok && t <= l.Created {
		return l.Created, nil
	}
	versions, err := v.Versions(ctx, l.ID)
	if errors.Is(err, click.ErrNotFound) { // deleted meanwhile
		return l.Modified, nil
	}
	if err != nil {
		return 0, fmt.Errorf("versions of link %d: %w", l.ID, err)
	}
	return versions[0].Since, nil
}

// oldest is the time since which the oldest of some links leads to the long URL, by
// aggregate link.
type oldest map[click.LinkID]int64

func (o oldest) add(l *store.Link, since int64) {
	if t, ok := o[l.Aggregate]; !ok || since < t {
		o[l.Aggregate] = since
	}
}

// before reports whether o has a link of the aggregate link that is older than all
// those of other.
func (o oldest) before(other oldest, aggregate click.LinkID) bool {
	t, ok := o[aggregate]
	return ok && t < other[aggregate]
}
