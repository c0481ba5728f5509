package storetest

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// noon is a moment that starts an hour.
var noon = time.Date(2024, time.February, 29, 12, 0, 0, 0, time.UTC).Unix()

var (
	france  = click.ParseCountry("FR")
	germany = click.ParseCountry("DE")
)

// at is a click so many seconds after noon.
func at(seconds int64, user click.UserID, link click.LinkID, c click.Country) click.Click {
	return click.Click{Time: 1000 * (noon + seconds), User: user, Link: link, Country: c}
}

func lawHighest(t *testing.T, c *clicks) {
	want := func(user click.UserID, link click.LinkID) {
		t.Helper()
		if u, l, err := c.Highest(c.ctx); u != user || l != link || err != nil {
			t.Errorf("the highest ids are %d and %d (%v), want %d and %d", u, l, err, user, link)
		}
	}
	want(0, 0)
	c.record(t, at(0, 3, 5, france))
	want(3, 5)
	c.record(t, at(0, 2, 7, france))
	want(3, 7)
	if err := c.Delete(c.ctx, []rollup.Scope{{User: 3}}); err != nil {
		t.Fatalf("Delete: %v", err)
	}
	want(3, 7)
	c.record(t, at(0, 9, 1, france))
	want(9, 7)
}

func lawReplay(t *testing.T, c *clicks) {
	one := batch(source, 0, 10, noon, at(0, 1, 2, france), at(5, 1, 2, germany))
	one.Marks = []store.Mark{{Input: [32]byte{7}, Offset: 3}}
	two := batch(source, 10, 20, noon, at(0, 1, 2, france))
	c.add(t, one)
	c.add(t, two)
	cells := c.dump(t)
	epochs, _ := c.Epochs(c.ctx, source)
	for _, b := range []*store.Batch{one, two, batch(source, 5, 10, noon, at(0, 1, 2, france)), one} {
		if err := c.Record(c.ctx, b); err != nil {
			t.Errorf("a batch from %d to %d, counted before: %v", b.From, b.To, err)
		}
	}
	if got := c.dump(t); !maps.Equal(got, cells) {
		t.Errorf("cells became %v, were %v", got, cells)
	}
	if got, _ := c.Epochs(c.ctx, source); !maps.Equal(got, epochs) {
		t.Errorf("epochs became %v, were %v", got, epochs)
	}
	if p, ok, err := c.Position(c.ctx, source); err != nil || !ok || p.Counted != 20 {
		t.Errorf("position %+v, %v, %v, want 20", p, ok, err)
	}
	minutes := c.counts(t, rollup.Scope{User: 1}, rollup.All, 0, noon, noon+60)
	if len(minutes) != 1 || minutes[0].Clicks != 3 {
		t.Errorf("minutes %v, want 3 clicks", minutes)
	}
	c.agree(t)
}

// refused checks that a batch is refused and leaves nothing behind.
func (c *clicks) refused(t *testing.T, b *store.Batch, want error) {
	t.Helper()
	cells := c.dump(t)
	before, known, _ := c.Position(c.ctx, b.Journal)
	b.Marks = []store.Mark{{Input: [32]byte{9}, Offset: 1}}
	if err := c.Record(c.ctx, b); err == nil || want != nil && !errors.Is(err, want) {
		t.Errorf("Record %d to %d: %v, want %v", b.From, b.To, err, want)
	}
	if got := c.dump(t); !maps.Equal(got, cells) {
		t.Errorf("cells became %v, were %v", got, cells)
	}
	if p, k, _ := c.Position(c.ctx, b.Journal); p.Counted != before.Counted || k != known {
		t.Errorf("position became %+v, was %+v", p, before)
	}
	if marks, _ := c.Marks(c.ctx, [32]byte{9}); len(marks) != 0 {
		t.Errorf("marks %v of a refused batch", marks)
	}
	c.agree(t)
}

func lawGap(t *testing.T, c *clicks) {
	c.record(t, at(0, 1, 2, france))
	c.refused(t, batch(source, 11, 20, noon, at(0, 1, 2, france)), store.ErrGap)
	c.add(t, batch(source, 10, 20, noon, at(0, 1, 2, france)))
}

