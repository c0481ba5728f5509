package recorder

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/storage/store"
)

// resume finds the position to count from. Everything that the journal lacks
// before its end must have been counted, or it fails with a journal.HoleError.
func resume(ctx context.Context, o Options) (uint64, error) {
	pos, found, err := o.Counts.Position(ctx, o.Journal.ID())
	if err == nil && !found && o.Shared == nil {
		err = begin(ctx, o)
	}
	if err == nil {
		err = missing(&o.Journal.Contents, pos.Counted)
	}
	return pos.Counted, err
}

// newReader returns a reader for counting from a position.
func newReader(o Options, pos uint64) (*journal.Reader, error) {
	return o.Journal.Reader(readFrom(&o.Journal.Contents, o.Shared != nil, pos))
}

// readFrom returns where to begin to read in order to count from a position. For shared counts this
// is the start of the segment, unless the segment ends at the position: the cap depends on all of
// the segment.
func readFrom(j *journal.Contents, shared bool, pos uint64) uint64 {
	for _, s := range j.Segments() {
		if shared && s.Base < pos && (pos < s.End || pos == s.End && !s.Sealed) {
			return s.Base
		}
	}
	return pos
}

// skipLost makes a journal that lost a tail go on after it: new clicks must not get the
// positions of clicks that were counted.
func skipLost(o Options, counted uint64) error {
	end := o.Journal.End()
	if counted <= end {
		return nil
	}
	o.Log.Warn("the journal lost a tail that was already counted; recording goes on after it. If the power was not cut and nothing was given up, a segment was removed or cut: find out what did it",
		"journal", end, "counted", counted)
	return o.Journal.SkipTo(counted)
}

// errCountedElsewhere says that clicks that this process recorded would not be counted.
var errCountedElsewhere = errors.New("the counts have clicks of this journal that it did not have when it was opened: another process counts a copy of it, or it lost its end while the counts were away")

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

// ErrForeign says that no click of this journal was counted, but some of others.
var ErrForeign = errors.New("this journal does not belong to these counts, and its clicks may be of other links")

// checkForeign returns the journals of which clicks were counted. It fails with
// ErrForeign if there are some, and this journal, of which no click was counted, has
// records.
func checkForeign(ctx context.Context, j *journal.Contents, counts Counts) ([]store.JournalID, error) {
	sources, err := counts.Journals(ctx)
	if err == nil && len(sources) > 0 && j.End() > 0 {
		err = ErrForeign
	}
	return sources, err
}

// begin makes a journal known to the store before anything of it is counted. It
// logs which other journals were counted.
func begin(ctx context.Context, o Options) error {
	sources, err := checkForeign(ctx, &o.Journal.Contents, o.Counts)
	if err != nil || o.Journal.End() > 0 {
		return err
	}
	if err := o.Counts.AddBatch(ctx, &store.Batch{Journal: o.Journal.ID()}); err != nil {
		return err
	}
	if err := o.Counts.Sync(ctx); err != nil {
		return err
	}
	for _, s := range sources {
		pos, _, posErr := o.Counts.Position(ctx, s)
		err = errors.Join(err, posErr)
		o.Log.Warn("the journal that was counted is gone, and a new one was made. The counts stay. If you did not empty journal/ on purpose, stop footfall and put the old journal back",
			"journal", hex.EncodeToString(s[:]), "counted", pos.Counted)
	}
	return err
}
