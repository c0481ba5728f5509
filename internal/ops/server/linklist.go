package server

import (
	"context"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/metrics"
	v3 "github.com/footfall/footfall/internal/faces/api/v3"
	"github.com/footfall/footfall/internal/ops/control"
	"github.com/footfall/footfall/internal/storage/store"
)

// pageOfLinks is the number of links that are read at once.
const pageOfLinks = 1000

// listLinks calls each with every link of a user, the newest first; without a
// login, with those of all users, ordered by login. The clicks of a link are those
// that the API returns. A link that is made meanwhile may be missing; no link comes
// twice.
func (a *App) listLinks(ctx context.Context, of control.LinksOf, each func(control.Link)) error {
	domain, err := a.links.Domain(of.Domain, a.host)
	if err != nil {
		return err
	}
	if err := a.data.Recorder.Settle(ctx); err != nil {
		return err
	}
	zone, _ := v3.Zone("")
	m := metrics.New(a.data.Counts)
	return a.eachUser(ctx, of.Login, func(u store.User) error {
		last := map[click.LinkID]bool{}
		for f := (store.LinkFilter{User: u.ID, Limit: pageOfLinks}); ; f.Offset += pageOfLinks {
			links, _, err := a.data.DB.ListLinks(ctx, f)
			if err != nil || len(links) == 0 {
				return err
			}
			seen := last
			last = make(map[click.LinkID]bool, len(links))
			for _, l := range links {
				if last[l.ID] = true; seen[l.ID] {
					continue // newer links have moved it to this page
				}
				clicks, err := m.Total(ctx, metrics.Subject{{User: u.ID, Link: l.ID}}, a.days(zone, metrics.AllTime))
				if err != nil {
					return err
				}
				each(control.Link{
					Link: a.links.ShortURL(domain, l.Hash), Clicks: clicks, Login: u.Login, LongURL: l.LongURL,
					Title: l.Title, CreatedAt: l.Created, Private: l.Private, Archived: l.Archived,
				})
			}
		}
	})
}
