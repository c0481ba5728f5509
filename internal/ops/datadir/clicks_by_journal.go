package datadir

import (
	"context"
	"errors"

	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/progress"
	"github.com/footfall/footfall/internal/storage/store"
)

// journals are the counts of each journal: a part of store.ClickCounts.
type journals interface {
	Journals(ctx context.Context) ([]store.JournalID, error)
	Epochs(ctx context.Context, journal store.JournalID) (map[uint64]rollup.Ledger, error)
}

// clicksByJournal is the number of clicks that were counted of each journal, including
// those that were deleted later.
type clicksByJournal map[store.JournalID]uint64

func countByJournal(ctx context.Context, counts journals) (clicksByJournal, error) {
	sources, err := counts.Journals(ctx)
	if err != nil {
		return nil, err
	}
	sums := clicksByJournal{}
	for _, s := range sources {
		epochs, err := counts.Epochs(ctx, s)
		if err != nil {
			return nil, err
		}
		for _, ledger := range epochs {
			sums[s] += ledger.Total()
		}
	}
	return sums, nil
}

// missingFrom returns the number of clicks that other counts lack.
func (c clicksByJournal) missingFrom(other clicksByJournal) (clicks uint64) {
	for s, n := range c {
		clicks += n - min(n, other[s])
	}
	return clicks
}

// currentClicks returns the clicks that are counted now, and nil if the counts cannot
// be read. It also adds the progress that these counts remember.
func (t *tracker) currentClicks(ctx context.Context, o Options) (sums clicksByJournal, err error) {
	counts, err := t.openCounts(ctx, o, progress.ID{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, counts.Close()) }()
	return countByJournal(ctx, counts)
}
