package datadir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/storage/store"
)

// Forever is a Retention.Keep that keeps every segment.
const Forever time.Duration = -1

// Retention says how much of the journal is kept. Of what is not counted, or
// not durably so, all is kept, whatever it says; and counts never expire.
type Retention struct {
	// Keep is for how long a segment is kept after its last click was written.
	Keep time.Duration
	// Max is how many bytes the journal may have before its oldest segments go
	// sooner; 0 is no bound. From alarmAt of it on, the log is told.
	Max int64
}

// segmentSize is how large a segment may grow, in bytes: with a bound, small
// enough that dropping one is a small step.
func (r Retention) segmentSize() int64 {
	if r.Max <= 0 {
		return journal.DefaultSegmentSize
	}
	return max(min(r.Max/segmentsOfMax, journal.DefaultSegmentSize), leastSegment)
}

const (
	// retainEvery is how often the journal is looked at, and soonest the time from
	// one look to another because a segment is full and Retention.Max is
	// reached. A look that took long is followed by a pause of soonestParts times
	// as long: it copies the counts.
	retainEvery  = time.Minute
	soonest      = 5 * time.Second
	soonestParts = 10
	// segmentsOfMax is how many segments Retention.Max has at least, unless they
	// had less than leastSegment bytes.
	segmentsOfMax = 8
	leastSegment  = 64 << 10
	// alarmAt of Retention.Max is when operators should hear of it, in percent,
	// and alarmEvery how often.
	alarmAt    = 80
	alarmEvery = time.Hour
	// Segments end when they are full, and after a part of Retention.Keep, but
	// rarely enough that there are not many.
	rotateParts = 10
	rotateMost  = 24 * time.Hour
)

// retainer drops the journal's oldest segments.
type retainer struct {
	dir *Dir
	Retention
	rotated time.Time
	told    alarm // what the log heard last, and when
	alarmed time.Time
}

// alarm is what there is to say of the journal's size, the worst last.
type alarm int

const (
	quiet alarm = iota
	near        // --journal-max
	reached
	beyond // for clicks are not counted
)

// retain looks at the journal now and then, until ctx ends.
func (d *Dir) retain(ctx context.Context) {
	k := &retainer{dir: d, Retention: d.retention, rotated: d.now()}
	for ctx.Err() == nil {
		began := time.Now()
		err := k.pass(ctx, d.now())
		least := max(soonest, soonestParts*time.Since(began))
		if err != nil && ctx.Err() == nil {
			d.log.Error("old segments of the journal could not be removed, and will be in a minute", "error", err)
			least = retainEvery
		}
		k.rest(ctx, least, retainEvery)
	}
}

// rest returns when the next look is due: after the longest time, or, once the
// shortest is over, when the journal has more bytes than it may.
func (k *retainer) rest(ctx context.Context, shortest, longest time.Duration) {
	early, late := time.NewTimer(shortest), time.NewTimer(max(shortest, longest))
	defer early.Stop()
	defer late.Stop()
	select {
	case <-early.C:
	case <-ctx.Done():
		return
	}
	for k.Max <= 0 || k.size() <= k.Max {
		select {
		case <-k.dir.rolled:
		case <-late.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// size is how many bytes the journal has.
func (k *retainer) size() (bytes int64) {
	for _, s := range k.dir.Journal.Segments() {
		bytes += s.Size
	}
	return bytes
}

// pass removes what need not be kept at an instant.
func (k *retainer) pass(ctx context.Context, now time.Time) error {
	if err := k.dir.trimMu.lock(ctx); err != nil {
		return err
	}
	defer k.dir.trimMu.unlock()
	j := k.dir.Journal
	if k.Keep != Forever && now.Sub(k.rotated).Abs() >= min(k.Keep/rotateParts, rotateMost) {
		if err := j.Rotate(); err != nil {
			return err
		}
		k.rotated = now
	}
	counted, err := k.dir.Recorder.Counted()
	if err != nil {
		counted = min(counted, j.End()) // the log has been told; what is counted may go
	}
	var size int64
	segments := j.Segments()
	for _, s := range segments {
		size += s.Size
	}
	had := size
	var before uint64
	for _, s := range segments[:len(segments)-1] { // the newest one stays, for positions to go on
		drop, err := k.drops(&s, size, now)
		if err != nil {
			return err
		}
		if !drop || s.End > counted {
			break
		}
		before = s.End
		size -= s.Size
	}
	k.tell(had, size, now)
	if before == 0 {
		return nil
	}
	if k.Keep != 0 { // else there is nothing to count again with it
		if err := k.dir.checkpoint(ctx); err != nil {
			return err
		}
	}
	durable, err := k.durable(ctx, before)
	if err != nil {
		return err
	}
	return j.Trim(min(before, durable))
}

// drops tells whether a segment may go, in a journal of so many bytes.
func (k *retainer) drops(s *journal.Segment, size int64, now time.Time) (bool, error) {
	if !s.Sealed {
		return false, nil
	}
	if k.Max > 0 && size > k.Max {
		return true, nil
	}
	if k.Keep == Forever {
		return false, nil
	}
	written, err := k.dir.Journal.Written(s.Base)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return now.Sub(written) >= k.Keep, err
}

// tell tells the log of a journal that had so many bytes, of which some stay:
// what is worse than before at once, else now and then.
func (k *retainer) tell(had, stay int64, now time.Time) {
	what := quiet
	switch {
	case k.Max <= 0:
	case stay > k.Max:
		what = beyond
	case had > k.Max:
		what = reached
	case had >= k.Max/100*alarmAt:
		what = near
	}
	if what <= k.told && now.Sub(k.alarmed).Abs() < alarmEvery {
		return
	}
	k.told, k.alarmed = what, now
	sizes := []any{"bytes", humanize.IBytes(uint64(had)), "journal_max", humanize.IBytes(uint64(k.Max))}
	switch what {
	case beyond:
		k.dir.log.Error("the journal is larger than --journal-max, for its clicks are not counted yet: see why counting lags, and give it room", sizes...)
	case reached:
		k.dir.log.Warn("the journal has reached --journal-max: its oldest clicks are removed before --journal-retention is over, and the counts cannot be rebuilt from before them; raise --journal-max, or take a backup", sizes...)
	case near:
		k.dir.log.Warn("the journal is about to reach --journal-max; then its oldest clicks are removed before --journal-retention is over, and the counts cannot be rebuilt from before them: raise --journal-max, or take a backup", sizes...)
	}
}

// durable is the position up to which what is counted survives a power cut; it
// makes it so where it must be at least so far.
func (k *retainer) durable(ctx context.Context, least uint64) (uint64, error) {
	for synced := false; ; synced = true {
		p, _, err := k.dir.Counts.Position(ctx, store.JournalID(k.dir.Journal.ID()))
		if err != nil || p.Durable >= least || synced {
			return p.Durable, err
		}
		if err := k.dir.Counts.Sync(ctx); err != nil {
			return 0, fmt.Errorf("make the counts durable: %w", err)
		}
	}
}
