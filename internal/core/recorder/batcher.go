package recorder

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/storage/store"
)

// batcher folds records into batches, and adds these to the counts. One goroutine
// uses it. It has no lock: onBatch and onStall alone change the Recorder's state.
type batcher struct {
	counts Counts
	shared store.JournalCounts // see Options
	source store.JournalID
	now    func() time.Time
	log    *slog.Logger
	first  time.Duration // the pause after the first failure

	verifyEvery time.Duration
	cut         func() bool // see Options

	// onBatch is called with the position that a batch reached, and with its clicks that no
	// earlier batch had. onStall is called with the reason if counting fails, and with the
	// zero value if it goes on.
	onBatch func(to, clicks uint64)
	onStall func(stall)

	newBuilder func() *batchBuilder

	// begin sets these.
	builder  *batchBuilder
	batch    store.Batch
	from     uint64    // records before it are counted already, and read for the cap alone
	last     time.Time // of the last batch, or set by dueNow
	progress bool      // a batch was counted
	clicks   uint64    // of the batch, that no earlier batch had

	reached uint64 // the highest position that was counted
	record  record
	stall   stall // the argument of the last onStall

	resumes int // calls of pauseToResume in a row before which nothing was counted
}

// stall is the reason why counting fails at the moment.
type stall struct {
	err   error // nil if counting goes on
	tries int   // failures in a row
}

// begin sets the position to count from, and the position at which records begin: the
// same, or before it. It reads the deleted scopes, and drops what waits to be counted.
func (b *batcher) begin(ctx context.Context, at, from uint64) error {
	b.builder, b.batch, b.from = b.newBuilder(), store.Batch{From: at, To: at}, from
	b.last, b.progress, b.clicks, b.reached = time.Now(), false, 0, max(b.reached, from)
	return b.retry(ctx, func() error {
		gone, err := b.deleted(ctx, at)
		for _, s := range gone {
			b.builder.deleted[s] = struct{}{}
		}
		return err
	})
}

// deleted returns the scopes that were deleted before a position, at which a segment starts if
// counts are shared. Then the records of this journal decide.
func (b *batcher) deleted(ctx context.Context, at uint64) ([]rollup.Scope, error) {
	if b.shared == nil {
		return b.counts.Deleted(ctx)
	}
	return b.shared.JournalDeleted(ctx, store.Earlier{Journal: b.source, Before: at})
}

// every returns the time from one batch to the next; busy is for load.
func (b *batcher) every(busy bool) time.Duration {
	switch {
	case b.shared != nil:
		return sharedEvery
	case busy && b.builder.clicks >= heavyClicks:
		return heavyEvery
	case busy:
		return busyEvery
	}
	return batchEvery
}

// full reports whether a batch is due while there are more records to read.
func (b *batcher) full() bool {
	return b.builder.clicks >= batchClicks || time.Since(b.last) >= b.every(true) || b.cut != nil && b.cut()
}

// due returns when a pause must end, or false if only a record ends it.
func (b *batcher) due() (time.Time, bool) {
	if !b.builder.empty() {
		return b.last.Add(b.every(b.builder.clicks >= busyClicks)), true
	}
	return time.Now().Add(b.verifyEvery), b.shared != nil
}

// dueNow makes the next batch due at once if nothing was counted for a while. A single
// click is then counted without a pause, and full still lets the batch grow while more
// records can be read.
func (b *batcher) dueNow() {
	if b.builder.empty() && time.Since(b.last) > b.every(false) {
		b.last = time.Now().Add(-b.every(false))
	}
}

// add gathers one record. A batch does not straddle segments.
func (b *batcher) add(ctx context.Context, rec journal.Record) error {
	if rec.Segment != b.batch.Epoch || rec.From == b.from {
		if err := b.flush(ctx); err != nil {
			return err
		}
	}
	if rec.Segment != b.batch.Epoch {
		b.batch.Epoch = rec.Segment
		b.builder.caps.beginSegment(rec.Segment)
	}
	if err := b.record.decode(rec.Data, b.builder.texts.intern); err != nil {
		return errors.Join(fmt.Errorf("journal position %d: %w", rec.From, err), b.flush(ctx))
	}
	deletes := len(b.record.deleted) > 0
	if deletes {
		if err := b.delete(ctx, rec.To <= b.from); err != nil {
			return err
		}
	}
	b.builder.add(&b.record)
	if b.batch.To = rec.To; rec.To > b.reached {
		b.clicks += uint64(len(b.record.clicks))
	}
	if deletes { // nothing else moves the position past them
		return b.flush(ctx)
	}
	return nil
}

// delete counts everything before the record, and then deletes the scopes that it
// names. The position does not move, so that it is done again after a crash. Shared counts
// delete them once they have counted the record: see store.Batch.Deleted.
func (b *batcher) delete(ctx context.Context, done bool) error {
	if err := b.flush(ctx); err != nil {
		return err
	}
	if !done && b.shared == nil {
		if err := b.retry(ctx, func() error { return b.counts.Delete(ctx, b.record.deleted) }); err != nil {
			return err
		}
	}
	for _, s := range b.record.deleted {
		b.builder.deleted[s] = struct{}{}
	}
	b.builder.caps.clicksDeleted()
	b.batch.Deleted = slices.Clone(b.record.deleted)
	return nil
}

