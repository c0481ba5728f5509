package v3

import (
	"errors"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/metrics"
	"github.com/footfall/footfall/internal/storage/store"
)

// clicksOf is the clicks on all links of a user; with a tag, on those that have the tag.
// It takes a seat if there are many of these.
func (c *call) clicksOf(u store.User, tag string) (metrics.Subject, error) {
	if tag == "" {
		return metrics.Subject{{User: u.ID}}, nil
	}
	links, err := c.tagged(u, tag)
	of := make(metrics.Subject, len(links))
	for i, id := range links {
		of[i] = metrics.Scope{User: u.ID, Link: id}
	}
	return of, err
}

// tagged is the user's links that have a tag. It takes a seat if there are many.
func (c *call) tagged(u store.User, tag string) ([]click.LinkID, error) {
	links, err := c.api.Store.TaggedLinks(c.ctx, u.ID, tag)
	if err == nil && len(links) > manyTagged {
		err = c.takeSeat(c.ctx)
	}
	return links, err
}

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
	return metrics.OfURL(c.ctx, c.api.Store, all, asker.ID)
}

// shortURL is the short URL of a hash on the default domain.
func (c *call) shortURL(hash click.Hash) string {
	return c.api.Links.ShortURL(c.defaultDomain(), hash)
}

// defaultDomain is the default domain of short URLs.
func (c *call) defaultDomain() string {
	if c.domain == "" {
		domain, err := c.api.Links.Domain("", c.host)
		c.fail(err)
		c.domain = domain
	}
	return c.domain
}

// login is the login of a user; empty for a deleted one.
func (c *call) login(id click.UserID) (string, error) {
	u, err := c.api.Store.UserByID(c.ctx, id)
	if errors.Is(err, click.ErrNotFound) {
		return "", nil
	}
	return u.Login, err
}
