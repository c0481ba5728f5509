package recorder

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/storage/store"
)

// How records become batches. A lone click is counted at once, a few clicks
// every batchEvery. Under load, from busyClicks on, batches are made every
// busyEvery, for the same cells then come once: an answered click must be in
// the counts within a second. None holds many more than batchClicks.
const (
	batchEvery  = 50 * time.Millisecond
	busyEvery   = 400 * time.Millisecond
	busyClicks  = 1_000
	batchClicks = 200_000

	// minutesKept is how long minute cells live, at least; they are dropped by
	// the hour. The contract asks for 60 minutes.
	minutesKept = 2 * time.Hour

	// What failed is tried again after retryLeast, and then after pauses that
	// double, up to retryMost times the first.
	retryLeast = 100 * time.Millisecond
	retryMost  = 50

	// settleTries is how often counting must have failed for Settle to give up,
	// after some seconds.
	settleTries = 5

	// importPatience is how long an import waits for another one of the same input.
	// That of a pipe may go on for good, and those that cron starts would wait in a
	// row.
	importPatience = time.Minute
)

// Options says what a Recorder works with. All public fields are required.
type Options struct {
	Journal *journal.Journal
	Clicks  store.Clicks
	Now     func() time.Time
	Log     *slog.Logger

	// Tests make these small: the bounds of the cap on different referrers, the
	// first pause before another try, and how long an import waits for another
	// import of the same input.
	most     uint64
	room     int
	pause    time.Duration
	patience time.Duration
}

// Recorder records clicks and counts them in the background.
type Recorder struct {
	journal *journal.Journal
	clicks  store.Clicks
	log     *slog.Logger
	wait    time.Duration // of an import for another one

	cancel context.CancelFunc
	done   chan struct{} // closed when counting has stopped

	mu      sync.Mutex
	counted uint64        // journal position
	changed chan struct{} // closed when counted or failed changes
	failed  error         // why counting stopped for good
	stalled stall         // why counting cannot go on at the moment
	wanted  bool          // somebody waits for the batch at hand
	wake    func()        // ends the counter's pause
	imports map[[32]byte]chan struct{}
}

// Open starts counting where the store stands. It fails if the journal and the
// store do not belong together, because clicks would be lost or counted twice.
func Open(ctx context.Context, o Options) (*Recorder, error) {
	if o.most == 0 {
		o.most, o.room = MaxReferrers, capWeight
	}
	pos, err := resume(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("recorder: open: %w", err)
	}
	reader, err := o.Journal.Reader(pos)
	if err != nil {
		return nil, fmt.Errorf("recorder: open: %w", err)
	}
	counting, cancel := context.WithCancel(context.Background())
	r := &Recorder{
		journal: o.Journal, clicks: o.Clicks, log: o.Log, wait: cmp.Or(o.patience, importPatience),
		cancel: cancel, done: make(chan struct{}),
		counted: pos, changed: make(chan struct{}),
		imports: map[[32]byte]chan struct{}{},
	}
	c := &counter{
		clicks: o.Clicks, source: o.Journal.ID(), now: o.Now, log: o.Log, first: cmp.Or(o.pause, retryLeast),
		counted: func(to uint64) { r.set(func() { r.counted, r.wanted = to, false }) },
		stalled: func(s stall) { r.set(func() { r.stalled = s }) },
		fold:    newFold(newCaps(o.Clicks, o.most, o.room)),
	}
	go func() {
		defer close(r.done)
		defer reader.Close()
		err := r.count(counting, c, reader)
		if counting.Err() == nil {
			r.log.Error("counting has stopped. Clicks are still recorded in the journal, but not counted: run footfall check", "error", err)
			r.set(func() { r.failed = fmt.Errorf("counting has stopped, and footfall check says more: %w", err) })
		}
	}()
	return r, nil
}