// flush adds the batch to the counts.
func (b *batcher) flush(ctx context.Context) error {
	b.last = time.Now()
	if b.batch.To == b.batch.From {
		return nil
	}
	if err := b.retry(ctx, func() error { return b.builder.prepare(ctx) }); err != nil {
		return err
	}
	b.batch.Journal = b.source
	b.batch.MinutesFrom = keepMinutesFrom(b.now())
	b.builder.fillBatch(&b.batch)
	if b.batch.To <= b.from {
		b.next()
		return nil
	}
	if err := b.retry(ctx, func() error { return b.addBatch(ctx, &b.batch) }); err != nil {
		return err
	}
	if b.stall.err != nil {
		b.goOn()
	}
	b.progress = true
	b.onBatch(b.batch.To, b.clicks)
	b.clicks, b.reached = 0, max(b.reached, b.batch.To)
	b.next()
	return nil
}

// addBatch adds a batch to the counts. It fails with store.ErrResume if shared counts lost what
// was before the batch.
func (b *batcher) addBatch(ctx context.Context, batch *store.Batch) error {
	err := b.counts.AddBatch(ctx, batch)
	if b.shared != nil && (errors.Is(err, store.ErrGap) || errors.Is(err, store.ErrOverlap)) {
		err = fmt.Errorf("%w: %w", store.ErrResume, err) // another call failed with ErrResume
	}
	return err
}

// next begins the batch after this one.
func (b *batcher) next() {
	b.batch = store.Batch{Epoch: b.batch.Epoch, From: b.batch.To, To: b.batch.To}
}

// flushOrVerify adds the batch to the counts. If there is nothing to add, it asks the counts for
// their position: without new clicks nothing else shows that they lost clicks (store.ErrResume), or
// that another process counts the journal (store.ErrTaken).
func (b *batcher) flushOrVerify(ctx context.Context) error {
	if b.batch.To > b.batch.From || b.shared == nil {
		return b.flush(ctx)
	}
	pos, _, err := b.counts.Position(ctx, b.source)
	switch {
	case errors.Is(err, store.ErrTaken):
		return err
	case err == nil && pos.Counted < b.batch.From:
		return fmt.Errorf("%w: %d instead of %d", store.ErrResume, pos.Counted, b.batch.From)
	}
	return nil // if the counts are away, the next batch shows it
}

// pauseToResume is called after store.ErrResume, before counting begins again. It pauses if
// nothing was counted since the last call.
func (b *batcher) pauseToResume(ctx context.Context, err error) error {
	if !b.progress {
		b.resumes++
		return b.backOff(ctx, err, b.resumes)
	}
	b.resumes, b.progress = 0, false
	b.log.Warn("the counts lost clicks that they had counted. These are counted again from the journal; answers may show fewer clicks meanwhile. If this happens again, look at the servers of the counts", "error", err)
	return nil
}

// retry calls f until it succeeds, with growing pauses. It returns at once with an error that
// another try cannot change, and with the error of ctx when that ends.
func (b *batcher) retry(ctx context.Context, f func() error) error {
	for tries := 1; ; tries++ {
		err := f()
		if err == nil || isPermanent(err) {
			if tries > 1 {
				b.goOn()
			}
			return err
		}
		if err := b.backOff(ctx, err, tries); err != nil {
			return err
		}
	}
}

// isPermanent reports whether an error would be the same after another try.
func isPermanent(err error) bool {
	for _, permanent := range []error{store.ErrGap, store.ErrOverlap, store.ErrGrain, store.ErrResume, store.ErrTaken, ErrForeign, errCountedElsewhere} {
		if errors.Is(err, permanent) {
			return true
		}
	}
	return isFinal(err)
}

// backOff pauses after a failure; tries is the number of failures in a row, with which
// the pauses grow. It logs the first failure, and then nothing until counting goes on.
func (b *batcher) backOff(ctx context.Context, err error, tries int) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	switch {
	case b.stall.err != nil:
	case errors.Is(err, click.ErrUnavailable):
		b.log.Warn("the counts cannot be reached, and counting is tried again until they answer. Visitors are answered and no click is lost, but questions fail and the journal grows: look at the servers of the counts", "error", err)
	default:
		b.log.Error("counting fails and is tried again until it succeeds. No click is lost, but the counts lag: check the disk", "error", err)
	}
	b.setStall(stall{err, tries})
	select {
	case <-time.After(b.first * time.Duration(min(1<<min(tries-1, 10), retryMost))):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// goOn ends a stall.
func (b *batcher) goOn() {
	b.log.Info("counting goes on")
	b.setStall(stall{})
}

func (b *batcher) setStall(s stall) {
	b.stall = s
	b.onStall(s)
}

// keepMinutesFrom returns the Unix second, a whole hour, from which on clicks are
// counted by the minute too.
func keepMinutesFrom(now time.Time) int64 {
	t := max(now.Unix()-rollup.MinutesKept, 0)
	return t - t%3600
}
