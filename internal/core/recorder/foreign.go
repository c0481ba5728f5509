package recorder

import (
	"context"
	"fmt"
	"slices"

	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/journal"
)

// ForeignResult says what Foreign found in a journal.
type ForeignResult struct {
	// Clicks is the number of clicks that the journal keeps, those of deleted links and
	// users too, and Counted is how many of them were not durably counted before.
	Clicks, Counted uint64
	// Deleted are deleted links and users that have clicks in the journal. These clicks are
	// not in the counts.
	Deleted []rollup.Scope
}

// Foreign counts the journal of another server, which must never run again, in counts that
// both share, and makes that durable. It only reads the journal. What that server counted does not
// count twice, and after an error Foreign can be called again.
//
// It fails with ErrForeign if nothing of the journal is in the counts, unless Known is set; with
// journal.ErrCorrupt at a damaged record, after it has counted those before; and with
// click.ErrUnavailable.
func (r Replay) Foreign(ctx context.Context) (ForeignResult, error) {
	result, err := r.foreign(ctx)
	if err != nil {
		err = fmt.Errorf("recorder: count a journal of another server: %w", err)
	}
	return result, err
}

func (r Replay) foreign(ctx context.Context) (ForeignResult, error) {
	before, found, err := r.Counts.Position(ctx, r.Journal.ID())
	if err == nil && !found && !r.Known {
		_, err = checkForeign(ctx, r.Journal, r.Counts)
	}
	if err != nil {
		return ForeignResult{}, err
	}
	var result ForeignResult
	err = r.resuming(ctx, r.Journal.ID(), func(by *batcher) error {
		result = ForeignResult{}
		err := r.count(ctx, by, r.Journal.End())
		if err == nil {
			err = r.Counts.Sync(ctx)
		}
		if err == nil {
			err = r.deleteAgain(ctx, before.Counted, &result)
		}
		return err
	})
	return result, err
}

// deleteAgain fills the result, and carries out again the deletions of links and users that have
// clicks in the journal. Earlier deletions may have been made without these clicks, and the journal
// has no record of them. Later deletions find the clicks, because these are durable.
func (r Replay) deleteAgain(ctx context.Context, counted uint64, result *ForeignResult) error {
	deleted, err := r.Counts.Deleted(ctx)
	if err != nil {
		return err
	}
	hasClicks := map[rollup.Scope]bool{}
	for _, s := range deleted {
		hasClicks[s] = false
	}
	if err := result.scan(ctx, r.Journal, counted, hasClicks); err != nil {
		return err
	}
	for _, s := range deleted {
		if hasClicks[s] {
			result.Deleted = append(result.Deleted, s)
		}
	}
	for some := range slices.Chunk(result.Deleted, deletedPerRecord) {
		if err := r.Counts.Delete(ctx, some); err != nil {
			return err
		}
	}
	return nil
}

// scan counts the clicks of a journal, and those from a position on. It sets the scopes that
// have any.
func (f *ForeignResult) scan(ctx context.Context, j *journal.Contents, from uint64, scopes map[rollup.Scope]bool) error {
	var r record
	noText := func([]byte) string { return "" }
	for _, s := range j.Segments() {
		for rec, err := range j.Scan(s.Base) {
			if err == nil {
				err = ctx.Err()
			}
			if err == nil {
				err = r.decode(rec.Data, noText)
			}
			if err != nil {
				return err
			}
			f.Clicks += uint64(len(r.clicks))
			if rec.From >= from {
				f.Counted += uint64(len(r.clicks))
			}
			for i := range r.clicks {
				for _, scope := range scopesOf(&r.clicks[i]) {
					if _, ok := scopes[scope]; ok {
						scopes[scope] = true
					}
				}
			}
		}
	}
	return nil
}
