// Package audit proves that the data agree with each other: the counts with their
// ledger, the sums of days with the counts, and the segments of the journal with
// their counts.
//
// It refuses to repair anything; it reports differences.
package audit

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/dustin/go-humanize/english"

	"github.com/footfall/footfall/internal/base/inorder"
	"github.com/footfall/footfall/internal/base/meter"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/storage/store"
)

// Summary is the result of Check.
type Summary struct {
	Clicks   uint64 `json:"clicks"`
	Cells    int    `json:"cells"`
	Segments int    `json:"segments"` // of the journal
	// Shared says where the clicks of shared counts come from. Then the engine compared the
	// cells itself, and Cells is 0.
	Shared *Shared `json:"shared,omitempty"`
	Wrong  Wrong   `json:"wrong"`
	// Notes are sentences about parts that are missing for a known reason.
	Notes []string `json:"notes,omitempty"`
}

// Shared is the clicks that are in shared counts, as one server sees them. Own plus Others
// minus Deleted is Summary.Clicks.
type Shared struct {
	// Own were counted of the journal of this server.
	Own uint64 `json:"this_server"`
	// Others were counted of other journals, as far as every replica has them.
	Others uint64 `json:"other_servers"`
	// Deleted are clicks of deleted links and users. Own and Others have them too.
	Deleted uint64 `json:"deleted"`
}

// Wrong is the number of findings: about the counts, about the sums of days, about
// differences between journal and counts, and about damaged or missing parts of the
// journal.
type Wrong struct {
	Counts  int `json:"counts"`
	Days    int `json:"days"`
	Journal int `json:"journal"`
	Damage  int `json:"damage"`
}

func (s Summary) String() string {
	if s.Shared != nil {
		return fmt.Sprintf("%s (%d of this server, plus %d of others that every replica has, minus %d that were deleted) and %s of this server checked",
			plural(int(s.Clicks), "click"), s.Shared.Own, s.Shared.Others, s.Shared.Deleted, plural(s.Segments, "journal segment"))
	}
	return fmt.Sprintf("%s in %s and %s checked",
		plural(int(s.Clicks), "click"), plural(s.Cells, "cell"), plural(s.Segments, "journal segment"))
}

// Counts are the counts to check: a part of store.Snapshot.
type Counts interface {
	store.Proof
	Position(ctx context.Context, journal store.JournalID) (store.Position, bool, error)
	Journals(ctx context.Context) ([]store.JournalID, error)
}

// Snapshot is Counts that do not change, until they are closed.
type Snapshot interface {
	Counts
	Close() error
}

// Snapshotter takes snapshots: a part of store.ClickCounts.
type Snapshotter[S Snapshot] interface {
	Snapshot(ctx context.Context) (S, error)
}

func plural(n int, thing string) string {
	return fmt.Sprintf("%d %s", n, english.PluralWord(n, thing, ""))
}

// Check calls report with a sentence for each finding. Counting may go on
// meanwhile, but the journal must not be trimmed. j is nil if there is no journal.
func Check[S Snapshot](ctx context.Context, counts Snapshotter[S], j *journal.Contents, report func(string)) (s Summary, err error) {
	return check(ctx, counts, j, false, report)
}

// CheckShared is Check of counts that other servers add to from journals of their own.
// It lets the engine compare the cells with their sums, because they are too many
// to read, and checks the segments of this journal.
func CheckShared[S Snapshot](ctx context.Context, counts Snapshotter[S], j *journal.Contents, report func(string)) (s Summary, err error) {
	return check(ctx, counts, j, true, report)
}

