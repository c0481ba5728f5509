package v3

import (
	"errors"

	"github.com/footfall/footfall/click"
	"github.com/footfall/footfall/metrics"
	"github.com/footfall/footfall/rollup"
	"github.com/footfall/footfall/store"
)

// allLinks is the clicks on all links of a user.
func allLinks(u store.User) metrics.Subject { return metrics.Subject{{User: u.ID}} }

// find finds the link that a question of the user is about. A private link is
// there for its owner only.
func (c *call) find(asker store.User, written string) (store.Link, error) {
	l, err := c.api.Links.FindShared(c.ctx, written, c.host)
	if err == nil && l.Private && l.User != asker.ID {
		return store.Link{}, click.ErrNotFound
	}
	return l, err
}

// of is the clicks on the link; of an aggregate link those on every link with
// its long URL.
func (c *call) of(l store.Link) (metrics.Subject, error) {
	if l.User != click.Nobody {
		return metrics.Subject{{User: l.User, Link: l.ID}}, nil
	}
	return c.ofURL(l.LongURL)
}

// ofURL is the clicks on every link with the long URL.
func (c *call) ofURL(longURL string) (metrics.Subject, error) {
	all, err := c.api.Store.LinksOfURL(c.ctx, longURL)
	of := make(metrics.Subject, len(all))
	for i, l := range all {
		of[i] = rollup.Scope{User: l.User, Link: l.ID}
	}
	return of, err
}

// link is the link of the parameter of that name and its clicks, once all
// parameters are good.
func (c *call) subject(asker store.User, written string) (metrics.Subject, error) {
	l, err := c.find(asker, written)
	if err != nil {
		return nil, err
	}
	return c.of(l)
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