func lawOverlap(t *testing.T, c *clicks) {
	c.record(t, at(0, 1, 2, france))
	c.refused(t, batch(source, 9, 20, noon, at(0, 1, 2, france)), store.ErrOverlap)
	c.refused(t, batch(source, 0, 11, noon, at(0, 1, 2, france)), store.ErrOverlap)
	c.add(t, batch(source, 10, 11, noon, at(0, 1, 2, france)))
}

func lawSources(t *testing.T, c *clicks) {
	other := store.JournalID{2}
	if p, ok, err := c.Position(c.ctx, other); ok || err != nil || p != (store.Position{}) {
		t.Errorf("the position of a source never seen is %+v, %v, %v", p, ok, err)
	}
	if all, err := c.Journals(c.ctx); err != nil || len(all) != 0 {
		t.Errorf("sources of nothing: %v, %v", all, err)
	}
	c.add(t, batch(other, 7, 8, 0, at(0, 1, 2, france)))
	c.add(t, batch(source, 1000, 1010, 0, at(0, 1, 2, france)))
	if all, err := c.Journals(c.ctx); err != nil || !slices.Equal(all, []store.JournalID{source, other}) {
		t.Errorf("sources %v, %v, want both", all, err)
	}
	for s, want := range map[store.JournalID]uint64{source: 1010, other: 8} {
		if p, ok, err := c.Position(c.ctx, s); !ok || err != nil || p.Counted != want || p.Durable > p.Counted {
			t.Errorf("position %+v, %v, %v, want %d", p, ok, err, want)
		}
	}
	if got := c.total(t, rollup.Scope{User: 1}); got != 2 {
		t.Errorf("%d clicks of two sources, want 2", got)
	}
}