func check[S Snapshot](ctx context.Context, counts Snapshotter[S], j *journal.Contents, shared bool, report func(string)) (s Summary, err error) {
	snap, err := counts.Snapshot(ctx)
	if err != nil {
		return s, fmt.Errorf("check: %w", err)
	}
	defer func() { err = errors.Join(err, snap.Close()) }()

	about := func(n *int) func(string) {
		return func(finding string) { *n++; report(finding) }
	}
	// A damaged file is one finding, and the rest is checked all the same.
	named := map[string]bool{}
	damage := func(what string) func(error) error {
		return func(err error) error {
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
	}
	parts := []inorder.Part{{
		Do: func(ctx context.Context, report func(string)) (err error) {
			if shared {
				if s.Shared, err = sharedClicks(ctx, snap, j); err == nil {
					s.Clicks, err = checkLedger(ctx, snap, report)
				}
				return err
			}
			s.Cells, s.Clicks, err = checkCells(ctx, snap, report)
			return err
		},
		Report: about(&s.Wrong.Counts), Done: damage("counts"),
	}, {
		Do: func(ctx context.Context, report func(string)) error {
			meter.Begin(ctx, "sums of days", meter.Clicks, 0)
			return snap.Verify(ctx, report)
		},
		Report: about(&s.Wrong.Days), Done: damage("sums"),
	}}
	if j != nil {
		c := &journalCheck{snap: snap, journal: j, shared: shared}
		parts = append(parts, inorder.Part{
			Do: c.run, Report: report,
			Done: func(err error) error {
				s.Segments, s.Notes, s.Wrong.Journal, s.Wrong.Damage = c.segments, c.notes, c.different, c.unreadable
				return damage("journal")(err)
			},
		})
	}
	err = inorder.Run(ctx, AtOnce(shared), parts...)
	return s, err
}

// AtOnce returns how many parts a check does at the same time: as many as there are processors,
// and one part of shared counts, because other servers need them.
func AtOnce(shared bool) int {
	if shared {
		return 1
	}
	return runtime.GOMAXPROCS(0)
}

// CheckCounts returns the number of findings about the counts themselves. It reads
// neither the sums of days nor the journal.
func CheckCounts(ctx context.Context, counts store.Proof) (wrong int, err error) {
	_, _, err = checkCells(ctx, counts, func(string) { wrong++ })
	if errors.As(err, new(*store.CorruptError)) {
		return wrong + 1, nil
	}
	if err != nil {
		return wrong, fmt.Errorf("check counts: %w", err)
	}
	return wrong, nil
}

// checkCells compares the sum of all cells with the ledger, and the facets of each
// scope with each other.
func checkCells(ctx context.Context, snap store.Proof, report func(string)) (cells int, total uint64, err error) {
	ledger, err := snap.Ledger(ctx)
	if err != nil {
		return 0, 0, err
	}
	var sum rollup.Ledger
	f := facetCheck{report: report}
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
		f.add(&c)
		watched.Add(int64(c.Clicks))
		cells++
	}
	f.end()
	compare(&ledger, &sum, func(l rollup.Line, want, got rollup.Entry) {
		report(fmt.Sprintf("counts %s: the ledger has %d clicks (checksum %s), but the cells have %d (%s)", l, want.Clicks, want.Sum, got.Clicks, got.Sum))
	})
	if err := checkSums(ctx, snap, &ledger, report); err != nil {
		return cells, 0, err
	}
	return cells, sum.Total(), nil
}

// sharedClicks returns whose clicks are in shared counts. j is the journal of this server, or nil.
func sharedClicks(ctx context.Context, snap store.Proof, j *journal.Contents) (*Shared, error) {
	all, err := snap.Journaled(ctx)
	if err != nil {
		return nil, err
	}
	removed, err := snap.Removed(ctx)
	if err != nil {
		return nil, err
	}
	s := &Shared{Others: all.Total(), Deleted: removed.Total()}
	if j == nil {
		return s, nil
	}
	epochs, err := snap.Epochs(ctx, j.ID())
	for _, l := range epochs {
		s.Own += l.Total()
	}
	s.Others -= min(s.Own, s.Others)
	return s, err
}

// checkLedger compares the ledger with what was counted and deleted, and returns its
// clicks.
func checkLedger(ctx context.Context, snap store.Proof, report func(string)) (total uint64, err error) {
	ledger, err := snap.Ledger(ctx)
	if err != nil {
		return 0, err
	}
	return ledger.Total(), checkSums(ctx, snap, &ledger, report)
}

// checkSums compares the counts, and what was deleted from them, with what was
// counted of all journals, including segments that were trimmed. The cap changes
// values, so of facets that it caps only the number of clicks is compared.
func checkSums(ctx context.Context, snap store.Proof, ledger *rollup.Ledger, report func(string)) error {
	journaled, err := snap.Journaled(ctx)
	if err != nil {
		return err
	}
	removed, err := snap.Removed(ctx)
	if err != nil {
		return err
	}
	removed.AddLedger(ledger)
	for i, l := range rollup.Lines() {
		if l.Facet.Capped() {
			journaled[i].Sum, removed[i].Sum = rollup.Sum{}, rollup.Sum{}
		}
	}
	compare(&journaled, &removed, func(l rollup.Line, want, got rollup.Entry) {
		report(fmt.Sprintf("counts %s: %d clicks were counted of the journal (checksum %s), but there are %d with what was deleted (%s)", l, want.Clicks, want.Sum, got.Clicks, got.Sum))
	})
	return nil
}

func compare(want, got *rollup.Ledger, differ func(l rollup.Line, want, got rollup.Entry)) {
	for i, l := range rollup.Lines() {
		if want[i] != got[i] {
			differ(l, want[i], got[i])
		}
	}
}
