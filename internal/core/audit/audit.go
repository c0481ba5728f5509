// Package audit proves that what is kept agrees with itself: the counts with
// their ledger, the sums kept beside them, and the journal's segments with
// what was counted of them.
//
// It refuses to mend anything; it names what does not agree.
package audit

import (
	"context"
	"errors"
	"fmt"

	"github.com/footfall/footfall/internal/base/meter"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/storage/store"
)

// Summary is what Check looked at, and what it found.
type Summary struct {
	Clicks   uint64 `json:"clicks"`
	Cells    int    `json:"cells"`
	Segments int    `json:"segments"` // of the journal
	Wrong    Wrong  `json:"wrong"`
	// Notes are sentences about what is not there, and need not be.
	Notes []string `json:"notes,omitempty"`
}

// Wrong is how many findings there are about each part: the counts, the sums of
// days kept beside them, the journal with what was counted of it, and what is
// damaged or missing of the journal.
type Wrong struct {
	Counts  int `json:"counts"`
	Days    int `json:"days"`
	Journal int `json:"journal"`
	Damage  int `json:"damage"`
}

func (s Summary) String() string {
	return fmt.Sprintf("%d clicks in %d cells and %d journal segments looked at", s.Clicks, s.Cells, s.Segments)
}

// Check calls report with a sentence for each thing that is wrong. The store may
// count on meanwhile; nobody may trim the journal. j is nil where there is none.
func Check(ctx context.Context, clicks store.Clicks, j *journal.Contents, report func(string)) (s Summary, err error) {
	snap, err := clicks.Snapshot(ctx)
	if err != nil {
		return s, fmt.Errorf("check: %w", err)
	}
	defer func() { err = errors.Join(err, snap.Close()) }()

	about := func(n *int) func(string) {
		return func(finding string) { *n++; report(finding) }
	}
	// A file that is damaged is one finding, and what lies elsewhere is looked at
	// all the same.
	named := map[string]bool{}
	damage := func(what string, err error) error {
		var d *store.CorruptError
		switch {
		case err == nil:
			return nil
		case !errors.As(err, &d):
			return fmt.Errorf("check %s: %w", what, err)
		}
		if !named[d.File] {
			named[d.File] = true
			about(&s.Wrong.Counts)(d.Error())
		}
		return nil
	}
	s.Cells, s.Clicks, err = checkCells(ctx, snap, about(&s.Wrong.Counts))
	if err := damage("counts", err); err != nil {
		return s, err
	}
	meter.Begin(ctx, "sums of days", meter.Clicks, 0)
	if err := damage("sums", snap.Verify(ctx, about(&s.Wrong.Days))); err != nil {
		return s, err
	}
	if j == nil {
		return s, nil
	}
	c := &journalCheck{snap: snap, journal: j, differs: about(&s.Wrong.Journal), damaged: about(&s.Wrong.Damage)}
	err = c.run(ctx)
	s.Segments, s.Notes = c.segments, c.notes
	return s, damage("journal", err)
}

// CheckCounts says how much is wrong with the counts themselves, without what
// is kept beside them and without the journal.
func CheckCounts(ctx context.Context, counts store.Reader) (wrong int, err error) {
	_, _, err = checkCells(ctx, counts, func(string) { wrong++ })
	if errors.As(err, new(*store.CorruptError)) {
		return wrong + 1, nil
	}
	if err != nil {
		return wrong, fmt.Errorf("check counts: %w", err)
	}
	return wrong, nil
}

// checkCells adds up all cells and compares them with the ledger, and with each
// other.
func checkCells(ctx context.Context, snap store.Reader, report func(string)) (cells int, total uint64, err error) {
	ledger, err := snap.Ledger(ctx)
	if err != nil {
		return 0, 0, err
	}
	var sum rollup.Ledger
	s := scopes{report: report}
	all := uint64(0)
	for _, e := range ledger {
		all += e.Clicks
	}
	watched := meter.Begin(ctx, "counts", meter.Clicks, int64(all))
	for c, err := range snap.Cells(ctx) {
		if ctx.Err() != nil {
			return cells, 0, ctx.Err()
		}
		if err != nil {
			return cells, 0, err
		}
		sum.Add(c)
		s.add(&c)
		watched.Add(int64(c.Clicks))
		cells++
	}
	s.end()
	compare(&ledger, &sum, func(l rollup.Line, want, got rollup.Entry) {
		report(fmt.Sprintf("counts %s: the ledger holds %d clicks (checksum %s), the cells %d (%s)", l, want.Clicks, want.Sum, got.Clicks, got.Sum))
	})
	if err := checkSums(ctx, snap, &ledger, report); err != nil {
		return cells, 0, err
	}
	return cells, sum.Total(), nil
}

// checkSums compares what the counts hold, and what was removed from them, with
// what was counted of all journals, segments that are gone included. Referrers
// may have been capped on the way, and are compared by their number.
func checkSums(ctx context.Context, snap store.Reader, ledger *rollup.Ledger, report func(string)) error {
	journaled, err := snap.Journaled(ctx)
	if err != nil {
		return err
	}
	removed, err := snap.Removed(ctx)
	if err != nil {
		return err
	}
	removed.AddLedger(ledger)
	for i, l := range rollup.Lines {
		if l.Facet == rollup.Referrer {
			journaled[i].Sum, removed[i].Sum = rollup.Sum{}, rollup.Sum{}
		}
	}
	compare(&journaled, &removed, func(l rollup.Line, want, got rollup.Entry) {
		report(fmt.Sprintf("counts %s: %d clicks were counted of the journal (checksum %s), and there are, with what was deleted, %d (%s)", l, want.Clicks, want.Sum, got.Clicks, got.Sum))
	})
	return nil
}

func compare(want, got *rollup.Ledger, differ func(l rollup.Line, want, got rollup.Entry)) {
	for i, l := range rollup.Lines {
		if want[i] != got[i] {
			differ(l, want[i], got[i])
		}
	}
}
