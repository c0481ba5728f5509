package server

import (
	"cmp"
	"context"
	"fmt"

	"github.com/footfall/footfall/internal/base/argument"
	"github.com/footfall/footfall/internal/base/calendar"
	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/plain"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/core/metrics"
	"github.com/footfall/footfall/internal/ops/control"
	"github.com/footfall/footfall/internal/storage/store"
)

// AddLink makes a short link for a user, or finds the one they have, and returns its
// short URL, with the name that was given.
func (a *App) AddLink(ctx context.Context, n control.NewLink) (shortURL string, err error) {
	added, err := a.addLink(ctx, n)
	return added.Link, err
}

func (a *App) addLink(ctx context.Context, n control.NewLink) (added control.AddedLink, err error) {
	user, err := a.user(ctx, n.Login)
	if err != nil {
		return added, err
	}
	domain, err := a.links.Domain(n.Domain, a.host)
	if err != nil {
		return added, err
	}
	e, err := a.edit(ctx, n.LinkDetails)
	if err != nil {
		return added, err
	}
	made, err := e.Apply(store.Link{})
	if err != nil {
		return added, err
	}
	link, isNew, err := a.links.Shorten(ctx, links.Request{
		User: user.ID, LongURL: n.LongURL, Name: n.Name, Domain: n.NameDomain, Host: a.host, Details: made.LinkDetails,
	})
	if err != nil {
		return added, err
	}
	return control.AddedLink{
		Link: a.links.ShortURL(domain, cmp.Or(click.Hash(n.Name), link.Hash)), Made: isNew,
		Expired: link.Expires != 0 && link.Expires <= a.now().Unix(),
	}, nil
}

// edit returns the change of a link that sets the details.
func (a *App) edit(ctx context.Context, d control.LinkDetails) (e store.LinkEdit, err error) {
	e = store.LinkEdit{
		Title: d.Title, Note: d.Note, Archived: d.Archived,
		MaxClicks: d.MaxClicks, ExpiredURL: d.ExpiredURL, ForwardQuery: d.ForwardQuery, Modified: a.now().Unix(),
	}
	if d.Expires != nil {
		utc, err := calendar.Load("UTC")
		if err != nil {
			return e, err
		}
		at := int64(0)
		if *d.Expires != "" {
			var ok bool
			if at, ok = argument.Instant(*d.Expires, utc, a.now()); !ok {
				return e, fmt.Errorf("%q is %w", *d.Expires, control.ErrInstant)
			}
		}
		e.Expires = &at
	}
	if d.ExpiredURL != nil && *d.ExpiredURL != "" {
		to, err := a.links.NewURL(ctx, *d.ExpiredURL, a.host)
		if err != nil {
			return e, fmt.Errorf("the URL for visitors of the expired link: %w", err)
		}
		e.ExpiredURL = &to
	}
	if d.Tags != nil {
		tags, err := links.ParseTags(*d.Tags...)
		if err != nil {
			return e, err
		}
		e.Tags = &tags
	}
	return e, nil
}

func (a *App) editLink(ctx context.Context, c control.EditOf) (control.Link, error) {
	l, err := a.userLink(ctx, c.Link)
	if err != nil {
		return control.Link{}, err
	}
	domain, err := a.links.Domain(c.Domain, a.host)
	if err != nil {
		return control.Link{}, err
	}
	e, err := a.edit(ctx, c.LinkDetails)
	if err != nil {
		return control.Link{}, err
	}
	to := ""
	switch {
	case c.To != "":
		to, err = a.links.NewURL(ctx, c.To, a.host)
	case c.Version != 0:
		to, err = a.links.Version(ctx, l.ID, c.Version)
	}
	if err != nil {
		return control.Link{}, err
	}
	if to != "" {
		e.LongURL = &to
	}
	if l, err = a.links.Edit(ctx, l.ID, e); err != nil {
		return control.Link{}, err
	}
	u, err := a.data.DB.UserByID(ctx, l.User)
	if err != nil {
		return control.Link{}, err
	}
	return a.listed(ctx, metrics.New(a.data.Counts), domain, u.Login, l)
}

func (a *App) linkHistory(ctx context.Context, written string) ([]control.Version, error) {
	l, err := a.userLink(ctx, written)
	if err != nil {
		return nil, err
	}
	versions, err := a.data.DB.Versions(ctx, l.ID)
	list := make([]control.Version, len(versions))
	for i, v := range versions {
		list[i] = control.Version{Version: v.Number, Since: v.Since, LongURL: v.LongURL}
	}
	return list, err
}

// userLink returns a link of a user, by its hash or its short URL.
func (a *App) userLink(ctx context.Context, written string) (store.Link, error) {
	l, err := a.link(ctx, written)
	if err == nil && l.User == click.Nobody {
		return l, fmt.Errorf("link %q is the aggregate link of all links to %.200s, and belongs to no user: it cannot be changed", written, plain.Text(l.LongURL))
	}
	return l, err
}

// listed is a link as commands show it.
func (a *App) listed(ctx context.Context, m *metrics.Metrics, domain, login string, l store.Link) (control.Link, error) {
	zone, _ := argument.Zone(argument.DefaultZone)
	clicks, err := m.Total(ctx, metrics.Subject{{User: l.User, Link: l.ID}}, a.days(zone, metrics.AllTime))
	listed := control.Link{
		Link: a.links.ShortURL(domain, l.Hash), Clicks: clicks, Login: login, LongURL: l.LongURL,
		Title: l.Title, CreatedAt: l.Created, Private: l.Private, Archived: l.Archived,
		Tags: l.Tags.List(), Expires: l.Expires, MaxClicks: l.MaxClicks, ExpiredURL: l.ExpiredURL,
	}
	if l.ForwardQuery != store.Default {
		listed.ForwardQuery = l.ForwardQuery.String()
	}
	if err != nil {
		return listed, err
	}
	keywords, err := a.data.DB.Keywords(ctx, []click.LinkID{l.ID})
	if len(keywords) > 0 {
		listed.KeywordLink = a.links.KeywordURL(keywords[0], domain)
	}
	return listed, err
}
