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

// CheckCounts returns the number of findings about the counts themselves. It reads
// neither the sums of days nor the journal.
func CheckCounts(ctx context.Context, counts store.Proof) (wrong int, err error) {
	c, err := newCellCheck(ctx, counts, func(string) { wrong++ })
	if err == nil {
		err = store.EachCell(ctx, counts, c.part)
	}
	if err == nil {
		_, _, err = c.end(ctx, counts)
	}
	if errors.As(err, new(*store.CorruptError)) {
		return wrong + 1, nil
	}
	if err != nil {
		return wrong, fmt.Errorf("check counts: %w", err)
	}
	return wrong, nil
}

// cellCheck compares the sum of all cells with the ledger, and the facets of each
// scope with each other.
type cellCheck struct {
	ctx     context.Context
	report  func(string)
	ledger  rollup.Ledger // as it is stored
	parts   []*cellPart
	watched *meter.Stage
}

// cellPart is a part of the cells, whose scopes are in no other part.
type cellPart struct {
	of     *cellCheck
	sum    rollup.Ledger
	facets facetCheck
	cells  int
}

func newCellCheck(ctx context.Context, counts store.Proof, report func(string)) (*cellCheck, error) {
	ledger, err := counts.Ledger(ctx)
	if err != nil {
		return nil, err
	}
	all := uint64(0)
	for _, e := range ledger {
		all += e.Clicks
	}
	return &cellCheck{ctx: ctx, report: report, ledger: ledger, watched: meter.Begin(ctx, "counts", meter.Clicks, int64(all))}, nil
}

// part begins a part. It returns what is called with each of its cells; those of a scope come one after another.
func (c *cellCheck) part() func(*rollup.Cell) error {
	p := &cellPart{of: c}
	c.parts = append(c.parts, p)
	return p.add
}

func (p *cellPart) add(cell *rollup.Cell) error {
	if err := p.of.ctx.Err(); err != nil {
		return err
	}
	p.sum.Add(*cell)
	p.facets.add(cell)
	p.of.watched.Add(int64(cell.Clicks))
	p.cells++
	return nil
}

// end is called after all cells. It returns how many there were, and their clicks.
func (c *cellCheck) end(ctx context.Context, counts store.Proof) (cells int, clicks uint64, err error) {
	var sum rollup.Ledger
	var differ limited
	for _, p := range c.parts {
		p.facets.compare()
		differ.merge(&p.facets.differ)
		sum.AddLedger(&p.sum)
		cells += p.cells
	}
	differ.report(c.report, "counts: %d more quarter-hours differ in the same way")
	compare(&c.ledger, &sum, func(l rollup.Line, want, got rollup.Entry) {
		c.report(fmt.Sprintf("counts %s: the ledger has %d clicks (checksum %s), but the cells have %d (%s)", l, want.Clicks, want.Sum, got.Clicks, got.Sum))
	})
	if err := checkSums(ctx, counts, &c.ledger, c.report); err != nil {
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
