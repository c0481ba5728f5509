//go:build cluster

package clickhouse_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/clustertest"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// proof is what a snapshot proves.
type proof struct {
	cells                      string
	ledger, journaled, removed rollup.Ledger
	epochs                     map[uint64]rollup.Ledger
	position                   store.Position
	deleted                    []rollup.Scope
	user                       click.UserID
	link                       click.LinkID
}

func proofOf(t *testing.T, s store.Snapshot, other store.JournalID) string {
	t.Helper()
	ctx := t.Context()
	var p proof
	errs := make([]error, 9)
	cells := map[rollup.Key]uint64{}
	for cell, err := range s.Cells(ctx) {
		errs[0] = errors.Join(errs[0], err)
		cells[cell.Key] += cell.Clicks
	}
	p.cells = fmt.Sprint(cells)
	p.ledger, errs[1] = s.Ledger(ctx)
	p.journaled, errs[2] = s.Journaled(ctx)
	p.removed, errs[3] = s.Removed(ctx)
	p.epochs, errs[4] = s.Epochs(ctx, other)
	p.position, _, errs[5] = s.Position(ctx, other)
	p.deleted, errs[6] = s.Deleted(ctx)
	p.user, p.link, errs[7] = s.Highest(ctx)
	errs[8] = s.Verify(ctx, nil, func(fault string) { t.Error(fault) })
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	sum := p.removed
	sum.AddLedger(&p.ledger)
	if sum != p.journaled {
		t.Errorf("the ledger and what was removed are not what was journaled: %v, %v, %v", p.ledger, p.removed, p.journaled)
	}
	return fmt.Sprintf("%+v", p)
}

// testSnapshotBesideServer: what a snapshot proves does not change while another server makes
// epochs whole and deletes.
func testSnapshotBesideServer(t *testing.T, c *clustertest.Cluster) {
	ctx, rnd := t.Context(), seedtest.Rand(t)
	address := c.Database(t)
	one, two := openAt(t, address, "one"), openAt(t, address, "two")
	mine, others := drawJournal(rnd, store.JournalID{1}, 3), drawJournal(rnd, store.JournalID{2}, 2*segmentBatches+2)
	add(t, one, mine...)
	add(t, two, others[:2]...)
	if err := two.Sync(ctx); err != nil {
		t.Fatal(err)
	}
	one.Hurry()
	snap, err := one.Snapshot(ctx)
	if err != nil {
		t.Fatal(err)
	}
	before := proofOf(t, snap, store.JournalID{2})
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"counted", func() error { add(t, two, others[2:5]...); return nil }},
		{"made that durable", func() error { return two.Sync(ctx) }},
		{"counted two segments", func() error { add(t, two, others[5:]...); return two.Sync(ctx) }},
		{"deleted", func() error { return two.Delete(ctx, []rollup.Scope{{User: 1}}) }},
	} {
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		one.Hurry()
		if now := proofOf(t, snap, store.JournalID{2}); now != before {
			t.Errorf("after another server has %s, the snapshot is\n%s, before:\n%s", step.what, now, before)
		}
	}
	if err := snap.Close(); err != nil {
		t.Error(err)
	}
	if snap, err = one.Snapshot(ctx); err != nil {
		t.Fatal(err)
	}
	if now := proofOf(t, snap, store.JournalID{2}); now == before {
		t.Error("a later snapshot is the same")
	}
	if err := snap.Close(); err != nil {
		t.Error(err)
	}
}
