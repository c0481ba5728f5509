package recorder

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/storage/store"
)

// GiveUp counts what can be read of a journal of journal.Inspect, as far as the
// last of the flaws, which come in their order, and leaves the flaws out for
// good: what was in them, and was not counted before, never will be.
func GiveUp(ctx context.Context, o Options, flaws []journal.Hole) error {
	o.Log = slog.New(slog.DiscardHandler) // that counting stops at each flaw is no news
	o.Hasty = true
	source := store.SourceID(o.Journal.ID())
	for _, f := range flaws {
		pos, _, err := o.Clicks.Position(ctx, source)
		if err == nil && pos.Counted < f.From {
			pos.Counted, err = countTo(ctx, o, f.From)
		}
		if err == nil && pos.Counted < f.To {
			b := &store.Batch{Source: source, From: pos.Counted, To: f.To, MinutesFrom: minutesFrom(o.Now())}
			for _, s := range o.Journal.Segments() {
				if s.Base <= pos.Counted {
					b.Epoch = s.Base
				}
			}
			err = o.Clicks.Record(ctx, b)
		}
		if err != nil {
			return fmt.Errorf("recorder: give up positions %d to %d: %w", f.From, f.To, err)
		}
	}
	return nil
}

// GiveUpJournal makes a journal that is not there count as counted up to a
// position: what was in it, and was not counted before, never will be.
func GiveUpJournal(ctx context.Context, o Options, id [16]byte, to uint64) error {
	pos, _, err := o.Clicks.Position(ctx, id)
	if err == nil && pos.Counted < to {
		err = o.Clicks.Record(ctx, &store.Batch{Source: id, From: pos.Counted, To: to, MinutesFrom: minutesFrom(o.Now())})
	}
	if err != nil {
		return fmt.Errorf("recorder: give up journal %x: %w", id, err)
	}
	return nil
}

// countTo counts up to a position behind which the journal cannot be read.
func countTo(ctx context.Context, o Options, to uint64) (uint64, error) {
	r, err := Open(ctx, o)
	if err != nil {
		return 0, err
	}
	stopped := errors.Join(r.Drain(ctx), r.Close(ctx))
	counted, _ := r.Counted()
	if counted != to {
		return 0, fmt.Errorf("the counts reach position %d and not %d: %w", counted, to, stopped)
	}
	return counted, nil
}
