package storetest

import (
	"reflect"
	"slices"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

func lawTogether(t *testing.T, c *counts) {
	b := batch(source, 0, 10, noon, at(0, 1, 2, france), at(60, 1, 2, germany))
	b.Epoch = 5
	b.Marks = []store.Mark{{Input: [32]byte{7}, Offset: 3, Lines: 4, Clicks: 2, Skipped: 1, Rejected: 1, Inside: true, Prev: 2, Notes: "notes"}}
	c.addBatch(t, b)
	want := map[rollup.Key]uint64{}
	for _, cell := range b.Cells {
		want[cell.Key] = cell.Clicks
	}
	c.wantCells(t, "one batch", want)
	if got := c.counts(t, rollup.Scope{User: 1}, rollup.Country, 0, noon+60, noon+120); len(got) != 1 || got[0].Value != "DE" {
		t.Errorf("the second minute has %v, want one click of DE", got)
	}
	if got, err := c.Marks(c.ctx, [32]byte{7}); err != nil || !slices.Equal(got, b.Marks) {
		t.Errorf("marks %+v, %v, want %+v", got, err, b.Marks)
	}
	if got, err := c.Epochs(c.ctx, source); err != nil || !reflect.DeepEqual(got, map[uint64]rollup.Ledger{5: b.Journaled}) {
		t.Errorf("epochs %v, %v", got, err)
	}
	if p, ok, err := c.Position(c.ctx, source); p.Counted != 10 || !ok || err != nil {
		t.Errorf("position %+v, %v, %v", p, ok, err)
	}
	c.agree(t)
}

func lawSnapshot(t *testing.T, c *counts) {
	first := click.Click{Time: 1_360_000_000_000, User: 1, Link: 1, Country: click.Country{'U', 'S'}}
	model := new(MemoryCounts)
	b := batch(source, 0, 10, 0, first, first)
	c.addBatch(t, b)
	if err := model.AddBatch(c.ctx, b); err != nil {
		t.Fatal(err)
	}
	s, err := c.snapshot(c.ctx)
	if err != nil {
		t.Fatal(err)
	}
	c.addClicks(t, first, click.Click{Time: 1_000_000_000_000, User: 2, Link: 3})
	if err := c.Delete(c.ctx, []rollup.Scope{{User: 1, Link: 1}}); err != nil {
		t.Fatal(err)
	}
	if err := c.Sync(c.ctx); err != nil {
		t.Fatal(err)
	}
	if err := Same(s, model, source); err != nil {
		t.Errorf("the snapshot changed: %v", err)
	}
	q := store.Query{Scope: rollup.Scope{User: 1}, Facet: rollup.All, Edges: []int64{0, 1 << 21 * 900}}
	if got, err := s.Counts(c.ctx, q); err != nil || len(got) != 1 || got[0].Clicks != 2 {
		t.Errorf("the snapshot counts %v (%v), want 2", got, err)
	}
	if p, _, err := s.Position(c.ctx, source); err != nil || p.Counted != 10 || p.Durable > p.Counted {
		t.Errorf("the position of the snapshot is %+v (%v), want 10", p, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	c.wantTotal(t, rollup.Scope{User: 1}, 0)
	c.wantTotal(t, rollup.Scope{User: 2}, 1)
}
