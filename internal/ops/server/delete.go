package server

import (
	"context"
	"fmt"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/plain"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/faces/feed"
	"github.com/footfall/footfall/internal/ops/datadir"
	"github.com/footfall/footfall/internal/storage/store"
)

// UserClicks is all clicks of a user, those of bots too.
func (a *App) UserClicks(ctx context.Context, login string) (uint64, error) {
	u, err := a.user(ctx, login)
	if err != nil {
		return 0, err
	}
	return a.data.Clicks(ctx, rollup.Scope{User: u.ID})
}

// linkClicks is all clicks of a link, those of bots too.
func (a *App) linkClicks(ctx context.Context, written string) (uint64, error) {
	l, err := a.deletableLink(ctx, written)
	if err != nil {
		return 0, err
	}
	return a.data.Clicks(ctx, rollup.Scope{User: l.User, Link: l.ID})
}

// DeleteUser removes a user, their tokens, their links, and every click counted on
// them, for good.
func (a *App) DeleteUser(ctx context.Context, login string) (datadir.Removal, error) {
	u, err := a.user(ctx, login)
	if err != nil {
		return datadir.Removal{}, err
	}
	return a.delete(ctx, rollup.Scope{User: u.ID}, feed.Gone{Login: u.Login}, func() (store.DeletedRows, error) {
		defer a.auth.Forget(u.ID)
		return a.data.Links.DeleteUser(ctx, u.ID)
	}, func(l *store.Link) bool { return l.User == u.ID })
}

// DeleteLink removes a link and the clicks counted on it, for good: also from
// the counts of all links of its user.
func (a *App) DeleteLink(ctx context.Context, written string) (datadir.Removal, error) {
	l, err := a.deletableLink(ctx, written)
	if err != nil {
		return datadir.Removal{}, err
	}
	return a.delete(ctx, rollup.Scope{User: l.User, Link: l.ID}, feed.Gone{Hash: l.Hash}, func() (store.DeletedRows, error) {
		return a.data.Links.DeleteLink(ctx, l.ID)
	}, func(o *store.Link) bool { return o.ID == l.ID })
}

// deletableLink finds a link that may be deleted.
func (a *App) deletableLink(ctx context.Context, written string) (store.Link, error) {
	l, err := a.link(ctx, written)
	if err == nil && l.User == click.Nobody {
		return l, fmt.Errorf("link %q is the aggregate link of all links to %.200s: it goes with the last of them", written, plain.Text(l.LongURL))
	}
	return l, err
}

// delete removes a scope, called what by imports. gone finds its links among
// those that are cached.
func (a *App) delete(ctx context.Context, s rollup.Scope, what feed.Gone, remove func() (store.DeletedRows, error), gone func(*store.Link) bool) (datadir.Removal, error) {
	return a.data.Delete(ctx, datadir.Deletion{
		Scope: s,
		Hold: func() func(bool) {
			release := a.importer.Hold()
			return func(removed bool) {
				if removed {
					release(what)
				} else {
					release()
				}
			}
		},
		Remove: func() (store.DeletedRows, error) {
			r, err := remove()
			if err == nil {
				a.links.Forget(func(l *store.Link) bool {
					return gone(l) || l.User == click.Nobody // its aggregate link may have gone with it
				})
			}
			return r, err
		},
	})
}