// resume finds the position to count from. Everything that the journal lacks
// before its end must have been counted, or it fails with a journal.HoleError.
func resume(ctx context.Context, o Options) (uint64, error) {
	pos, found, err := o.Clicks.Position(ctx, o.Journal.ID())
	if err == nil && !found {
		err = begin(ctx, o)
	}
	if err == nil {
		err = missing(&o.Journal.Contents, pos.Counted)
	}
	if err != nil {
		return 0, err
	}
	if end := o.Journal.End(); pos.Counted > end {
		// New clicks must not get the positions of clicks that were counted.
		o.Log.Warn("the journal lost a tail that was already counted; recording goes on after it. If the power was not cut and nothing was given up, a segment was removed or cut: find out what did it",
			"journal", end, "counted", pos.Counted)
		if err := o.Journal.SkipTo(pos.Counted); err != nil {
			return 0, err
		}
	}
	return pos.Counted, nil
}

// missing fails with a journal.HoleError if the journal lacks records after the
// position that the counts reach.
func missing(j *journal.Contents, counted uint64) error {
	holes := j.Holes()
	if first := j.First(); first > 0 {
		holes = append(holes, journal.Hole{To: first})
	}
	for _, h := range holes {
		if counted < h.To {
			h.From = max(h.From, counted)
			return fmt.Errorf("the counts reach only position %d, and %w", counted, &journal.HoleError{Hole: h})
		}
	}
	return nil
}

// ErrForeign: no click was counted of this journal, and some were counted of
// others.
var ErrForeign = errors.New("this journal does not belong to these counts, and its clicks may be of other links. Restore the matching journal, or move this one away to start a new one")

// unknown returns the sources of clicks that were counted. It fails with
// ErrForeign if there are any, and the journal, which is none of them, has
// records.
func unknown(ctx context.Context, j *journal.Contents, clicks store.Clicks) ([]store.SourceID, error) {
	sources, err := clicks.Sources(ctx)
	if err == nil && len(sources) > 0 && j.End() > 0 {
		err = ErrForeign
	}
	return sources, err
}

// begin makes a journal known to the store before anything of it is counted. It
// logs which other journals were counted.
func begin(ctx context.Context, o Options) error {
	sources, err := unknown(ctx, &o.Journal.Contents, o.Clicks)
	if err != nil || o.Journal.End() > 0 {
		return err
	}
	if err := o.Clicks.Record(ctx, &store.Batch{Source: o.Journal.ID()}); err != nil {
		return err
	}
	if err := o.Clicks.Sync(ctx); err != nil {
		return err
	}
	for _, s := range sources {
		pos, _, posErr := o.Clicks.Position(ctx, s)
		err = errors.Join(err, posErr)
		o.Log.Warn("the journal that was counted is gone, and a new one was made. The counts stay. If you did not empty journal/ on purpose, stop footfall and put the old journal back",
			"journal", hex.EncodeToString(s[:]), "counted", pos.Counted)
	}
	return err
}

// Record makes a click durable. A time outside click.Earliest and click.Latest
// becomes the nearest inside. It will be counted even where ctx ends first
// and an error is returned, unless the machine dies.
func (r *Recorder) Record(ctx context.Context, c click.Click) error {
	buf := encoders.Get().(*encoder)
	defer encoders.Put(buf)
	// A clock that is out of its mind must not stop counting.
	c.Time = min(max(c.Time, click.Earliest.UnixMilli()), click.Latest.UnixMilli()-1)
	buf.click[0] = c
	buf.bytes = encode(buf.bytes[:0], buf.click[:], nil)
	if _, err := r.journal.Append(ctx, buf.bytes); err != nil {
		return fmt.Errorf("recorder: %w", err)
	}
	return nil
}

// encoder is scratch space for one click.
type encoder struct {
	click [1]click.Click
	bytes []byte
}

var encoders = sync.Pool{New: func() any { return new(encoder) }}

// Import makes clicks of an import durable together with the mark behind them.
// Once begun it waits for the disk, whatever becomes of ctx: who begins the
// import again must find the mark.
func (r *Recorder) Import(ctx context.Context, clicks []click.Click, mark store.Mark) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("recorder: import: %w", err)
	}
	if _, err := r.journal.Append(context.WithoutCancel(ctx), encode(nil, clicks, &mark)); err != nil {
		return fmt.Errorf("recorder: import: %w", err)
	}
	return nil
}

