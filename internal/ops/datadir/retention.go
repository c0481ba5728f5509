package datadir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/storage/store"
)

// Forever is the Retention.Keep that removes no segment for its age.
const Forever time.Duration = -1

// Retention says how much of the journal is kept. Clicks are always kept until they
// are counted durably. Counts never expire.
type Retention struct {
	// Keep is the time that a segment is kept after its last click was written.
	Keep time.Duration
	// Max is the size of the journal, in bytes, from which on its oldest segments are
	// removed earlier; 0 is no bound. A warning is logged from alarmAt of it.
	Max int64
}

// segmentSize returns the maximum size of a segment, in bytes. With Max it is small, so that
// removing one is a small step. Shared counts keep the totals of a segment in memory.
func (r Retention) segmentSize(shared bool) int64 {
	most := int64(journal.DefaultSegmentSize)
	if shared {
		most = sharedSegment
	}
	if r.Max <= 0 {
		return most
	}
	return max(min(r.Max/segmentsOfMax, most), leastSegment)
}

const (
	// retainEvery is the interval at which the journal is trimmed. If a segment is full and
	// Retention.Max is reached, it is trimmed earlier: after soonest, or after
	// soonestParts times as long as the last time took, because it copies the counts.
	retainEvery  = time.Minute
	soonest      = 5 * time.Second
	soonestParts = 10
	// segmentsOfMax is the number of segments that share Retention.Max, unless they would have
	// less than leastSegment bytes.
	segmentsOfMax = 8
	leastSegment  = 64 << 10
	// sharedSegment is the maximum size of a segment whose clicks go to shared counts.
	sharedSegment = 16 << 20
	// alarmAt is the part of Retention.Max, in percent, from which a warning is logged,
	// and alarmEvery how often it is repeated.
	alarmAt    = 80
	alarmEvery = time.Hour
	// A segment ends when it is full, and after Keep / rotateParts, but at most after
	// rotateMost.
	rotateParts = 10
	rotateMost  = 24 * time.Hour
)

// retainer removes the oldest segments of the journal.
type retainer struct {
	dir *Dir
	Retention
	rotated time.Time
	last    alarm // the alarm that was logged last, and when
	alarmed time.Time
}

// alarm is how the size of the journal compares with Max, from good to bad.
type alarm int

const (
	small   alarm = iota
	near          // Max is almost reached
	reached       // segments are removed before Keep is over
	beyond        // segments that are not counted yet cannot be removed
)

// retain trims the journal again and again, until ctx ends.
func (d *Dir) retain(ctx context.Context) {
	k := &retainer{dir: d, Retention: d.retention, rotated: d.now()}
	for ctx.Err() == nil {
		began := time.Now()
		err := k.trim(ctx, d.now())
		pause := max(soonest, soonestParts*time.Since(began))
		if err != nil && ctx.Err() == nil {
			d.log.Error("old segments of the journal could not be removed, and take up space; footfall tries again in a minute: look at the disk", "error", err)
			pause = retainEvery
		}
		k.wait(ctx, pause, retainEvery)
	}
}

// wait waits for the longest time; only for the shortest if the journal exceeds Max.
func (k *retainer) wait(ctx context.Context, shortest, longest time.Duration) {
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

// size returns the size of the journal, in bytes.
func (k *retainer) size() (bytes int64) {
	for _, s := range k.dir.Journal.Segments() {
		bytes += s.Size
	}
	return bytes
}

// trim removes the segments that need not be kept at an instant.
func (k *retainer) trim(ctx context.Context, now time.Time) error {
	if err := k.dir.trimMu.Acquire(ctx, 1); err != nil {
		return err
	}
	defer k.dir.trimMu.Release(1)
	j := k.dir.Journal
	if k.Keep != Forever && now.Sub(k.rotated).Abs() >= min(k.Keep/rotateParts, rotateMost) {
		if err := j.Rotate(); err != nil {
			return err
		}
		k.rotated = now
	}
	counted, err := k.dir.Recorder.Counted()
	if err != nil {
		counted = min(counted, j.End()) // that was logged; what is counted may be removed
	}
	var size int64
	segments := j.Segments()
	for _, s := range segments {
		size += s.Size
	}
	had := size
	var before uint64
	for _, s := range segments[:len(segments)-1] { // the newest one stays, because it has the next position
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
	k.warn(had, size, now)
	if before == 0 {
		return nil
	}
	if k.Keep != 0 && k.dir.engines.Counts == Embedded { // otherwise nothing would rebuild from it
		if err := k.dir.checkpoint(ctx); err != nil {
			return err
		}
	}
	durable, err := k.durable(ctx, before)
	if k.dir.engines.Counts != Embedded && (errors.Is(err, click.ErrUnavailable) || errors.Is(err, store.ErrResume)) {
		return nil // the recorder logs that, and the next round tries again
	}
	if err != nil {
		return err
	}
	return j.Trim(min(before, durable))
}

// drops reports whether a segment may be removed from a journal of this many bytes.
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

// warn logs the alarm about a journal, with its bytes before and after a trim.
// A worse alarm than the last is logged at once, and the same once every alarmEvery.
func (k *retainer) warn(had, stay int64, now time.Time) {
	what := small
	switch {
	case k.Max <= 0:
	case stay > k.Max:
		what = beyond
	case had > k.Max:
		what = reached
	case had >= k.Max/100*alarmAt:
		what = near
	}
	if what <= k.last && now.Sub(k.alarmed).Abs() < alarmEvery {
		return
	}
	k.last, k.alarmed = what, now
	sizes := []any{"bytes", humanize.IBytes(uint64(had)), "journal_max", humanize.IBytes(uint64(k.Max))}
	switch what {
	case beyond:
		k.dir.log.Error("the journal is larger than --journal-max, because clicks that are not counted yet cannot be removed. Find out why counting lags, and make room", sizes...)
	case reached:
		k.dir.log.Warn("the journal has reached --journal-max. Its oldest clicks are removed before --journal-retention is over, so a rebuild needs a backup or the checkpoint. Raise --journal-max, or make a backup", sizes...)
	case near:
		k.dir.log.Warn("the journal is about to reach --journal-max. Its oldest clicks will be removed before --journal-retention is over, so a rebuild will need a backup or the checkpoint. Raise --journal-max, or make a backup", sizes...)
	}
}

// durable returns the position up to which the counts are durable. It syncs them first
// if that is less than least.
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
