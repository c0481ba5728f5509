package v3

import (
	"errors"
	"slices"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/core/metrics"
	"github.com/footfall/footfall/internal/storage/store"
)

// filter limits a question about the links of a user. An empty one does not.
type filter struct {
	links []string // as they are written
	tags  []string // a link has one of them
}

// filter takes link and tag.
func (c *call) filter() (f filter) {
	f.links = c.query.all("link")
	if len(f.links) > maxNamedLinks {
		c.fail(invalid("link"))
	}
	raw := c.query.all("tag")
	if len(raw) > maxNamedLinks {
		c.fail(invalid("tag"))
		return f
	}
	for _, r := range raw {
		tag, err := links.ParseTag(r)
		if err != nil {
			c.fail(invalid("tag"))
		}
		f.tags = append(f.tags, tag)
	}
	return f
}

// clicksOf is the clicks on the links of a user that pass a filter. It takes a seat if
// these are many.
func (c *call) clicksOf(u store.User, f filter) (metrics.Subject, error) {
	ids, all, err := c.filtered(u, f)
	if err != nil {
		return nil, err
	}
	if all {
		return metrics.Subject{{User: u.ID}}, nil
	}
	of := make(metrics.Subject, len(ids))
	for i, id := range ids {
		of[i] = metrics.Scope{User: u.ID, Link: id}
	}
	return of, nil
}

// filtered lists the links of a user that pass a filter, in ascending order; all means that
// every link does. It fails with click.ErrNotFound if the filter names a link that is not the
// user's.
func (c *call) filtered(u store.User, f filter) (ids []click.LinkID, all bool, err error) {
	for _, written := range f.links {
		l, err := c.api.Links.Find(c.ctx, written, c.host)
		if err != nil {
			return nil, false, err
		}
		if l.User != u.ID {
			return nil, false, click.ErrNotFound
		}
		ids = append(ids, l.ID)
	}
	if len(f.tags) == 0 {
		return sortedOnce(ids), len(f.links) == 0, nil
	}
	var tagged []click.LinkID
	for _, tag := range f.tags {
		list, err := c.api.Store.TaggedLinks(c.ctx, u.ID, tag)
		if err != nil {
			return nil, false, err
		}
		tagged = append(tagged, list...)
	}
	if len(tagged) > manyTagged {
		if err := c.takeSeat(c.ctx); err != nil {
			return nil, false, err
		}
	}
	tagged = sortedOnce(tagged)
	if len(f.links) == 0 {
		return tagged, false, nil
	}
	ids = slices.DeleteFunc(sortedOnce(ids), func(id click.LinkID) bool {
		_, has := slices.BinarySearch(tagged, id)
		return !has
	})
	return ids, false, nil
}

// sortedOnce sorts ids, and leaves out repeated ones.
func sortedOnce(ids []click.LinkID) []click.LinkID {
	slices.Sort(ids)
	return slices.Compact(ids)
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
