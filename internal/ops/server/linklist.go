package server

import (
	"context"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/core/metrics"
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
	if of.Tag != "" {
		if of.Tag, err = links.ParseTag(of.Tag); err != nil {
			return err
		}
	}
	if err := a.data.Recorder.Settle(ctx); err != nil {
		return err
	}
	m := metrics.New(a.data.Counts)
	return a.eachUser(ctx, of.Login, func(u store.User) error {
		last := map[click.LinkID]bool{}
		for f := (store.LinkFilter{User: u.ID, Tag: of.Tag, Limit: pageOfLinks}); ; f.Offset += pageOfLinks {
			page, _, err := a.data.DB.ListLinks(ctx, f)
			if err != nil || len(page) == 0 {
				return err
			}
			seen := last
			last = make(map[click.LinkID]bool, len(page))
			for _, l := range page {
				if last[l.ID] = true; seen[l.ID] {
					continue // newer links have moved it to this page
				}
				line, err := a.listed(ctx, m, domain, u.Login, l)
				if err != nil {
					return err
				}
				each(line)
			}
		}
	})
}
