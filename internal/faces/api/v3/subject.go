package v3

import (
	"errors"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/core/metrics"
	"github.com/footfall/footfall/internal/storage/store"
)

// allLinks is the clicks on all links of a user.
func allLinks(u store.User) metrics.Subject { return metrics.Subject{{User: u.ID}} }

// subject is the clicks on the link that the parameter link names.
func (c *call) subject(asker store.User, written string) (metrics.Subject, error) {
	l, err := c.find(asker, written)
	if err != nil {
		return nil, err
	}
	return c.clicksOn(asker, l)
}

// find finds a link. A private link is found by its owner only, and an aggregate link
// by users who may see one of the links that it sums. For other users the link does
// not exist.
func (c *call) find(asker store.User, written string) (store.Link, error) {
	l, err := c.api.Links.FindPreferAggregate(c.ctx, written, c.host)
	switch {
	case err != nil:
		return store.Link{}, err
	case l.User == click.Nobody:
		return c.api.Store.VisibleAggregate(c.ctx, asker.ID, l.ID)
	case !l.VisibleTo(asker.ID):
		return store.Link{}, click.ErrNotFound
	}
	return l, nil
}

// clicksOn is the clicks on a link. For an aggregate link it is the clicks on all
// links of its long URL that the asker may see.
func (c *call) clicksOn(asker store.User, l store.Link) (metrics.Subject, error) {
	if l.User != click.Nobody {
		return metrics.Subject{{User: l.User, Link: l.ID}}, nil
	}
	return c.clicksOnURL(asker, l.LongURL)
}

// clicksOnURL is the clicks on all links of a long URL that the asker may see.
func (c *call) clicksOnURL(asker store.User, longURL string) (metrics.Subject, error) {
	all, err := c.linksOfURL(longURL)
	if err != nil {
		return nil, err
	}
	visible, hidden := oldest{}, oldest{}
	for i := range all {
		if l := &all[i]; l.User != click.Nobody && l.VisibleTo(asker.ID) {
			visible.add(l)
		} else if l.User != click.Nobody {
			hidden.add(l)
		}
	}
	of := make(metrics.Subject, 0, len(all))
	for _, l := range store.Visible(all, asker.ID) {
		s := metrics.Scope{User: l.User, Link: l.ID}
		if l.User == click.Nobody && hidden.before(visible, l.ID) {
			// Older clicks on the aggregate link would reveal the hidden links:
			// only their owners had its hash then.
			s.Since = visible[l.ID] - visible[l.ID]%rollup.QuarterHour
		}
		of = append(of, s)
	}
	return of, nil
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

// shortURL is the short URL of a hash on the default domain.
func (c *call) shortURL(hash click.Hash) string {
	if c.domain == "" {
		domain, err := c.api.Links.Domain("", c.host)
		c.fail(err)
		c.domain = domain
	}
	return c.api.Links.ShortURL(c.domain, hash)
}

// login is the login of a user; empty for a deleted one.
func (c *call) login(id click.UserID) (string, error) {
	u, err := c.api.Store.UserByID(c.ctx, id)
	if errors.Is(err, click.ErrNotFound) {
		return "", nil
	}
	return u.Login, err
}