func lawTogether(t *testing.T, c *clicks) {
	b := batch(source, 0, 10, noon, at(0, 1, 2, france), at(60, 1, 2, germany))
	b.Epoch = 5
	b.Marks = []store.Mark{{Input: [32]byte{7}, Offset: 3, Lines: 4, Clicks: 2, Skipped: 1, Rejected: 1, Inside: true, Prev: 2, Notes: "notes"}}
	c.add(t, b)
	want := map[rollup.Key]uint64{}
	for _, cell := range b.Cells {
		want[cell.Key] = cell.Clicks
	}
	if got := c.dump(t); !maps.Equal(got, want) {
		t.Errorf("cells %v, want %v", got, want)
	}
	if got := c.counts(t, rollup.Scope{User: 1}, rollup.Country, 0, noon+60, noon+120); len(got) != 1 || got[0].Value != "DE" {
		t.Errorf("second minute %v, want one click of DE", got)
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

func lawFailing(t *testing.T, c *clicks) {
	c.record(t, at(0, 1, 2, france))
	c.refused(t, batch(source, 20, 10, noon, at(0, 1, 2, france)), nil)
	stopped, stop := context.WithCancel(c.ctx)
	stop()
	if err := c.Record(stopped, batch(source, 10, 20, noon, at(0, 1, 2, france))); !errors.Is(err, context.Canceled) {
		t.Errorf("Record with a cancelled context: %v", err)
	}
	if got := c.total(t, rollup.Scope{User: 1}); got != 1 {
		t.Errorf("%d clicks, want 1", got)
	}
}

func lawSync(t *testing.T, c *clicks) {
	if err := c.Sync(c.ctx); err != nil {
		t.Fatalf("Sync of nothing: %v", err)
	}
	for range 3 {
		c.record(t, at(0, 1, 2, france))
		if p, _, err := c.Position(c.ctx, source); err != nil || p.Counted != c.next || p.Durable > p.Counted {
			t.Errorf("position %+v, %v, want counted %d", p, err, c.next)
		}
		if err := c.Sync(c.ctx); err != nil {
			t.Fatalf("Sync: %v", err)
		}
		if p, _, err := c.Position(c.ctx, source); err != nil || p.Counted != c.next || p.Durable != c.next {
			t.Errorf("position %+v, %v after Sync, want both %d", p, err, c.next)
		}
	}
}

func lawEpochs(t *testing.T, c *clicks) {
	var want [3]rollup.Ledger
	for i := range uint64(6) {
		b := batch(source, 10*i, 10*i+10, 0, at(int64(i)*900, 1, click.LinkID(i+1), france))
		b.Epoch = i / 2
		// What was journaled differs from what is counted where the cap on
		// referrers was applied.
		b.Journaled.Add(rollup.Cell{Key: rollup.Key{Scope: rollup.Scope{User: 9}, Facet: rollup.Referrer, Value: "x"}, Clicks: i + 1})
		want[i/2].AddLedger(&b.Journaled)
		c.add(t, b)
	}
	other := batch(store.JournalID{2}, 0, 10, 0, at(0, 1, 2, france))
	c.add(t, other)
	if err := c.Delete(c.ctx, []rollup.Scope{{User: 1}}); err != nil {
		t.Fatalf("Delete: %v", err)
	}
	got, err := c.Epochs(c.ctx, source)
	if err != nil || !reflect.DeepEqual(got, map[uint64]rollup.Ledger{0: want[0], 1: want[1], 2: want[2]}) {
		t.Errorf("epochs %v, %v, want %v", got, err, want)
	}
	if got, err := c.Epochs(c.ctx, store.JournalID{3}); err != nil || len(got) != 0 {
		t.Errorf("epochs of a source never seen: %v, %v", got, err)
	}
}

func lawMarks(t *testing.T, c *clicks) {
	all := []store.Mark{
		{Input: [32]byte{7}, Offset: 300, Digest: [32]byte{1}, Prev: 2, Lines: 9, Clicks: 8, Skipped: 1},
		{Input: [32]byte{7}, Offset: 2, Digest: [32]byte{9}, Lines: 1, Rejected: 1, Inside: true},
		{Input: [32]byte{7}, Offset: 300, Digest: [32]byte{0}, Prev: 2},
		{Input: [32]byte{8}, Offset: 1},
		{Input: [32]byte{7}, Offset: 1 << 40, Digest: [32]byte{5}, Prev: 300},
	}
	for i := range all {
		b := batch(source, c.next, c.next+1, 0)
		b.Marks = all[i : i+1]
		c.add(t, b)
	}
	want := []store.Mark{all[1], all[2], all[0], all[4]}
	if got, err := c.Marks(c.ctx, [32]byte{7}); err != nil || !slices.Equal(got, want) {
		t.Errorf("marks %+v, %v, want %+v", got, err, want)
	}
	// Again with other notes: the later one stands, and is one.
	for _, notes := range []string{"\x00some", "others", ""} {
		want[2].Notes = notes
		b := batch(source, c.next, c.next+1, 0)
		b.Marks = want[2:3]
		c.add(t, b)
		if got, err := c.Marks(c.ctx, [32]byte{7}); err != nil || !slices.Equal(got, want) {
			t.Errorf("marks of which one has other notes %+v, %v, want %+v", got, err, want)
		}
	}
	if got, err := c.Marks(c.ctx, [32]byte{6}); err != nil || len(got) != 0 {
		t.Errorf("marks of a source never seen: %+v, %v", got, err)
	}
}

// lawConcurrent has readers look while batches of a known shape are recorded.
func lawConcurrent(t *testing.T, c *clicks) {
	const batches, readers = 60, 3
	user := rollup.Scope{User: 1}
	done := make(chan struct{})
	var all sync.WaitGroup
	for range readers {
		all.Go(func() {
			var last uint64
			for {
				got, err := c.Counts(c.ctx, store.Query{Scope: user, Facet: rollup.Link, Edges: []int64{noon - 12*3600, noon + 36*3600}})
				if err != nil {
					t.Errorf("Counts: %v", err)
					return
				}
				// Each batch has one click of each of ten links.
				for _, n := range got {
					if n.Clicks != got[0].Clicks || len(got) != 10 {
						t.Errorf("links have %v: half of a batch", got)
						return
					}
				}
				if len(got) > 0 {
					if got[0].Clicks < last {
						t.Errorf("%d clicks after %d: counts went back", got[0].Clicks, last)
					}
					last = got[0].Clicks
				}
				if _, _, err := c.Position(c.ctx, source); err != nil {
					t.Errorf("Position: %v", err)
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for i := range batches {
		var clicks []click.Click
		for link := range 10 {
			clicks = append(clicks, at(int64((i*7+link)%96)*900, 1, click.LinkID(link+1), france))
		}
		c.record(t, clicks...)
		if i%20 == 10 {
			if err := c.Sync(c.ctx); err != nil {
				t.Errorf("Sync: %v", err)
			}
		}
	}
	close(done)
	all.Wait()
	if got := c.total(t, user); got != 10*batches {
		t.Errorf("%d clicks, want %d", got, 10*batches)
	}
	c.agree(t)
}
