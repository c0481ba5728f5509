package server

import (
	"context"
	"fmt"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/plain"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/faces/feed"
	"github.com/footfall/footfall/internal/ops/control"
	"github.com/footfall/footfall/internal/storage/store"
)

// UserClicks is all clicks of a user, those of bots too.
func (a *App) UserClicks(ctx context.Context, login string) (uint64, error) {
	u, err := a.user(ctx, login)
	if err != nil {
		return 0, err
	}
	return a.drained(ctx, rollup.Scope{User: u.ID})
}

// LinkClicks is all clicks of a link, those of bots too.
func (a *App) LinkClicks(ctx context.Context, written string) (uint64, error) {
	l, err := a.deletableLink(ctx, written)
	if err != nil {
		return 0, err
	}
	return a.drained(ctx, rollup.Scope{User: l.User, Link: l.ID})
}

// DeleteUser removes a user, his tokens, his links, and every click counted on
// them, for good.
func (a *App) DeleteUser(ctx context.Context, login string) (control.Removal, error) {
	u, err := a.user(ctx, login)
	if err != nil {
		return control.Removal{}, err
	}
	remove := func() (store.Removed, error) {
		defer a.auth.Forget(u.ID)
		return a.store.DeleteUser(ctx, u.ID)
	}
	return a.delete(ctx, rollup.Scope{User: u.ID}, feed.Gone{Login: u.Login}, remove,
		func(l *store.Link) bool { return l.User == u.ID })
}

// DeleteLink removes a link and the clicks counted on it, for good: also from
// the counts of all links of its user.
func (a *App) DeleteLink(ctx context.Context, written string) (control.Removal, error) {
	l, err := a.deletableLink(ctx, written)
	if err != nil {
		return control.Removal{}, err
	}
	return a.delete(ctx, rollup.Scope{User: l.User, Link: l.ID}, feed.Gone{Hash: l.Hash}, func() (store.Removed, error) { return a.store.DeleteLink(ctx, l.ID) },
		func(o *store.Link) bool { return o.ID == l.ID })
}

// deletableLink finds a link that may go.
func (a *App) deletableLink(ctx context.Context, written string) (store.Link, error) {
	l, err := a.link(ctx, written)
	if err == nil && l.User == click.Nobody {
		return l, fmt.Errorf("link %q is the aggregate link of all links to %.200s: it goes with the last of them", written, plain.Text(l.LongURL))
	}
	return l, err
}

// delete removes the scope first from links and users, so that nobody is led to
// it any more, then from the counts, and then what is left of it on the disk.
func (a *App) delete(ctx context.Context, s rollup.Scope, what feed.Gone, remove func() (store.Removed, error), gone func(*store.Link) bool) (r control.Removal, err error) {
	if r, err = a.deleteCounts(ctx, s, what, remove, gone); err == nil {
		r.Traces = a.cleaned(ctx)
	}
	return r, err
}

func (a *App) deleteCounts(ctx context.Context, s rollup.Scope, what feed.Gone, remove func() (store.Removed, error), gone func(*store.Link) bool) (r control.Removal, err error) {
	a.deleting.Lock()
	defer a.deleting.Unlock()
	release := a.importer.Hold()
	var all []feed.Gone
	defer func() { release(all...) }()
	if r.Clicks, err = a.drained(ctx, s); err != nil {
		return r, err
	}
	if r.Removed, err = remove(); err != nil {
		return r, err
	}
	all = append(all, what)
	a.links.Forget(func(l *store.Link) bool {
		return gone(l) || l.User == click.Nobody // its aggregate link may have gone with it
	})
	// What was begun is finished, whether or not somebody waits for it.
	return r, a.finishDeletions(context.WithoutCancel(ctx))
}

// drained is all clicks of a scope, those of bots too, and those that were
// recorded just now.
func (a *App) drained(ctx context.Context, s rollup.Scope) (clicks uint64, err error) {
	if err := a.recorder.Drain(ctx); err != nil {
		return 0, err
	}
	for _, f := range []rollup.Facet{rollup.All, rollup.Bot} {
		counts, err := a.clicks.Counts(ctx, store.Query{Scope: s, Facet: f, Edges: []int64{click.Earliest.Unix(), click.Latest.Unix()}})
		if err != nil {
			return 0, err
		}
		for _, c := range counts {
			clicks += c.Clicks
		}
	}
	return clicks, nil
}

// deletionsAtOnce bounds the memory of a deletion.
const deletionsAtOnce = 10_000

// finishDeletions removes from the counts what links and users say is to be
// removed still: after a deletion, and after one that a crash cut short.
func (a *App) finishDeletions(ctx context.Context) error {
	for {
		scopes, err := a.store.Deletions(ctx, deletionsAtOnce)
		if err != nil || len(scopes) == 0 {
			return err
		}
		if err := a.recorder.Delete(ctx, scopes); err != nil {
			return err
		}
		if err := a.store.Deleted(ctx, scopes); err != nil {
			return err
		}
	}
}
