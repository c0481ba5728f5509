package datadir

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/core/recorder"
	"github.com/footfall/footfall/internal/storage/store"
)

// Deletion is a user or a link to delete.
type Deletion struct {
	rollup.Scope // a user, or a link
	// Hold stops imports of clicks of the scope until release is called. removed says
	// whether Remove removed the scope.
	Hold func() (release func(removed bool))
	// Remove removes the scope from links and users.
	Remove func() (store.DeletedRows, error)
}

// Removal is the result of a deletion.
type Removal struct {
	store.DeletedRows
	Clicks uint64 // that were counted on it, including those of bots
	Traces Traces
}

// Traces says which bytes of a deleted user or link are left on the disk, except in the
// journal and in backups. The zero value says that nothing is.
type Traces struct {
	// Later says that the server is still removing it.
	Later bool
	// Failed is the reason why it could not be removed; empty if it was, or is being removed.
	Failed string
	// Shared are the engines that have the data instead of the directory. They remove it
	// from their own files later.
	Shared []string
	// Kept are damaged files and directories that were set aside. Nothing is removed
	// from them.
	Kept []string
}

// Delete removes a user or a link for good: first from links and users, so that
// visitors are no longer redirected, then from the counts, and then from the disk. Visitors and clicks do not wait.
func (d *Dir) Delete(ctx context.Context, what Deletion) (r Removal, err error) {
	if r, err = d.deleteCounts(ctx, what); err == nil {
		later := r.Traces.Later
		r.Traces = d.eraseNow(ctx)
		r.Traces.Later = r.Traces.Later || later
		for _, e := range d.watched {
			r.Traces.Shared = append(r.Traces.Shared, e.name)
		}
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
	// Finish the deletion, even if the context of the caller ends.
	err = d.finishDeletions(context.WithoutCancel(ctx))
	if errors.Is(err, recorder.ErrStalled) { // shared counts are away; the journal has the deletion
		r.Traces.Later, err = true, nil
	}
	return r, err
}

// Clicks counts all clicks of a scope, including those of bots, and those recorded
// before the call.
func (d *Dir) Clicks(ctx context.Context, s rollup.Scope) (clicks uint64, err error) {
	if err := d.settle(ctx); err != nil {
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

// settle waits until everything is counted that was recorded before the call. It fails
// with recorder.ErrStalled if shared counts are away, which may take long.
func (d *Dir) settle(ctx context.Context) error {
	if d.engines.Counts == Embedded {
		return d.Recorder.Drain(ctx)
	}
	for _, e := range d.watched {
		if e.part == PartCounts && e.down.Load() { // Settle would fail later
			return fmt.Errorf("%w: %s: %w", recorder.ErrStalled, e.name, click.ErrUnavailable)
		}
	}
	return d.Recorder.Settle(ctx)
}

// settleDeletions waits until the deletions that were recorded before the call are carried out. It
// fails with recorder.ErrStalled if shared counts, or a part of them, are away.
func (d *Dir) settleDeletions(ctx context.Context) error {
	if err := d.settle(ctx); err != nil || d.engines.Counts == Embedded {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, deletedWithin)
	defer cancel()
	err := d.Counts.Sync(ctx)
	if errors.Is(err, click.ErrUnavailable) || errors.Is(err, store.ErrResume) || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%w: %w", recorder.ErrStalled, err)
	}
	return err
}

// deletedWithin is how long a deletion waits for shared counts. They carry it out later if they
// could not.
const deletedWithin = 10 * time.Second

// deletionsAtOnce bounds the memory of a deletion.
const deletionsAtOnce = 10_000

// finishDeletions removes from the counts the scopes that were removed from links and
// users: in a deletion, and after a crash in one. The journal has the deletion when it
// fails with recorder.ErrStalled, because shared counts are away.
//
// Deletions of shared links stay in the list, so that each server has them in its own
// journal. What a server counted of a scope is deleted together with its own record.
func (d *Dir) finishDeletions(ctx context.Context) error {
	for {
		scopes, finish, err := d.deletions(ctx)
		if err != nil || len(scopes) == 0 {
			return err
		}
		if err := d.Recorder.RecordDeletion(ctx, scopes); err != nil {
			return err
		}
		stalled := d.settleDeletions(ctx)
		if stalled != nil && !errors.Is(stalled, recorder.ErrStalled) {
			return stalled
		}
		if err := errors.Join(finish(), stalled); err != nil {
			return err
		}
	}
}

// deletions returns some scopes whose deletion the journal may lack, and a function
// that remembers that it has them.
func (d *Dir) deletions(ctx context.Context) (scopes []rollup.Scope, finish func() error, err error) {
	if shared, ok := d.DB.(sharedLinks); ok {
		scopes, version, err := shared.DeletionsAfter(ctx, d.engines.Deletions, deletionsAtOnce)
		return scopes, func() error {
			d.eraser.pending.Store(true)
			d.engines.Deletions = version
			return d.engines.write(d.path)
		}, err
	}
	scopes, err = d.DB.Deletions(ctx, deletionsAtOnce)
	return scopes, func() error { return d.DB.FinishDeletions(ctx, scopes) }, err
}

// deletionsEvery is the interval at which deletions by other servers are looked for.
const deletionsEvery = 2 * time.Second

// followDeletions finishes the deletions of other servers, and those that could not be
// finished, until ctx ends.
func (d *Dir) followDeletions(ctx context.Context) {
	ticker := time.NewTicker(deletionsEvery)
	defer ticker.Stop()
	for {
		d.deleteMu.Lock()
		err := d.finishDeletions(ctx)
		d.deleteMu.Unlock()
		if err != nil && ctx.Err() == nil {
			d.log.Debug("a deletion could not be finished yet", "error", err) // watchEngines has logged why
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}
