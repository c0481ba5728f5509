package datadir

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/progress"
	"github.com/footfall/footfall/internal/storage/sql"
	"github.com/footfall/footfall/internal/storage/store"
)

// SharedCounts says how to open counts that several servers add to. They are not in
// the directory.
type SharedCounts struct {
	// Engine names the engine in messages, and in the file engines.
	Engine string
	// Open returns the counts, also while the engine is away. server is the name of the
	// directory, which no other directory has. Links and users are open already.
	Open func(ctx context.Context, server string) (SharedCountsStore, error)
}

// SharedCountsStore keeps counts that several servers add to.
type SharedCountsStore interface {
	store.ClickCounts
	store.JournalCounts
	// Lagging returns how many servers of the counts are away or lack rows that others have,
	// and how many deletions wait for that, as far as this process has noticed.
	Lagging() (servers, deletions int)
}

// SharedLinks says how to open links and users that several servers use. They are
// not in the directory.
type SharedLinks struct {
	// Engine names the engine in messages, and in the file engines.
	Engine string
	Open   func(ctx context.Context) (SharedLinksStore, error)
}

// SharedLinksStore keeps links and users that several servers use.
type SharedLinksStore interface {
	LinksStore
	// DeletionsAfter lists the deletions that were made after a version of links and
	// users, in their order, and returns the version of the last one. They stay in the
	// list.
	DeletionsAfter(ctx context.Context, version uint64, limit int) ([]rollup.Scope, uint64, error)
	// CountsEngine returns the name of the engine that has the counts of these links and users:
	// the one that was offered first. It is empty if none was offered; an empty offer is none.
	CountsEngine(ctx context.Context, offer string) (string, error)
	// Lock waits for a lock, which one process holds at a time: until release, or until
	// held is cancelled. TryLock fails with sql.ErrLocked instead of waiting.
	Lock(ctx context.Context, name string) (held context.Context, release func(), err error)
	TryLock(ctx context.Context, name string) (held context.Context, release func(), err error)
	// Follow calls changed with what other processes change, until ctx ends.
	Follow(ctx context.Context, changed func(store.Change))
}

var _ SharedLinksStore = (*sql.Postgres)(nil)

// sharedCounts has no files in the directory, so its methods for files do nothing.
type sharedCounts struct {
	SharedCountsStore
	// checkBelongs fails if the counts do not belong to the directory. It is called before the
	// first batch or deletion if they were away when the directory was opened. nil if it need
	// not be called.
	checkBelongs func(ctx context.Context) error
	checkMu      sync.Mutex
}

// journalCounts returns what recorder.Options.Shared is for counts.
func journalCounts(c CountsEngine) store.JournalCounts {
	if shared, ok := c.(*sharedCounts); ok {
		return shared
	}
	return nil
}

// AddBatch implements store.Counting. One goroutine at a time calls it.
func (c *sharedCounts) AddBatch(ctx context.Context, b *store.Batch) error {
	if err := c.check(ctx); err != nil {
		return err
	}
	return c.SharedCountsStore.AddBatch(ctx, b)
}

// Delete implements store.Counting.
func (c *sharedCounts) Delete(ctx context.Context, scopes []rollup.Scope) error {
	if err := c.check(ctx); err != nil {
		return err
	}
	return c.SharedCountsStore.Delete(ctx, scopes)
}

// check calls checkBelongs until the counts have answered once.
func (c *sharedCounts) check(ctx context.Context) error {
	c.checkMu.Lock()
	defer c.checkMu.Unlock()
	if c.checkBelongs == nil {
		return nil
	}
	if err := c.checkBelongs(ctx); err != nil {
		return err
	}
	c.checkBelongs = nil
	return nil
}

func (*sharedCounts) Release() error                           { return nil }
func (*sharedCounts) Purge(context.Context, bool) error        { return nil }
func (*sharedCounts) Repair(context.Context) (int, error)      { return 0, nil }
func (*sharedCounts) Checkpoint(context.Context, string) error { return nil }
func (*sharedCounts) Size() (int64, error)                     { return 0, nil }

