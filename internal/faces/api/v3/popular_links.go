package v3

import (
	"context"
	"slices"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/core/metrics"
)

// userPopularLinks is user/popular_links: the user's links by clicks.
func (a *API) userPopularLinks(c *call) (any, error) {
	user := c.authUser()
	w := c.windowWithoutRollup()
	tag := c.tag()
	if err := c.endParams(); err != nil {
		return nil, err
	}
	names := c.shortURLs
	if tag != "" {
		tagged, err := c.tagged(user, tag)
		if err != nil {
			return nil, err
		}
		names = c.shortURLsAmong(tagged)
	}
	top, err := c.ranked(metrics.Subject{{User: user.ID}}, rollup.Link, w, metrics.Ranking{Names: names})
	list := entriesOf(top, func(v metrics.Value) popularLink { return popularLink{v.Name, v.Clicks} })
	return withList(c, w.Zone, list, c.about(w, field{"popular_links", list})), err
}

type popularLink struct {
	Link   string `json:"link"`
	Clicks uint64 `json:"clicks"`
}

func (e popularLink) row() object { return object{{"link", e.Link}, {"clicks", e.Clicks}} }

// shortURLs are the short URLs for values of rollup.Link; empty for deleted links.
func (c *call) shortURLs(ctx context.Context, values []string) ([]string, error) {
	ids := make([]click.LinkID, len(values))
	for i, v := range values {
		ids[i] = rollup.ParseLinkValue(v)
	}
	hashes, err := c.api.Store.Hashes(ctx, ids)
	urls := make([]string, len(hashes))
	for i, h := range hashes {
		if h != "" {
			urls[i] = c.shortURL(h)
		}
	}
	return urls, err
}

// shortURLsAmong is shortURLs with empty texts for links that are not given. The given links
// ascend.
func (c *call) shortURLsAmong(links []click.LinkID) func(context.Context, []string) ([]string, error) {
	return func(ctx context.Context, values []string) ([]string, error) {
		urls, err := c.shortURLs(ctx, values)
		for i := range urls {
			if _, is := slices.BinarySearch(links, rollup.ParseLinkValue(values[i])); !is {
				urls[i] = ""
			}
		}
		return urls, err
	}
}
