package recorder

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/storage/store"
)

// countOn is count, in which a panic ends counting and not the program.
func (r *Recorder) countOn(ctx context.Context, reader *journal.Reader) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("footfall is wrong: %v", p)
			r.log.Error("a panic while counting: report it", "panic", p, "stack", string(debug.Stack()))
		}
	}()
	return r.count(ctx, reader)
}

// count reads the journal and counts, until ctx ends or nothing more can be
// counted for good.
func (r *Recorder) count(ctx context.Context, reader *journal.Reader) error {
	c := counter{r: r, fold: newFold(newCaps(r.clicks, r.most, r.room)), last: time.Now()}
	c.batch.From, _ = r.Counted()
	c.batch.To = c.batch.From
	before := r.journal.End() // what was recorded up to here is counted once it is read
	err := c.retry(ctx, func() error {
		gone, err := r.clicks.Deleted(ctx)
		for _, s := range gone {
			c.fold.deleted[s] = struct{}{}
		}
		return err
	})
	if err != nil {
		return err
	}
	for {
		rec, err := reader.TryNext()
		if c.reading > 0 && (err == nil || errors.Is(err, journal.ErrEnd)) {
			c.reading = 0
			c.goOn()
		}
		if errors.Is(err, journal.ErrEnd) {
			if rec, err = c.pause(ctx, reader); err != nil && ctx.Err() == nil && isDue(err) {
				if err := c.flush(ctx); err != nil {
					return err
				}
				continue
			}
		}
		if err != nil && ctx.Err() == nil {
			// What comes before it is sound.
			if flushed := c.flush(ctx); flushed != nil || c.isFinal(err) {
				return errors.Join(err, flushed)
			}
			c.reading++
			if err = c.stall(ctx, err, c.reading); err == nil {
				continue
			}
		}
		if err != nil {
			return err
		}
		if err := c.take(ctx, rec); err != nil {
			return err
		}
		if c.fold.clicks >= batchClicks || time.Since(c.last) >= busyEvery || c.batch.To == before {
			if err := c.flush(ctx); err != nil {
				return err
			}
		}
	}
}

// counter is the state of counting: the batch that is being folded.
type counter struct {
	r      *Recorder
	fold   *fold
	record record
	batch  store.Batch
	last   time.Time // of the last batch
	// reading is how often reading the journal has failed in a row.
	reading int
}

// isFinal tells errors of reading that no other try can change.
func (c *counter) isFinal(err error) bool {
	return c.r.hasty || errors.Is(err, journal.ErrCorrupt) || errors.Is(err, journal.ErrPosition) || errors.Is(err, journal.ErrClosed)
}

// isDue tells an end of pause from an error.
func isDue(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// pause waits for the next record at the end of the journal: for good where
// there is nothing to count, else until the batch is due, or wanted.
func (c *counter) pause(ctx context.Context, reader *journal.Reader) (journal.Record, error) {
	ctx, wake := context.WithCancel(ctx)
	defer wake()
	if c.r.waitFor(wake) && !c.fold.empty() {
		wake()
	}
	if !c.fold.empty() {
		every := batchEvery
		if c.fold.clicks >= busyClicks {
			every = busyEvery
		}
		due, cancel := context.WithDeadline(ctx, c.last.Add(every))
		defer cancel()
		ctx = due
	}
	rec, err := reader.Next(ctx)
	if c.fold.empty() && time.Since(c.last) > batchEvery {
		c.last = time.Now().Add(-batchEvery) // a lone click is due at once
	}
	return rec, err
}

// take folds one record. A batch ends where a segment does.
func (c *counter) take(ctx context.Context, rec journal.Record) error {
	if rec.Epoch != c.batch.Epoch {
		if err := c.flush(ctx); err != nil {
			return err
		}
		c.batch.Epoch = rec.Epoch
	}
	if err := c.record.decode(rec.Data, c.fold.intern); err != nil {
		return errors.Join(fmt.Errorf("journal position %d: %w", rec.From, err), c.flush(ctx))
	}
	if c.fold.empty() {
		c.fold.caps.forget()
	}
	err := c.retry(ctx, func() error {
		return c.fold.caps.crossing(ctx, c.record.clicks, func() error { return c.flush(ctx) })
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
	c.fold.add(&c.record, minutesFrom(c.r.now()))
	c.batch.To = rec.To
	if deletes { // nothing else would move the position on
		return c.flush(ctx)
	}
	return nil
}

// delete removes the scopes that the record names, behind all that came before
// it. The position does not move, so that after a crash it is done again.
func (c *counter) delete(ctx context.Context) error {
	if err := c.flush(ctx); err != nil {
		return err
	}
	if err := c.retry(ctx, func() error { return c.r.clicks.Delete(ctx, c.record.deleted) }); err != nil {
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
	c.batch.Source = store.SourceID(c.r.journal.ID())
	c.batch.MinutesFrom = minutesFrom(c.r.now())
	c.fold.batch(&c.batch)
	if err := c.retry(ctx, func() error { return c.r.clicks.Record(ctx, &c.batch) }); err != nil {
		return err
	}
	to := c.batch.To
	c.r.set(func() { c.r.counted, c.r.wanted = to, false })
	c.batch = store.Batch{Epoch: c.batch.Epoch, From: to, To: to}
	return nil
}

// retry calls f until it succeeds, with growing pauses. Only errors that no
// waiting mends come back.
func (c *counter) retry(ctx context.Context, f func() error) error {
	for tries := 1; ; tries++ {
		err := f()
		if err == nil || errors.Is(err, store.ErrGap) || errors.Is(err, store.ErrOverlap) || errors.Is(err, store.ErrGrain) {
			if tries > 1 {
				c.goOn()
			}
			return err
		}
		if err := c.stall(ctx, err, tries); err != nil {
			return err
		}
	}
}

// stall is the state of a counter that tries again what failed.
type stall struct {
	err   error // nil where counting goes on
	tries int
}

// stall pauses after so many tries that failed in a row, the longer the more.
// The log is told once until counting goes on.
func (c *counter) stall(ctx context.Context, err error, tries int) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if c.r.Stalled() == nil {
		c.r.log.Error("counting fails and is tried again until it can be done; clicks are safe in the journal, and the counts lag: see to the disk", "error", err)
	}
	c.r.set(func() { c.r.stalled = stall{err, tries} })
	select {
	case <-time.After(c.r.pause * time.Duration(min(1<<min(tries-1, 10), retryMost))):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// goOn tells that what failed is done.
func (c *counter) goOn() {
	c.r.log.Info("counting goes on")
	c.r.set(func() { c.r.stalled = stall{} })
}
