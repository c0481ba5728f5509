package recorder

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/storage/store"
)

// counter counts records: it folds them into batches, which the store counts.
type counter struct {
	clicks store.Clicks
	source store.SourceID
	now    func() time.Time
	log    *slog.Logger
	first  time.Duration // the pause after the first failure

	// counted is called with the position that a batch reached, and stalled with
	// why counting fails at the moment, or the zero value.
	counted func(to uint64)
	stalled func(stall)

	fold   *fold
	record record
	batch  store.Batch
	last   time.Time // of the last batch
	stall  stall     // as stalled was called last
}

// stall is why counting fails at the moment, and how often it was tried.
type stall struct {
	err   error // nil if counting goes on
	tries int
}

// begin sets the position to count from, and reads what was deleted.
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

// count counts in the background, until ctx ends or no further record can ever
// be counted. A panic ends counting, and not the program.
func (r *Recorder) count(ctx context.Context, c *counter, reader *journal.Reader) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("bug in footfall: %v", p)
			r.log.Error("counting stopped because of a bug in footfall: report it with this stack", "panic", p, "stack", string(debug.Stack()))
		}
	}()
	before := r.journal.End() // what was recorded up to here is counted once it is read
	from, _ := r.Counted()
	if err := c.begin(ctx, from); err != nil {
		return err
	}
	for reading := 0; ; { // how often reading has failed in a row
		rec, err := reader.TryNext()
		if reading > 0 && (err == nil || errors.Is(err, journal.ErrEnd)) {
			reading = 0
			c.goOn()
		}
		if errors.Is(err, journal.ErrEnd) {
			if rec, err = r.pause(ctx, c, reader); err != nil && ctx.Err() == nil && isDue(err) {
				if err := c.flush(ctx); err != nil {
					return err
				}
				continue
			}
		}
		if err != nil && ctx.Err() == nil {
			// The records before it can be counted.
			if flushed := c.flush(ctx); flushed != nil || isFinal(err) {
				return errors.Join(err, flushed)
			}
			reading++
			if err = c.wait(ctx, err, reading); err == nil {
				continue
			}
		}
		if err != nil {
			return err
		}
		if err := c.take(ctx, rec); err != nil {
			return err
		}
		if c.full() || c.batch.To == before {
			if err := c.flush(ctx); err != nil {
				return err
			}
		}
	}
}

// isFinal tells errors of reading that no other try can change.
func isFinal(err error) bool {
	return errors.Is(err, journal.ErrCorrupt) || errors.Is(err, journal.ErrPosition) || errors.Is(err, journal.ErrClosed)
}

// isDue tells the end of a pause from an error.
func isDue(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// full tells whether a batch is due while there are records to read.
func (c *counter) full() bool {
	return c.fold.clicks >= batchClicks || time.Since(c.last) >= busyEvery
}

// pause waits for the next record at the end of the journal. If there is
// something to count, it waits only until the batch is due or wanted.
func (r *Recorder) pause(ctx context.Context, c *counter, reader *journal.Reader) (journal.Record, error) {
	ctx, wake := context.WithCancel(ctx)
	defer wake()
	if r.waitFor(wake) && !c.fold.empty() {
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
	c.batch.Source = c.source
	c.batch.MinutesFrom = minutesFrom(c.now())
	c.fold.batch(&c.batch)
	if err := c.retry(ctx, func() error { return c.clicks.Record(ctx, &c.batch) }); err != nil {
		return err
	}
	to := c.batch.To
	c.counted(to)
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
		if err := c.wait(ctx, err, tries); err != nil {
			return err
		}
	}
}

// wait pauses after so many tries that failed in a row; the pauses grow. It logs
// the first failure until counting goes on.
func (c *counter) wait(ctx context.Context, err error, tries int) error {
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
	c.stalled(s)
}
