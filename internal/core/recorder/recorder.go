package recorder

import (
	"cmp"
	"context"
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

// How records become batches. A single click is counted at once, a few clicks
// every batchEvery. Under load, from busyClicks on, a batch is made every
// busyEvery, so that each cell is written less often. From heavyClicks on, which is 10,000
// clicks a second, it is made every heavyEvery, so that the store has half as much to write.
// Batches of shared counts are made every sharedEvery. An answered click must be in the counts
// within a second, and under heavy load within two. A batch has little more than batchClicks:
// it takes about 3 kB a click.
const (
	batchEvery = 50 * time.Millisecond
	busyEvery  = 400 * time.Millisecond
	heavyEvery = 1200 * time.Millisecond
	// ClickHouse stores each batch as a few parts, and merges these.
	sharedEvery = 800 * time.Millisecond
	busyClicks  = 1_000
	heavyClicks = 4_000
	batchClicks = 40_000

	// Shared counts are asked at this interval whether they lost clicks, while there are no
	// new ones.
	verifyEvery = 5 * time.Second

	// What failed is tried again after retryLeast, and then after pauses that
	// double, up to retryMost times the first.
	retryLeast = 100 * time.Millisecond
	retryMost  = 50

	// settleTries is the number of failures in a row after which Settle
	// fails, which takes some seconds.
	settleTries = 5

	// openTimeout is how long Open waits for the counts.
	openTimeout = 2 * time.Second

	// defaultImportTimeout is the time that an import waits for another import of the
	// same input. One from a pipe may never end, and imports that cron starts would
	// queue.
	defaultImportTimeout = time.Minute
)

// Counts is the engine for counts: a part of store.ClickCounts.
type Counts interface {
	Position(ctx context.Context, journal store.JournalID) (store.Position, bool, error)
	Journals(ctx context.Context) ([]store.JournalID, error)
	Marks(ctx context.Context, input [32]byte) ([]store.Mark, error)
	Deleted(ctx context.Context) ([]rollup.Scope, error)
	// Counts is called for the cap on different values.
	Counts(ctx context.Context, q store.Query) ([]store.Count, error)
	AddBatch(ctx context.Context, b *store.Batch) error
	Delete(ctx context.Context, scopes []rollup.Scope) error
	Sync(ctx context.Context) error
}

// Options are the parts of a Recorder. All public fields are required, except Shared.
type Options struct {
	Journal *journal.Journal
	Counts  Counts
	// Shared is the engine of Counts if several servers count their journals in it. It may lose
	// what is not durable (store.ErrResume), and have it counted again. nil for the counts of
	// one journal.
	Shared store.JournalCounts
	Now    func() time.Time
	Log    *slog.Logger

	// Tests make these small: the bounds of the cap on different values, the
	// first pause before another try, how often shared counts are verified, and how long
	// an import waits for another import of the same input. cut says that a batch ends
	// after a record.
	most          uint64
	room          int
	pause         time.Duration
	verifyEvery   time.Duration
	cut           func() bool
	importTimeout time.Duration
}

// Recorder records clicks and counts them in the background.
type Recorder struct {
	journal *journal.Journal
	counts  Counts
	log     *slog.Logger
	options Options
	opened  uint64 // the end of the journal after Open

	cancel context.CancelFunc
	done   chan struct{} // closed when counting has stopped

	mu      sync.Mutex
	counted uint64        // journal position; while it is not known, the first one that is kept
	reached uint64        // the greatest counted; it stays when the counts lose clicks
	clicks  uint64        // see CountedClicks
	changed chan struct{} // closed when counted, failed or stalled changes
	failed  error         // why counting stopped for good
	stalled stall         // why counting fails at the moment
	wanted  bool          // a caller waits for the current batch
	verify  bool          // the counter must ask for the position; see holds
	wake    func()        // ends the pause of the counter
	imports map[[32]byte]chan struct{}
}

// Open starts counting at the position that is counted. It fails if the journal and
// the counts do not belong together, because clicks would be lost or counted twice.
//
// It does not wait for counts that are away (click.ErrUnavailable), or do not answer within
// openTimeout: clicks are recorded, and counted when the counts answer. If the counts then do not
// fit the journal, counting stops.
func Open(ctx context.Context, o Options) (*Recorder, error) {
	if o.most == 0 {
		o.most, o.room = DailyValues, capWeight
	}
	pos, reader, err := openReader(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("recorder: open: %w", err)
	}
	counting, cancel := context.WithCancel(context.Background())
	r := &Recorder{
		journal: o.Journal, counts: o.Counts, log: o.Log, options: o, opened: o.Journal.End(),
		cancel: cancel, done: make(chan struct{}),
		counted: pos, changed: make(chan struct{}),
		imports: map[[32]byte]chan struct{}{},
	}
	b := &batcher{
		counts: o.Counts, shared: o.Shared, source: o.Journal.ID(), now: o.Now, log: o.Log, first: cmp.Or(o.pause, retryLeast), verifyEvery: cmp.Or(o.verifyEvery, verifyEvery), cut: o.cut,
		onBatch: func(to, clicks uint64) {
			r.set(func() { r.counted, r.reached, r.clicks, r.wanted = to, max(r.reached, to), r.clicks+clicks, false })
		},
		onStall:    func(s stall) { r.set(func() { r.stalled = s }) },
		newBuilder: func() *batchBuilder { return newBuilder(o.Counts, o.Shared, o.Journal.ID(), o.most, o.room) },
	}
	go func() {
		defer close(r.done)
		err := r.countInBackground(counting, b, reader)
		if counting.Err() == nil {
			r.log.Error("counting has stopped. Clicks are still recorded in the journal, but not counted: run footfall check", "error", err)
			r.set(func() { r.failed = fmt.Errorf("counting has stopped: %w", err) })
		}
	}()
	return r, nil
}

// openReader returns the position to count from, and a reader for it. If the counts are away, it
// returns the first position that is kept, and nil.
func openReader(ctx context.Context, o Options) (uint64, *journal.Reader, error) {
	asking, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	pos, err := resume(asking, o)
	if errors.Is(err, click.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return o.Journal.First(), nil, nil
	}
	if err == nil {
		err = skipLost(o, pos)
	}
	if err != nil {
		return 0, nil, err
	}
	reader, err := newReader(o, pos)
	return pos, reader, err
}

// Record makes a click durable. A time before click.Earliest or after click.Latest
// becomes the nearest one between them. If ctx ends first, Record fails, but the
// click is usually recorded and counted.
func (r *Recorder) Record(ctx context.Context, c click.Click) error {
	buf := encodeOne(c)
	defer encoders.Put(buf)
	if _, err := r.journal.Append(ctx, buf.bytes); err != nil {
		return fmt.Errorf("recorder: %w", err)
	}
	return nil
}

// RecordWithin is Record for visitors, many of whom wait at the same time. It fails with
// context.DeadlineExceeded if the click is not durable after the patience, or a little earlier.
func (r *Recorder) RecordWithin(patience time.Duration, c click.Click) error {
	buf := encodeOne(c)
	defer encoders.Put(buf)
	if err := r.journal.AppendWithin(patience, buf.bytes); err != nil {
		return fmt.Errorf("recorder: %w", err)
	}
	return nil
}

// encodeOne encodes a click.
func encodeOne(c click.Click) *encoder {
	buf := encoders.Get().(*encoder)
	// A wrong clock must not stop counting.
	c.Time = min(max(c.Time, click.Earliest.UnixMilli()), click.Latest.UnixMilli()-1)
	buf.click[0] = c
	buf.bytes = encode(buf.bytes[:0], buf.click[:], nil)
	return buf
}

// encoder is scratch space for one click.
type encoder struct {
	click [1]click.Click
	bytes []byte
}

var encoders = sync.Pool{New: func() any { return new(encoder) }}

// deletedPerRecord keeps the records of deletions small.
const deletedPerRecord = 10_000

// Delete removes the counts of scopes for good: of links, or of users with all
// their links, whose ids are never used again. It returns once that is durable and
// done; for shared counts, once the deletion is durable and later clicks are not counted.
func (r *Recorder) Delete(ctx context.Context, scopes []rollup.Scope) error {
	if err := r.RecordDeletion(ctx, scopes); err != nil {
		return err
	}
	return r.Drain(ctx)
}

// RecordDeletion records a deletion in the journal: counting carries it out, a rebuild
// repeats it, and later clicks of the scopes are not counted.
func (r *Recorder) RecordDeletion(ctx context.Context, scopes []rollup.Scope) error {
	for some := range slices.Chunk(scopes, deletedPerRecord) {
		if _, err := r.journal.Append(ctx, encodeDeleted(some)); err != nil {
			return fmt.Errorf("recorder: delete: %w", err)
		}
	}
	return nil
}

// Stalled returns the error with which counting fails at the moment, while it is
// tried again. It is nil if counting works, and if it has stopped for good, which
// Counted reports.
func (r *Recorder) Stalled() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stalled.err
}

// Counted returns the journal position up to which clicks are counted, and the
// error if counting has stopped for good.
func (r *Recorder) Counted() (uint64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.counted, r.failed
}

// CountedClicks returns the number of clicks that were counted since Open, those of deleted
// links and users too. Clicks that are counted again after a loss are one click each.
func (r *Recorder) CountedClicks() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.clicks
}

// Changed is closed when something was counted after the call, or counting has failed or goes
// on again.
func (r *Recorder) Changed() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.changed
}

// Close counts the clicks that are recorded, as far as ctx allows, and stops. It fails with
// ErrStalled if counting has failed several times in a row. The rest is counted
// after the next Open.
func (r *Recorder) Close(ctx context.Context) error {
	err := r.Settle(ctx)
	r.cancel()
	<-r.done
	return err
}
