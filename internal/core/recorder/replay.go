package recorder

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/footfall/footfall/internal/base/meter"
	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/storage/store"
)

// Replay counts a journal in the foreground, for a rebuild or a repair, or because its server
// is gone. Nothing is appended to the journal meanwhile. All public fields are required, except
// Shared.
type Replay struct {
	Journal *journal.Contents
	Counts  Counts
	Shared  store.JournalCounts // see Options
	// Known skips the check that an uncounted journal belongs to these counts. A
	// rebuild sets it. If counts are shared, only Foreign checks that.
	Known bool
	Now   func() time.Time
	Log   *slog.Logger

	// Tests make these small.
	most  uint64
	pause time.Duration
}

// To counts from the position that is counted up to a position at which a record
// ends. It fails with the error of the first record that cannot be read, after it has
// counted the records before that. The current meter of ctx counts bytes of the
// journal.
func (r Replay) To(ctx context.Context, to uint64) error {
	return r.resuming(ctx, r.Journal.ID(), func(by *batcher) error { return r.count(ctx, by, to) })
}

// resuming calls f again, after a pause, while it fails with store.ErrResume. id is that of the
// journal.
func (r Replay) resuming(ctx context.Context, id store.JournalID, f func(*batcher) error) error {
	most := cmp.Or(r.most, DailyValues)
	by := &batcher{
		counts: r.Counts, shared: r.Shared, source: id, now: r.Now, log: r.Log,
		first:      cmp.Or(r.pause, retryLeast),
		onStall:    func(stall) {},
		newBuilder: func() *batchBuilder { return newBuilder(r.Counts, r.Shared, id, most, capWeight) },
	}
	for {
		err := f(by)
		if !errors.Is(err, store.ErrResume) {
			return err
		}
		if err := by.pauseToResume(ctx, err); err != nil {
			return err
		}
	}
}

// count is To, but fails with store.ErrResume if it must be called again.
func (r Replay) count(ctx context.Context, by *batcher, to uint64) error {
	pos, found, err := r.Counts.Position(ctx, by.source)
	if err == nil && !found && !r.Known && r.Shared == nil {
		_, err = checkForeign(ctx, r.Journal, r.Counts)
	}
	if err == nil {
		err = missing(r.Journal, pos.Counted)
	}
	if err != nil || pos.Counted >= to {
		return err
	}
	watched, counted := meter.Current(ctx), pos.Counted
	by.onBatch = func(to, _ uint64) { watched.Add(int64(to - counted)); counted = to }
	from, epoch, err := r.readFrom(counted)
	if err != nil {
		return err
	}
	if err := by.begin(ctx, from, counted); err != nil {
		return err
	}
	for rec, err := range r.Journal.Records(from) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return errors.Join(err, by.flush(ctx))
		}
		rec.Segment = max(rec.Segment, epoch)
		if err := by.add(ctx, rec); err != nil {
			return err
		}
		if rec.To >= to {
			break // later records may be damaged
		}
		if by.full() {
			if err := by.flush(ctx); err != nil {
				return err
			}
		}
	}
	if err := by.flush(ctx); err != nil {
		return err
	}
	if counted != to {
		return fmt.Errorf("the counts end at position %d, want %d", counted, to)
	}
	return nil
}

// readFrom returns where to begin to read in order to count from a position, and the least epoch of
// the batches. Both are the position itself if counts are shared and its segment cannot be read up to
// there: the cap then begins with what the store has.
func (r Replay) readFrom(pos uint64) (from, epoch uint64, err error) {
	from = readFrom(r.Journal, r.Shared != nil, pos)
	if from == pos {
		return from, 0, nil
	}
	for rec, err := range r.Journal.Scan(from) {
		switch {
		case errors.Is(err, journal.ErrCorrupt):
			return pos, pos, nil
		case err != nil:
			return 0, 0, err
		case rec.To >= pos:
			return from, 0, nil
		}
	}
	return from, 0, nil
}

// GiveUp gives up stretches of the journal, in ascending order: it counts the clicks
// before and between them, marks the stretches as counted, and makes that durable. Clicks
// in them that were not counted before are lost.
func (r Replay) GiveUp(ctx context.Context, lost []journal.Hole) error {
	return r.resuming(ctx, r.Journal.ID(), func(by *batcher) error {
		for _, h := range lost {
			if err := r.giveUp(ctx, by, h); err != nil {
				return fmt.Errorf("recorder: give up positions %d to %d: %w", h.From, h.To, err)
			}
		}
		return r.Counts.Sync(ctx)
	})
}

func (r Replay) giveUp(ctx context.Context, by *batcher, h journal.Hole) error {
	pos, _, err := r.Counts.Position(ctx, by.source)
	if err == nil && pos.Counted < h.From {
		pos.Counted, err = h.From, r.count(ctx, by, h.From)
	}
	if err != nil || pos.Counted >= h.To {
		return err
	}
	b := &store.Batch{Journal: by.source, From: pos.Counted, To: h.To, MinutesFrom: keepMinutesFrom(r.Now())}
	for _, s := range r.Journal.Segments() {
		if s.Base <= pos.Counted {
			b.Epoch = s.Base
		}
	}
	return by.addBatch(ctx, b)
}

// GiveUpJournal marks a missing journal as counted up to a position, and makes that durable. Its
// clicks that were not counted before are lost. It does not use Journal.
func (r Replay) GiveUpJournal(ctx context.Context, id store.JournalID, to uint64) error {
	err := r.resuming(ctx, id, func(by *batcher) error {
		pos, _, err := r.Counts.Position(ctx, id)
		if err == nil && pos.Counted < to {
			err = by.addBatch(ctx, &store.Batch{Journal: id, From: pos.Counted, To: to, MinutesFrom: keepMinutesFrom(r.Now())})
		}
		if err != nil {
			return err
		}
		return r.Counts.Sync(ctx)
	})
	if err != nil {
		return fmt.Errorf("recorder: give up journal %x: %w", id, err)
	}
	return nil
}
