package storetest

import (
	"reflect"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

func lawLedger(t *testing.T, c *counts) {
	c.agree(t)
	bot := at(0, 1, 2, france)
	bot.Bot = true
	ref := at(1, 1, 3, france)
	ref.Referrer = "https://example.org/"
	c.addClicks(t, at(0, 1, 2, france), bot, ref, at(86400*365, 5, 2, click.Country{}))
	c.agree(t)
	c.addClicks(t, at(0, 1, 2, france), bot, ref)
	c.agree(t)
	l, err := c.Ledger(c.ctx)
	people, bots := l.Entry(rollup.Line{Facet: rollup.All}).Clicks, l.Entry(rollup.Line{Facet: rollup.Bot}).Clicks
	if err != nil || people != 5 || bots != 2 {
		t.Errorf("the ledger has %d clicks of people and %d of bots (%v), want 5 and 2", people, bots, err)
	}
}

func lawEpochs(t *testing.T, c *counts) {
	var want [3]rollup.Ledger
	for i := range uint64(6) {
		b := batch(source, 10*i, 10*i+10, 0, at(int64(i)*900, 1, click.LinkID(i+1), france))
		b.Epoch = i / 2
		// Journaled differs from Cells after the cap.
		b.Journaled.Add(rollup.Cell{Key: rollup.Key{Scope: rollup.Scope{User: 9}, Facet: rollup.Referrer, Value: "x"}, Clicks: i + 1})
		want[i/2].AddLedger(&b.Journaled)
		c.addBatch(t, b)
	}
	other := batch(store.JournalID{2}, 0, 10, 0, at(0, 1, 2, france))
	c.addBatch(t, other)
	if err := c.Delete(c.ctx, []rollup.Scope{{User: 1}}); err != nil {
		t.Fatalf("Delete: %v", err)
	}
	got, err := c.Epochs(c.ctx, source)
	if err != nil || !reflect.DeepEqual(got, map[uint64]rollup.Ledger{0: want[0], 1: want[1], 2: want[2]}) {
		t.Errorf("epochs %v, %v, want %v", got, err, want)
	}
	if got, err := c.Epochs(c.ctx, store.JournalID{3}); err != nil || len(got) != 0 {
		t.Errorf("epochs of an unknown journal: %v, %v", got, err)
	}
}

func lawRemoved(t *testing.T, c *counts) {
	// One click of link 3 is late: its link was deleted before it was counted.
	b := batch(source, 0, 10, 0, at(0, 1, 2, france), at(0, 1, 3, france))
	late := batch(source, 0, 10, 0, at(60, 1, 3, germany))
	b.Late = late.Journaled
	b.Journaled.AddLedger(&b.Late)
	c.addBatch(t, b)
	if err := c.Delete(c.ctx, []rollup.Scope{{User: 1, Link: 3}}); err != nil {
		t.Fatalf("Delete: %v", err)
	}
	left := map[rollup.Key]uint64{}
	for _, cell := range batch(source, 0, 10, 0, at(0, 1, 2, france)).Cells {
		left[cell.Key] = cell.Clicks
	}
	c.wantCells(t, "after Delete", left)
	c.agree(t)

	sum, err := c.Ledger(c.ctx)
	if err != nil {
		t.Fatalf("Ledger: %v", err)
	}
	removed, err := c.Removed(c.ctx)
	if err != nil || removed.Total() != 2 {
		t.Errorf("%d clicks were removed (%v), want 2", removed.Total(), err)
	}
	sum.AddLedger(&removed)
	if journaled, err := c.Journaled(c.ctx); err != nil || journaled != sum || journaled != b.Journaled {
		t.Errorf("Journaled is %v (%v), want %v; Ledger and Removed add up to %v", journaled, err, b.Journaled, sum)
	}
}
