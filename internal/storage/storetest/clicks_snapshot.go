package storetest

import (
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

func lawSnapshot(t *testing.T, c *clicks) {
	first := click.Click{Time: 1_360_000_000_000, User: 1, Link: 1, Country: click.Country{'U', 'S'}}
	model := new(MemoryClicks)
	b := batch(source, 0, 10, 0, first, first)
	c.add(t, b)
	if err := model.Record(c.ctx, b); err != nil {
		t.Fatal(err)
	}
	s, err := c.Snapshot(c.ctx)
	if err != nil {
		t.Fatal(err)
	}
	c.record(t, first, click.Click{Time: 1_000_000_000_000, User: 2, Link: 3})
	if err := c.Delete(c.ctx, []rollup.Scope{{User: 1, Link: 1}}); err != nil {
		t.Fatal(err)
	}
	if err := c.Sync(c.ctx); err != nil {
		t.Fatal(err)
	}
	if err := Same(s, model, source); err != nil {
		t.Errorf("the snapshot moved: %v", err)
	}
	q := store.Query{Scope: rollup.Scope{User: 1}, Facet: rollup.All, Edges: []int64{0, 1 << 21 * 900}}
	if got, err := s.Counts(c.ctx, q); err != nil || len(got) != 1 || got[0].Clicks != 2 {
		t.Errorf("the snapshot counts %v (%v), want 2", got, err)
	}
	if p, _, err := s.Position(c.ctx, source); err != nil || p.Counted != 10 || p.Durable > p.Counted {
		t.Errorf("the snapshot stands at %+v (%v), want 10", p, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if c.total(t, rollup.Scope{User: 1}) != 0 || c.total(t, rollup.Scope{User: 2}) != 1 {
		t.Error("the store stood still with its snapshot")
	}
}
