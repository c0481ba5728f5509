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

// UserClicks returns the number of all clicks of a user, with those of bots.
func (a *App) UserClicks(ctx context.Context, login string) (uint64, error) {
	u, err := a.user(ctx, login)
	if err != nil {
		return 0, err
	}
	return a.data.Clicks(ctx, rollup.Scope{User: u.ID})
}

// linkClicks returns the number of all clicks of a link, with those of bots.
func (a *App) linkClicks(ctx context.Context, written string) (uint64, error) {
	l, err := a.deletableLink(ctx, written)
	if err != nil {
		return 0, err
	}
	return a.data.Clicks(ctx, rollup.Scope{User: l.User, Link: l.ID})
}

// DeleteUser deletes a user, with their tokens, links and counts. It cannot be
// undone.
func (a *App) DeleteUser(ctx context.Context, login string) (datadir.Removal, error) {
	u, err := a.user(ctx, login)
	if err != nil {
		return datadir.Removal{}, err
	}
	return a.delete(ctx, rollup.Scope{User: u.ID}, feed.Gone{Login: u.Login}, func() (store.DeletedRows, error) {
		defer a.auth.Forget(u.ID)
		return a.data.DB.DeleteUser(ctx, u.ID)
	}, func(l *store.Link) bool { return l.User == u.ID })
}

// DeleteLink deletes a link and its counts, also from the counts of its user. It
// cannot be undone.
func (a *App) DeleteLink(ctx context.Context, written string) (datadir.Removal, error) {
	l, err := a.deletableLink(ctx, written)
	if err != nil {
		return datadir.Removal{}, err
	}
	return a.delete(ctx, rollup.Scope{User: l.User, Link: l.ID}, feed.Gone{Hash: l.Hash}, func() (store.DeletedRows, error) {
		return a.data.DB.DeleteLink(ctx, l.ID)
	}, func(o *store.Link) bool { return o.ID == l.ID })
}

// deletableLink returns a link that may be deleted: not an aggregate link.
func (a *App) deletableLink(ctx context.Context, written string) (store.Link, error) {
	l, err := a.link(ctx, written)
	if err == nil && l.User == click.Nobody {
		return l, fmt.Errorf("link %q is the aggregate link of all links to %.200s: it is deleted with the last of them", written, plain.Text(l.LongURL))
	}
	return l, err
}

// delete deletes the users and links of a scope with remove, and then their counts.
// Imports reject clicks on what meanwhile. gone finds the links of the scope in the
// cache.
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
					return gone(l) || l.User == click.Nobody // its aggregate link may be deleted too
				})
			}
			return r, err
		},
	})
}
