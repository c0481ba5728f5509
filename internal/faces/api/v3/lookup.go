package v3

import (
	"context"
	"errors"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/faces/envelope"
	"github.com/footfall/footfall/internal/storage/store"
)

// userLinkLookup is user/link_lookup: the user's links of long URLs.
func (a *API) userLinkLookup(c *call) (any, error) {
	return c.lookup("link_lookup", a.Links.Lookup, func(url string, hash, aggregate click.Hash) object {
		return object{{"url", url}, {"link", c.shortURL(hash)}, {"aggregate_link", c.shortURL(aggregate)}}
	})
}

// linkLookup is link/lookup: the aggregate links of long URLs.
func (a *API) linkLookup(c *call) (any, error) {
	return c.lookup("link_lookup", a.Links.LookupAggregate, func(url string, _, aggregate click.Hash) object {
		return object{{"url", url}, {"aggregate_link", c.shortURL(aggregate)}}
	})
}

// olderLookup is lookup: the same with the keys of older clients.
func (a *API) olderLookup(c *call) (any, error) {
	return c.lookup("lookup", a.Links.LookupAggregate, func(url string, _, aggregate click.Hash) object {
		return object{{"url", url}, {"short_url", c.shortURL(aggregate)}, {"global_hash", aggregate}}
	})
}

// lookup answers with a list under a key: for each long URL an entry about the link that
// ask finds.
func (c *call) lookup(
	key string, ask func(context.Context, click.UserID, string) (store.Link, error),
	entry func(url string, hash, aggregate click.Hash) object,
) (any, error) {
	user := c.authUser()
	urls := c.query.all("url", "link")
	if len(urls) == 0 {
		c.fail(missing("url"))
	}
	if err := c.endParams(); err != nil {
		return nil, err
	}
	if len(urls) > manyLookups {
		if err := c.takeSeat(c.ctx); err != nil {
			return nil, err
		}
	}
	list := make([]object, len(urls))
	for i, url := range urls {
		l, err := ask(c.ctx, user.ID, url)
		switch {
		case err == nil:
			list[i] = entry(url, l.Hash, l.AggregateHash)
		case errors.Is(err, click.ErrNotFound):
			list[i] = object{{"url", url}, notFound}
		default:
			return nil, err
		}
	}
	return object{{key, list}}, nil
}

// notFound is in an entry whose link does not exist.
var notFound = field{"error", envelope.NotFound.Text}
