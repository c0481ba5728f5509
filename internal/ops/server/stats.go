package server

import (
	"cmp"
	"context"
	"fmt"

	"github.com/footfall/footfall/internal/base/argument"
	"github.com/footfall/footfall/internal/base/calendar"
	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/plain"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/core/metrics"
	"github.com/footfall/footfall/internal/ops/control"
	"github.com/footfall/footfall/internal/storage/store"
)

// stats returns the sums of a user; without a login, those of all users. The numbers
// are those that the API returns.
func (a *App) stats(ctx context.Context, o control.StatsOptions) (s control.StatsOf, err error) {
	zone, ok := argument.Zone(cmp.Or(o.Timezone, argument.DefaultZone))
	if !ok {
		return s, fmt.Errorf("%s is %w", plain.Text(o.Timezone), control.ErrTimezone)
	}
	domain, err := a.links.Domain(o.Domain, a.host)
	if err != nil {
		return s, err
	}
	if err := a.data.Recorder.Settle(ctx); err != nil {
		return s, err
	}
	s = control.StatsOf{Login: o.Login, Timezone: cmp.Or(o.Timezone, argument.DefaultZone), TopLinks: []control.TopLink{}}
	var of metrics.Subject
	err = a.eachUser(ctx, o.Login, func(u store.User) error {
		_, links, err := a.data.DB.ListLinks(ctx, store.LinkFilter{User: u.ID})
		s.Users++
		s.Links += links
		of = append(of, metrics.Scope{User: u.ID})
		return err
	})
	if err != nil {
		return s, err
	}
	m := metrics.New(a.data.Counts)
	for n, to := range map[int][2]*uint64{
		1: {&s.Clicks.Today, &s.Bots.Today}, 7: {&s.Clicks.Days7, &s.Bots.Days7},
		30: {&s.Clicks.Days30, &s.Bots.Days30}, metrics.AllTime: {&s.Clicks.All, &s.Bots.All},
	} {
		if *to[0], err = m.Total(ctx, of, a.days(zone, n)); err != nil {
			return s, err
		}
		if *to[1], err = m.Bots(ctx, of, a.days(zone, n)); err != nil {
			return s, err
		}
	}
	if o.Top == 0 || len(of) == 0 {
		return s, nil
	}
	top, err := m.Top(ctx, of, rollup.Link, a.days(zone, metrics.AllTime), metrics.Ranking{
		Limit: o.Top, Names: func(ctx context.Context, values []string) ([]string, error) { return a.shortURLs(ctx, domain, values) },
	})
	if err != nil {
		return s, err
	}
	for _, v := range top {
		l, err := a.links.Find(ctx, v.Name, a.host)
		if err != nil {
			return s, err
		}
		u, err := a.data.DB.UserByID(ctx, l.User)
		if err != nil {
			return s, err
		}
		s.TopLinks = append(s.TopLinks, control.TopLink{Link: v.Name, Clicks: v.Clicks, Login: u.Login, LongURL: l.LongURL})
	}
	return s, nil
}

// days returns the window of the last n days, with today.
func (a *App) days(z *calendar.Zone, n int) metrics.Window {
	return metrics.Window{Zone: z, Unit: calendar.Day, Units: n, Reference: a.now().Unix()}
}

// shortURLs returns the short URLs of values of the facet rollup.Link; empty for a
// link that was deleted.
func (a *App) shortURLs(ctx context.Context, domain string, values []string) ([]string, error) {
	ids := make([]click.LinkID, len(values))
	for i, v := range values {
		ids[i] = rollup.ParseLinkValue(v)
	}
	hashes, err := a.data.DB.Hashes(ctx, ids)
	urls := make([]string, len(hashes))
	for i, h := range hashes {
		if h != "" {
			urls[i] = a.links.ShortURL(domain, h)
		}
	}
	return urls, err
}