// openSharedCounts opens counts that are not in the directory, and reads what they
// remember. If they are away, everything that was recorded here must be in the journal.
func (t *tracker) openSharedCounts(ctx context.Context, o Options, server progress.ID) (CountsEngine, error) {
	counts, err := o.Clicks.Open(ctx, server.String())
	if err != nil {
		return nil, err
	}
	err = t.addCounts(ctx, counts)
	if errors.Is(err, click.ErrUnavailable) {
		t.needed, err = map[progress.ID]uint64{}, nil
		t.countsUnknown.Store(true)
		for _, j := range t.known.Journals {
			t.needed[j.ID] = j.End
		}
	}
	if err != nil {
		return nil, errors.Join(err, counts.Close())
	}
	return &sharedCounts{SharedCountsStore: counts}, nil
}

// sharedLinks has no file in the directory, so its methods for files do nothing. It
// remembers neither a directory nor which process made which version: there are many.
type sharedLinks struct{ SharedLinksStore }

func (sharedLinks) Progress(context.Context) (r progress.Record, err error) { return r, nil }
func (sharedLinks) SaveProgress(context.Context, progress.Record) error     { return nil }
func (sharedLinks) Adopt(context.Context, uint64, string) error             { return nil }
func (sharedLinks) Was(context.Context, uint64, string) (bool, error)       { return true, nil }
func (l sharedLinks) Begin(ctx context.Context, _ string, _ uint32) (progress.Links, error) {
	return l.Links(ctx)
}

func (sharedLinks) Peek(context.Context) (r sql.PeekResult, err error)   { return r, nil }
func (sharedLinks) Backup(context.Context, string) error                 { return nil }
func (sharedLinks) Save(context.Context, string) error                   { return nil }
func (sharedLinks) Dirty(context.Context) (dirty bool, _ int64, _ error) { return false, 0, nil }
func (sharedLinks) Clean(context.Context) error                          { return nil }
func (sharedLinks) Cleaned(context.Context, int64) error                 { return nil }

// CountedClicks returns the number of clicks in the counts, of people and bots. If
// the counts are shared, it is the number that this process counted.
func (d *Dir) CountedClicks(ctx context.Context) (uint64, error) {
	if d.engines.Counts != Embedded {
		return d.Recorder.CountedClicks(), nil
	}
	ledger, err := d.Counts.Ledger(ctx)
	return ledger.Total(), err
}

// OwnsLinks reports whether links and users are in this directory, so that no other process
// changes them while it is open.
func (d *Dir) OwnsLinks() bool { return d.engines.Links == Embedded }

// FollowLinks calls changed with what other servers change in links and users, until
// ctx ends.
func (d *Dir) FollowLinks(ctx context.Context, changed func(store.Change)) {
	if shared, ok := d.DB.(sharedLinks); ok {
		shared.Follow(ctx, changed)
	}
}

// claimCounts fails with an OtherCountsError if the counts of shared links are elsewhere. If they
// are in this directory, it takes a lock, so that no other one has counts of these links.
func (d *Dir) claimCounts(ctx context.Context) error {
	if err := d.checkCountsEngine(ctx, ""); err != nil {
		return err
	}
	shared, ok := d.DB.(sharedLinks)
	if !ok || d.engines.Counts != Embedded {
		return nil
	}
	held, release, err := shared.TryLock(context.WithoutCancel(ctx), "counts")
	if errors.Is(err, sql.ErrLocked) {
		return unopened(PartCounts, &OtherCountsError{Embedded, Embedded})
	}
	if err != nil {
		return unopened(PartLinks, err)
	}
	d.claimed, d.release = held.Done(), release
	return nil
}

// checkCountsEngine fails with an OtherCountsError if the counts of shared links are in another
// engine. offer is the engine of this directory, which the others must use from now on, or empty.
func (d *Dir) checkCountsEngine(ctx context.Context, offer string) error {
	shared, ok := d.DB.(sharedLinks)
	if !ok {
		return nil
	}
	name, err := shared.CountsEngine(ctx, offer)
	if err != nil {
		return unopened(PartLinks, err)
	}
	if name != "" && name != d.engines.Counts {
		return unopened(PartCounts, &OtherCountsError{name, d.engines.Counts})
	}
	return nil
}

// keepClaim takes the lock of claimCounts again when it is lost, until ctx ends. It fails
// with an OtherCountsError if another directory has taken it.
func (d *Dir) keepClaim(ctx context.Context) error {
	for {
		select {
		case <-d.claimed:
		case <-ctx.Done():
			return nil
		}
		select {
		case <-time.After(engineEvery):
		case <-ctx.Done():
			return nil
		}
		if err := d.claimCounts(ctx); errors.As(err, new(*OtherCountsError)) {
			return err
		}
	}
}
