package recorder

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/storage/store"
)

// counter counts records: it folds them into batches, which the store counts.
type counter struct {
	clicks Counts
	source store.JournalID
	now    func() time.Time
	log    *slog.Logger
	first  time.Duration // the pause after the first failure

	// onBatch is called with the position that a batch reached, and onStall with why
	// counting fails at the moment, or the zero value.
	onBatch func(to uint64)
	onStall func(stall)

	fold   *fold
	record record
	batch  store.Batch
	last   time.Time // of the last batch
	stall  stall     // the argument of the last onStall
}

// stall is why counting fails at the moment, and how often it was tried.
type stall struct {
	err   error // nil if counting goes on
	tries int
}

// begin sets the position to count from, and reads the deleted scopes.
func (c *counter) begin(ctx context.Context, from uint64) error {
	c.batch.From, c.batch.To, c.last = from, from, time.Now()
	return c.retry(ctx, func() error {
		gone, err := c.clicks.Deleted(ctx)
		for _, s := range gone {
			c.fold.deleted[s] = struct{}{}
		}
		return err
	})
}

// full reports whether a batch is due while there are more records to read.
func (c *counter) full() bool {
	return c.fold.clicks >= batchClicks || time.Since(c.last) >= busyEvery
}

// add folds one record. A batch does not straddle segments.
func (c *counter) add(ctx context.Context, rec journal.Record) error {
	if rec.Segment != c.batch.Epoch {
		if err := c.flush(ctx); err != nil {
			return err
		}
		c.batch.Epoch = rec.Segment
	}
	if err := c.record.decode(rec.Data, c.fold.intern); err != nil {
		return errors.Join(fmt.Errorf("journal position %d: %w", rec.From, err), c.flush(ctx))
	}
	if c.fold.empty() {
		c.fold.caps.forget()
	}
	err := c.retry(ctx, func() error {
		return c.fold.caps.prepare(ctx, c.record.clicks, func() error { return c.flush(ctx) })
	})
	if err != nil {
		return err
	}
	deletes := len(c.record.deleted) > 0
	if deletes {
		if err := c.delete(ctx); err != nil {
			return err
		}
	}
	c.fold.add(&c.record, minutesFrom(c.now()))
	c.batch.To = rec.To
	if deletes { // nothing else moves the position past them
		return c.flush(ctx)
	}
	return nil
}

// delete removes the scopes that the record names, after everything before it is
// counted. The position does not move, so that it is done again after a crash.
func (c *counter) delete(ctx context.Context) error {
	if err := c.flush(ctx); err != nil {
		return err
	}
	if err := c.retry(ctx, func() error { return c.clicks.Delete(ctx, c.record.deleted) }); err != nil {
		return err
	}
	for _, s := range c.record.deleted {
		c.fold.deleted[s] = struct{}{}
	}
	c.fold.caps.forgetAll()
	return nil
}

// flush has the store count the batch.
func (c *counter) flush(ctx context.Context) error {
	c.last = time.Now()
	if c.batch.To == c.batch.From {
		return nil
	}
	c.batch.Journal = c.source
	c.batch.MinutesFrom = minutesFrom(c.now())
	c.fold.batch(&c.batch)
	if err := c.retry(ctx, func() error { return c.clicks.AddBatch(ctx, &c.batch) }); err != nil {
		return err
	}
	to := c.batch.To
	c.onBatch(to)
	c.batch = store.Batch{Epoch: c.batch.Epoch, From: to, To: to}
	return nil
}

// retry calls f until it succeeds, with growing pauses. It returns only errors
// that waiting cannot change.
func (c *counter) retry(ctx context.Context, f func() error) error {
	for tries := 1; ; tries++ {
		err := f()
		if err == nil || errors.Is(err, store.ErrGap) || errors.Is(err, store.ErrOverlap) || errors.Is(err, store.ErrGrain) {
			if tries > 1 {
				c.goOn()
			}
			return err
		}
		if err := c.backOff(ctx, err, tries); err != nil {
			return err
		}
	}
}

// backOff pauses after that many failures in a row; the pauses grow. It logs the first
// failure, and then nothing until counting goes on.
func (c *counter) backOff(ctx context.Context, err error, tries int) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if c.stall.err == nil {
		c.log.Error("counting fails and is tried again until it succeeds. No click is lost, but the counts lag: check the disk", "error", err)
	}
	c.setStall(stall{err, tries})
	select {
	case <-time.After(c.first * time.Duration(min(1<<min(tries-1, 10), retryMost))):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// goOn ends a stall.
func (c *counter) goOn() {
	c.log.Info("counting goes on")
	c.setStall(stall{})
}

func (c *counter) setStall(s stall) {
	c.stall = s
	c.onStall(s)
}

// minutesFrom is the Unix second, a whole hour, from which on clicks are
// counted by the minute too.
func minutesFrom(now time.Time) int64 {
	t := max(now.Unix()-rollup.MinutesKept, 0)
	return t - t%3600
}
