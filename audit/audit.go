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

	"github.com/footfall/footfall/journal"
	"github.com/footfall/footfall/recorder"
	"github.com/footfall/footfall/rollup"
	"github.com/footfall/footfall/store"
)

// Check calls report with a sentence for each thing that is wrong, and returns
// a sentence that says what it looked at. The store may count on meanwhile.
func Check(ctx context.Context, clicks store.Clicks, j *journal.Journal, report func(string)) (summary string, err error) {
	snap, err := clicks.Snapshot(ctx)
	if err != nil {
		return "", fmt.Errorf("check: %w", err)
	}
	defer func() { err = errors.Join(err, snap.Close()) }()

	cells, total, err := checkCells(ctx, snap, report)
	if err != nil {
		return "", fmt.Errorf("check counts: %w", err)
	}
	if err := snap.Verify(ctx, report); err != nil {
		return "", fmt.Errorf("check sums: %w", err)
	}
	segments, err := checkJournal(ctx, snap, j, report)
	if err != nil {
		return "", fmt.Errorf("check journal: %w", err)
	}
	return fmt.Sprintf("%d clicks in %d cells and %d journal segments looked at", total, cells, segments), nil
}

// CheckCounts says how much is wrong with the counts themselves, without what
// is kept beside them and without the journal.
func CheckCounts(ctx context.Context, counts store.Reader) (wrong int, err error) {
	_, _, err = checkCells(ctx, counts, func(string) { wrong++ })
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
	for c, err := range snap.Cells(ctx) {
		if ctx.Err() != nil {
			return cells, 0, ctx.Err()
		}
		if err != nil {
			report(fmt.Sprintf("counts: what follows %d cells cannot be read: %v", cells, err))
			return cells, 0, nil
		}
		sum.Add(c)
		s.add(&c)
		cells++
	}
	s.end()
	compare(&ledger, &sum, func(l rollup.Line, want, got rollup.Entry) {
		report(fmt.Sprintf("counts %s: the ledger holds %d clicks (checksum %s), the cells %d (%s)", l, want.Clicks, want.Sum, got.Clicks, got.Sum))
	})
	if err := checkSums(ctx, snap, &ledger, report); err != nil {
		return cells, 0, err
	}
	for i, l := range rollup.Lines {
		if !l.PerLink && (l.Facet == rollup.All || l.Facet == rollup.Bot) {
			total += sum[i].Clicks
		}
	}
	return cells, total, nil
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

// checkJournal counts the kept segments again and compares them with what was
// counted of them.
func checkJournal(ctx context.Context, snap store.Reader, j *journal.Journal, report func(string)) (segments int, err error) {
	source := store.SourceID(j.ID())
	pos, found, err := snap.Position(ctx, source)
	if err != nil || !found {
		return 0, err
	}
	counted, err := snap.Epochs(ctx, source)
	if err != nil {
		return 0, err
	}
	for epoch, err := range recorder.Recount(ctx, j, pos.Counted) {
		var damage *journal.CorruptError
		if errors.As(err, &damage) {
			report(damage.Error())
			segments++
			continue
		}
		if err != nil {
			return segments, err
		}
		want := counted[epoch.Base]
		compare(&want, &epoch.Ledger, func(l rollup.Line, want, got rollup.Entry) {
			report(fmt.Sprintf("journal segment %d %s: %d clicks were counted of it (checksum %s), it holds %d (%s)", epoch.Base, l, want.Clicks, want.Sum, got.Clicks, got.Sum))
		})
		segments++
	}
	return segments, nil
}

func compare(want, got *rollup.Ledger, differ func(l rollup.Line, want, got rollup.Entry)) {
	for i, l := range rollup.Lines {
		if want[i] != got[i] {
			differ(l, want[i], got[i])
		}
	}
}
