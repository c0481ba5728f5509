package datadir

import (
	"context"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// Deletion is what Delete removes.
type Deletion struct {
	rollup.Scope // a user, or a link
	// Hold keeps imports from bringing clicks of the scope, until release.
	// removed says that Remove has removed it.
	Hold func() (release func(removed bool))
	// Remove removes the scope from links and users.
	Remove func() (store.DeletedRows, error)
}

// Removal is what a deletion removed.
type Removal struct {
	store.DeletedRows
	Clicks uint64 // counted on it, those of bots too
	Traces Traces
}

// Traces says what of a deleted user or link is left on the disk, except in the
// journal and in backups. The zero value is nothing.
type Traces struct {
	// Later says that it is being removed still.
	Later bool
	// Failed says why it could not be removed; empty if it was, or will be.
	Failed string
	// Kept are files and directories that were set aside because they are damaged.
	// They keep what they hold.
	Kept []string
}

// Delete removes a user or a link for good: first from links and users, so that
// no visitor is sent there any more, then from the counts, and then what is left
// on the disk.
func (d *Dir) Delete(ctx context.Context, what Deletion) (r Removal, err error) {
	if r, err = d.deleteCounts(ctx, what); err == nil {
		r.Traces = d.eraseNow(ctx)
	}
	return r, err
}

func (d *Dir) deleteCounts(ctx context.Context, what Deletion) (r Removal, err error) {
	d.deleteMu.Lock()
	defer d.deleteMu.Unlock()
	release, removed := what.Hold(), false
	defer func() { release(removed) }()
	if r.Clicks, err = d.Clicks(ctx, what.Scope); err != nil {
		return r, err
	}
	if r.DeletedRows, err = what.Remove(); err != nil {
		return r, err
	}
	removed = true
	// What was begun is finished, also if nobody waits for it any more.
	return r, d.finishDeletions(context.WithoutCancel(ctx))
}

// Clicks is all clicks of a scope, those of bots too, and those that were
// recorded just now.
func (d *Dir) Clicks(ctx context.Context, s rollup.Scope) (clicks uint64, err error) {
	if err := d.Recorder.Drain(ctx); err != nil {
		return 0, err
	}
	for _, f := range []rollup.Facet{rollup.All, rollup.Bot} {
		counts, err := d.Counts.Counts(ctx, store.Query{Scope: s, Facet: f, Edges: []int64{click.Earliest.Unix(), click.Latest.Unix()}})
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
func (d *Dir) finishDeletions(ctx context.Context) error {
	for {
		scopes, err := d.Links.Deletions(ctx, deletionsAtOnce)
		if err != nil || len(scopes) == 0 {
			return err
		}
		if err := d.Recorder.Delete(ctx, scopes); err != nil {
			return err
		}
		if err := d.Links.FinishDeletions(ctx, scopes); err != nil {
			return err
		}
	}
}
