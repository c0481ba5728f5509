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

// Wrong is the number of findings: about the counts, about the sums of days (of shared
// counts: about the cells in ClickHouse), about differences between journal and counts, and about damaged or missing parts of the
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

	r := &run{snap: snap, journal: j, shared: shared, report: report, named: map[string]bool{}}
	parts := []inorder.Part{r.cells()}
	if shared {
		parts = []inorder.Part{r.ledger(), r.engine()}
	}
	if j != nil {
		parts = append(parts, r.segments())
	}
	err = inorder.Run(ctx, AtOnce(shared), parts...)
	return r.summary, err
}

// run is one check.
type run struct {
	snap    Counts
	journal *journal.Contents // nil if there is none
	shared  bool
	report  func(string)
	named   map[string]bool // the damaged files that were reported
	summary Summary
}

// about returns a function that reports a finding and counts it in n, which is in the summary.
func (r *run) about(n *int) func(string) {
	return func(finding string) { *n++; r.report(finding) }
}

// damage reports a damaged file as one finding, and returns nil, so that the check goes on. It returns every other
// error.
func (r *run) damage(what string, err error) error {
	var d *store.CorruptError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &d):
		return fmt.Errorf("check %s: %w", what, err)
	}
	if !r.named[d.File] {
		r.named[d.File] = true
		r.about(&r.summary.Wrong.Counts)(d.Error())
	}
	return nil
}

// cells checks counts that only this server adds to. The engine reads the cells once for both: to compare them with
// their ledger and with each other, and to compare the sums of days with them.
func (r *run) cells() inorder.Part {
	s := &r.summary
	var days limited
	return inorder.Part{
		Do: func(ctx context.Context, report func(string)) error {
			c, err := newCellCheck(ctx, r.snap, report)
			if err != nil {
				return err
			}
			if err := r.snap.Verify(ctx, c.part, func(finding string) { days.addf("%s", finding) }); err != nil {
				return err
			}
			s.Cells, s.Clicks, err = c.end(ctx, r.snap)
			return err
		},
		Report: r.about(&s.Wrong.Counts),
		Done: func(err error) error {
			days.report(r.about(&s.Wrong.Days), "sums of days: %d more values differ")
			return r.damage("counts", err)
		},
	}
}

// ledger checks the ledger of shared counts.
func (r *run) ledger() inorder.Part {
	s := &r.summary
	return inorder.Part{
		Do: func(ctx context.Context, report func(string)) (err error) {
			if s.Shared, err = sharedClicks(ctx, r.snap, r.journal); err == nil {
				s.Clicks, err = checkLedger(ctx, r.snap, report)
			}
			return err
		},
		Report: r.about(&s.Wrong.Counts),
		Done:   func(err error) error { return r.damage("counts", err) },
	}
}

// engine lets the engine compare the cells of shared counts with the sums that it keeps of each journal. The cells are
// too many to read here.
func (r *run) engine() inorder.Part {
	return inorder.Part{
		Do: func(ctx context.Context, report func(string)) error {
			meter.Begin(ctx, "cells", meter.Clicks, 0)
			return r.snap.Verify(ctx, nil, report)
		},
		Report: r.about(&r.summary.Wrong.Days),
		Done:   func(err error) error { return r.damage("cells", err) },
	}
}

// segments checks the segments of the journal.
func (r *run) segments() inorder.Part {
	c := &journalCheck{snap: r.snap, journal: r.journal, shared: r.shared}
	return inorder.Part{
		Do: c.run, Report: r.report,
		Done: func(err error) error {
			s := &r.summary
			s.Segments, s.Notes, s.Wrong.Journal, s.Wrong.Damage = c.segments, c.notes, c.different, c.unreadable
			return r.damage("journal", err)
		},
	}
}

// AtOnce returns how many parts a check does at the same time: as many as there are processors,
// and one part of shared counts, because other servers need them.
func AtOnce(shared bool) int {
	if shared {
		return 1
	}
	return runtime.GOMAXPROCS(0)
}
