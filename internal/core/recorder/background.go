package recorder

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/storage/store"
)

// countInBackground counts until ctx ends, or until no further record can ever be
// counted. reader is that of newReader for the position that is counted, or nil if that is not
// known. A panic ends counting, and not the program.
func (r *Recorder) countInBackground(ctx context.Context, b *batcher, reader *journal.Reader) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("bug in footfall: %v", p)
			r.log.Error("counting stopped because of a bug in footfall: report it with this stack", "panic", p, "stack", string(debug.Stack()))
		}
	}()
	for {
		if reader == nil {
			if reader, err = r.reopen(ctx, b); err != nil {
				return err
			}
		}
		err = r.countFrom(ctx, b, reader)
		reader.Close() // only read
		reader = nil
		if !errors.Is(err, store.ErrResume) {
			return err
		}
		if err := b.pauseToResume(ctx, err); err != nil {
			return err
		}
	}
}

// reopen asks for the position to count from, until the counts answer.
func (r *Recorder) reopen(ctx context.Context, b *batcher) (reader *journal.Reader, err error) {
	err = b.retry(ctx, func() error {
		pos, err := resume(ctx, r.options)
		if err != nil {
			return err
		}
		r.mu.Lock()
		known := max(r.reached, r.opened)
		r.mu.Unlock()
		if pos > known {
			return fmt.Errorf("%w: they reach position %d", errCountedElsewhere, pos)
		}
		if reader, err = newReader(r.options, pos); err == nil {
			r.set(func() { r.counted = pos })
		}
		return err
	})
	return reader, err
}

// countFrom counts what the reader reads after the position that is counted. It fails with
// store.ErrResume if counting must go on from another position.
func (r *Recorder) countFrom(ctx context.Context, b *batcher, reader *journal.Reader) error {
	endAtStart := r.journal.End() // a batch ends here, so that clicks of the last run are counted at once
	from, _ := r.Counted()
	if err := b.begin(ctx, reader.Pos(), from); err != nil {
		return err
	}
	for readFailures := 0; ; { // in a row
		rec, err := reader.TryNext()
		if readFailures > 0 && (err == nil || errors.Is(err, journal.ErrEnd)) {
			readFailures = 0
			b.goOn()
		}
		if errors.Is(err, journal.ErrEnd) {
			if rec, err = r.nextRecord(ctx, b, reader); err != nil && ctx.Err() == nil && isDue(err) {
				// The pause ended: the batch is due, or a caller woke us.
				if err := b.flushOrVerify(ctx); err != nil {
					return err
				}
				continue
			}
		}
		if err != nil && ctx.Err() == nil {
			// The records before it can be counted.
			if flushed := b.flush(ctx); flushed != nil || isFinal(err) {
				return errors.Join(err, flushed)
			}
			readFailures++
			if err = b.backOff(ctx, err, readFailures); err == nil {
				continue
			}
		}
		if err != nil {
			return err
		}
		if err := b.add(ctx, rec); err != nil {
			return err
		}
		if b.full() || b.batch.To == endAtStart {
			if err := b.flush(ctx); err != nil {
				return err
			}
		}
	}
}

// isFinal reports whether no other try can change an error of reading.
func isFinal(err error) bool {
	return errors.Is(err, journal.ErrCorrupt) || errors.Is(err, journal.ErrPosition) || errors.Is(err, journal.ErrClosed)
}

// isDue reports whether an error of nextRecord is the end of its pause: the deadline
// of the batch passed, or countNow canceled the wait.
func isDue(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// nextRecord waits for the next record at the end of the journal. If there is
// something to count, it waits only until the batch is due or wanted.
func (r *Recorder) nextRecord(ctx context.Context, b *batcher, reader *journal.Reader) (journal.Record, error) {
	ctx, wake := context.WithCancel(ctx)
	defer wake()
	if wanted, verify := r.waitFor(wake); verify || wanted && !b.builder.empty() {
		wake()
	}
	if due, ok := b.due(); ok {
		bounded, cancel := context.WithDeadline(ctx, due)
		defer cancel()
		ctx = bounded
	}
	rec, err := reader.Next(ctx)
	b.dueNow()
	return rec, err
}

// countNow makes the batcher count everything up to a position without waiting for
// more records.
func (r *Recorder) countNow(to uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.counted < to {
		r.wanted = true
		if r.wake != nil {
			r.wake()
		}
	}
}

// waitFor must be called before a pause, which wake ends. It reports whether a
// caller already waits for the batch, and whether one wants verify to be called.
func (r *Recorder) waitFor(wake func()) (wanted, verify bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	verify, r.verify = r.verify, false
	r.wake = wake
	return r.wanted, verify
}

// holds reports whether the counts still have everything before a position that was counted.
// If not, they have lost it, and it will be counted again.
func (r *Recorder) holds(ctx context.Context, to uint64) (bool, error) {
	pos, _, err := r.counts.Position(ctx, r.journal.ID())
	if err != nil || pos.Counted >= to {
		return err == nil, err
	}
	r.set(func() {
		r.counted, r.verify = min(r.counted, pos.Counted), true
		if r.wake != nil {
			r.wake()
		}
	})
	return false, nil
}

// set changes what Drain waits for, and wakes it.
func (r *Recorder) set(change func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
	close(r.changed)
	r.changed = make(chan struct{})
}

// Drain waits until every click that was recorded before the call is counted. It
// fails only if counting has stopped for good, or if ctx or the Recorder ends.
func (r *Recorder) Drain(ctx context.Context) error { return r.drain(ctx, r.journal.End(), false) }

// ErrStalled: counting fails at the moment, and is tried again.
var ErrStalled = errors.New("clicks cannot be counted at the moment. No click is lost, and counting is tried again")

// Settle is Drain, but fails with ErrStalled if counting has failed several times
// in a row.
func (r *Recorder) Settle(ctx context.Context) error { return r.drain(ctx, r.journal.End(), true) }

func (r *Recorder) drain(ctx context.Context, end uint64, settle bool) error {
	r.countNow(end)
	for {
		r.mu.Lock()
		counted, changed, failed, stalled := r.counted, r.changed, r.failed, r.stalled
		r.mu.Unlock()
		switch {
		case counted >= end:
			return nil
		case failed != nil:
			return failed
		case settle && stalled.tries >= settleTries:
			return fmt.Errorf("%w: %w", ErrStalled, stalled.err)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		case <-r.done:
			return errors.New("recorder: closed")
		}
	}
}
