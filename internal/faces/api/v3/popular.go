package v3

import (
	"context"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/core/metrics"
)

// userPopularLinks is user/popular_links: the user's links by their clicks.
func (a *API) userPopularLinks(c *call) (any, error) {
	user := c.user()
	w := c.windowTotal()
	if err := c.end(false); err != nil {
		return nil, err
	}
	top, err := a.Metrics.Top(c.ctx, allLinks(user), rollup.Link, w.Window, metrics.Ranking{
		Limit: w.limit, Dear: c.dear,
		Names: func(ctx context.Context, values []string) ([]string, error) { return c.shortURLs(ctx, values) },
	})
	list := make([]linkClicks, len(top))
	for i, v := range top {
		list[i] = linkClicks{v.Name, v.Clicks}
	}
	return listed(c, w.Zone, list, c.about(w, field{"popular_links", list})), err
}

type linkClicks struct {
	Link   string `json:"link"`
	Clicks uint64 `json:"clicks"`
}

func (e linkClicks) row() object { return object{{"link", e.Link}, {"clicks", e.Clicks}} }

// shortURLs turns values of the facet of links into short URLs.
func (c *call) shortURLs(ctx context.Context, values []string) ([]string, error) {
	ids := make([]click.LinkID, len(values))
	for i, v := range values {
		ids[i] = rollup.ParseLinkValue(v)
	}
	hashes, err := c.api.Store.Hashes(ctx, ids)
	urls := make([]string, len(hashes))
	for i, h := range hashes {
		if h != "" { // else the link was deleted
			urls[i] = c.shortURL(h)
		}
	}
	return urls, err
}
