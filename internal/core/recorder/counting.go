package recorder

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/footfall/footfall/internal/base/meter"
	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/storage/store"
)

// Counting counts a journal in the foreground, to which nothing is appended
// meanwhile. All public fields are required.
type Counting struct {
	Journal *journal.Contents
	Clicks  Counts
	// Known skips the check that an uncounted journal belongs to these clicks.
	// Rebuild sets it.
	Known bool
	Now   func() time.Time
	Log   *slog.Logger
}

// To counts from where the store stands up to a position at which a record ends.
// It fails with the first record that cannot be read; the records before that
// are counted. The current meter of ctx counts bytes of the journal.
func (c Counting) To(ctx context.Context, to uint64) error {
	source := store.JournalID(c.Journal.ID())
	pos, found, err := c.Clicks.Position(ctx, source)
	if err == nil && !found && !c.Known {
		_, err = checkForeign(ctx, c.Journal, c.Clicks)
	}
	if err == nil {
		err = missing(c.Journal, pos.Counted)
	}
	if err != nil || pos.Counted >= to {
		return err
	}
	watched, counted := meter.Current(ctx), pos.Counted
	by := counter{
		clicks: c.Clicks, source: source, now: c.Now, log: c.Log, first: retryLeast,
		onBatch: func(to uint64) { watched.Add(int64(to - counted)); counted = to },
		onStall: func(stall) {},
		fold:    newFold(newCaps(c.Clicks, DailyReferrers, capWeight)),
	}
	if err := by.begin(ctx, counted); err != nil {
		return err
	}
	for rec, err := range c.Journal.Records(counted) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return errors.Join(err, by.flush(ctx))
		}
		if err := by.add(ctx, rec); err != nil {
			return err
		}
		if rec.To >= to {
			break // what comes after may be damaged
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
		return fmt.Errorf("the counts reach position %d and not %d", counted, to)
	}
	return nil
}

// GiveUp counts the clicks before and between some stretches of the journal, which
// are in order, and marks the stretches as counted. Clicks in them that were not
// counted yet are lost.
func (c Counting) GiveUp(ctx context.Context, lost []journal.Hole) error {
	source := store.JournalID(c.Journal.ID())
	for _, h := range lost {
		pos, _, err := c.Clicks.Position(ctx, source)
		if err == nil && pos.Counted < h.From {
			pos.Counted, err = h.From, c.To(ctx, h.From)
		}
		if err == nil && pos.Counted < h.To {
			b := &store.Batch{Journal: source, From: pos.Counted, To: h.To, MinutesFrom: minutesFrom(c.Now())}
			for _, s := range c.Journal.Segments() {
				if s.Base <= pos.Counted {
					b.Epoch = s.Base
				}
			}
			err = c.Clicks.AddBatch(ctx, b)
		}
		if err != nil {
			return fmt.Errorf("recorder: give up positions %d to %d: %w", h.From, h.To, err)
		}
	}
	return nil
}

// GiveUpJournal marks a journal that is missing as counted up to a position:
// clicks in it that were not counted before never will be.
func GiveUpJournal(ctx context.Context, clicks Counts, now time.Time, id [16]byte, to uint64) error {
	pos, _, err := clicks.Position(ctx, id)
	if err == nil && pos.Counted < to {
		err = clicks.AddBatch(ctx, &store.Batch{Journal: id, From: pos.Counted, To: to, MinutesFrom: minutesFrom(now)})
	}
	if err != nil {
		return fmt.Errorf("recorder: give up journal %x: %w", id, err)
	}
	return nil
}
