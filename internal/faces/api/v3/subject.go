package v3

import (
	"errors"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/metrics"
	"github.com/footfall/footfall/internal/storage/store"
)

// allLinks is the clicks on all links of a user.
func allLinks(u store.User) metrics.Subject { return metrics.Subject{{User: u.ID}} }

// find finds the link that a question of the user is about. A private link is
// there for its owner only, and an aggregate link for those who may see one of
// the links that it sums: for others it is as if there had never been one.
func (c *call) find(asker store.User, written string) (store.Link, error) {
	l, err := c.api.Links.FindShared(c.ctx, written, c.host)
	switch {
	case err != nil:
		return store.Link{}, err
	case l.User == click.Nobody:
		return c.api.Store.SeenAggregate(c.ctx, asker.ID, l.ID)
	case !l.SeenBy(asker.ID):
		return store.Link{}, click.ErrNotFound
	}
	return l, nil
}

// of is the clicks on the link; of an aggregate link those on every link with
// its long URL that the user may see.
func (c *call) of(asker store.User, l store.Link) (metrics.Subject, error) {
	if l.User != click.Nobody {
		return metrics.Subject{{User: l.User, Link: l.ID}}, nil
	}
	return c.ofURL(asker, l.LongURL)
}

// ofURL is the clicks on every link with the long URL that the user may see.
func (c *call) ofURL(asker store.User, longURL string) (metrics.Subject, error) {
	all, err := c.linksOfURL(longURL)
	if err != nil {
		return nil, err
	}
	// By aggregate link: when the oldest link that names it was made, of those
	// that the user may see, and of the others.
	seen, hidden := oldest{}, oldest{}
	for i := range all {
		if l := &all[i]; l.User != click.Nobody && l.SeenBy(asker.ID) {
			seen.add(l)
		} else if l.User != click.Nobody {
			hidden.add(l)
		}
	}
	of := make(metrics.Subject, 0, len(all))
	for _, l := range store.Seen(all, asker.ID) {
		s := metrics.Scope{User: l.User, Link: l.ID}
		if l.User == click.Nobody && hidden.before(seen, l.ID) {
			// Before that only they had its name who must stay unknown.
			s.Since = seen[l.ID] - seen[l.ID]%quarterHour
		}
		of = append(of, s)
	}
	return of, nil
}

// quarterHour is what clicks are counted by, in seconds.
const quarterHour = 900

// oldest is when the oldest of some links was made, by their aggregate links.
type oldest map[click.LinkID]int64

func (o oldest) add(l *store.Link) {
	if t, ok := o[l.Aggregate]; !ok || l.Created < t {
		o[l.Aggregate] = l.Created
	}
}

// before tells whether there is one, and older than the other one.
func (o oldest) before(other oldest, aggregate click.LinkID) bool {
	t, ok := o[aggregate]
	return ok && t < other[aggregate]
}

// link is the link of the parameter of that name and its clicks, once all
// parameters are good.
func (c *call) subject(asker store.User, written string) (metrics.Subject, error) {
	l, err := c.find(asker, written)
	if err != nil {
		return nil, err
	}
	return c.of(asker, l)
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

// login is the login of a user; empty for one who is gone.
func (c *call) login(id click.UserID) (string, error) {
	u, err := c.api.Store.UserByID(c.ctx, id)
	if errors.Is(err, click.ErrNotFound) {
		return "", nil
	}
	return u.Login, err
}
