package v3

import (
	"context"
	"errors"
	"slices"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/core/metrics"
)

// userPopularLinks is user/popular_links: the user's links by clicks.
func (a *API) userPopularLinks(c *call) (any, error) {
	user := c.authUser()
	w := c.windowWithoutRollup()
	f := c.filter()
	expand := c.bool("expand_links", false)
	if err := c.endParams(); err != nil {
		return nil, err
	}
	ids, all, err := c.filtered(user, f)
	if err != nil {
		return nil, err
	}
	names := c.shortURLs
	if !all {
		names = c.shortURLsAmong(ids)
	}
	top, err := c.ranked(metrics.Subject{{User: user.ID}}, rollup.Link, w, metrics.Ranking{Names: names})
	if err != nil {
		return nil, err
	}
	list := entriesOf(top, func(v metrics.Value) popularLink { return popularLink{v.Name, v.Clicks} })
	if expand {
		expanded, err := c.expandPopular(list)
		return withList(c, w.Zone, expanded, c.about(w, field{"popular_links", expanded})), err
	}
	return withList(c, w.Zone, list, c.about(w, field{"popular_links", list})), nil
}

// expandPopular adds the title and the long URL of each link.
func (c *call) expandPopular(list []popularLink) ([]expandedLink, error) {
	expanded := make([]expandedLink, len(list))
	for i, p := range list {
		l, err := c.api.Links.Find(c.ctx, p.Link, c.host)
		if err != nil && !errors.Is(err, click.ErrNotFound) { // deleted meanwhile
			return nil, err
		}
		expanded[i] = expandedLink{p.Link, p.Clicks, orNull(l.Title), l.LongURL}
	}
	return expanded, nil
}

type expandedLink struct {
	Link    string `json:"link"`
	Clicks  uint64 `json:"clicks"`
	Title   any    `json:"title"` // or null
	LongURL string `json:"long_url"`
}

func (e expandedLink) row() object {
	return object{{"link", e.Link}, {"clicks", e.Clicks}, {"title", e.Title}, {"long_url", e.LongURL}}
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