// deletedPerRecord keeps the records of deletions small.
const deletedPerRecord = 10_000

// Delete removes the counts of scopes for good: of links, or of users with all
// their links, whose ids are never used again. It is recorded behind the clicks
// that came before, so that counting the journal again removes them again, and
// clicks of them that come after it do not count. Delete returns once that is
// durable and done.
func (r *Recorder) Delete(ctx context.Context, scopes []rollup.Scope) error {
	for some := range slices.Chunk(scopes, deletedPerRecord) {
		if _, err := r.journal.Append(ctx, encodeDeleted(some)); err != nil {
			return fmt.Errorf("recorder: delete: %w", err)
		}
	}
	return r.Drain(ctx)
}

// ErrImporting: another import of the same input goes on.
var ErrImporting = errors.New("another import of the same input is under way, maybe of a pipe that goes on, and brings the same lines: run the command again once that one has ended")

// BeginImport waits until no other import of the source is under way, a minute at
// most, which is ErrImporting, and all that is in the journal is counted; then it
// returns the source's marks. The caller calls end when its import is over.
func (r *Recorder) BeginImport(ctx context.Context, source [32]byte) (marks []store.Mark, end func(), err error) {
	late := time.After(r.wait)
	for {
		r.mu.Lock()
		other, busy := r.imports[source]
		if !busy {
			r.imports[source] = make(chan struct{})
		}
		r.mu.Unlock()
		if !busy {
			break
		}
		select {
		case <-other:
		case <-late:
			return nil, nil, ErrImporting
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		}
	}
	end = func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		close(r.imports[source])
		delete(r.imports, source)
	}
	if err := r.Drain(ctx); err != nil {
		end()
		return nil, nil, err
	}
	if marks, err = r.clicks.Marks(ctx, source); err != nil {
		end()
		return nil, nil, fmt.Errorf("recorder: %w", err)
	}
	return marks, end, nil
}

// Drain waits until every click recorded before the call is counted.
func (r *Recorder) Drain(ctx context.Context) error { return r.drain(ctx, false) }

// ErrStalled: counting fails, and is tried again until it can be done.
var ErrStalled = errors.New("clicks cannot be counted at the moment, which is tried again; none is lost")

// Settle is Drain for who would rather hear that it may take long: it fails with
// ErrStalled where counting has failed some times in a row.
func (r *Recorder) Settle(ctx context.Context) error { return r.drain(ctx, true) }

func (r *Recorder) drain(ctx context.Context, settle bool) error {
	end := r.journal.End()
	r.hurry(end)
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

// Stalled is why clicks cannot be counted at the moment, which is tried again
// until it can be done; nil where nothing is in the way, or never will be out of
// it, as Counted says.
func (r *Recorder) Stalled() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stalled.err
}

// Counted is the journal position up to which clicks are counted, and the
// reason where counting has stopped for good.
func (r *Recorder) Counted() (uint64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.counted, r.failed
}

// Close counts what is recorded, as far as ctx allows, and stops. Where counting
// fails some times in a row, it is ErrStalled: what is left is counted when the
// journal is opened the next time.
func (r *Recorder) Close(ctx context.Context) error {
	err := r.Settle(ctx)
	r.cancel()
	<-r.done
	return err
}

// hurry has a batch counted at once that reaches the position.
func (r *Recorder) hurry(to uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.counted < to {
		r.wanted = true
		if r.wake != nil {
			r.wake()
		}
	}
}

// waitFor is called before a pause, which wake ends. It tells whether somebody
// waits for the batch already.
func (r *Recorder) waitFor(wake func()) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.wake = wake
	return r.wanted
}

// set changes what Drain waits for.
func (r *Recorder) set(change func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
	close(r.changed)
	r.changed = make(chan struct{})
}

// minutesFrom is the Unix second, a whole hour, from which on clicks are
// counted by the minute too.
func minutesFrom(now time.Time) int64 {
	t := max(now.Add(-minutesKept).Unix(), 0)
	return t - t%3600
}
