package storetest

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

func lawReplay(t *testing.T, c *counts) {
	one := batch(source, 0, 10, noon, at(0, 1, 2, france), at(5, 1, 2, germany))
	one.Marks = []store.Mark{{Input: [32]byte{7}, Offset: 3}}
	two := batch(source, 10, 20, noon, at(0, 1, 2, france))
	c.addBatch(t, one)
	c.addBatch(t, two)
	before := c.contents(t)
	for _, b := range []*store.Batch{one, two, batch(source, 5, 10, noon, at(0, 1, 2, france)), one} {
		if err := c.AddBatch(c.ctx, b); err != nil {
			t.Errorf("AddBatch of the counted batch %d to %d: %v", b.From, b.To, err)
		}
	}
	if got := c.contents(t); got != before {
		t.Errorf("batches that were counted before changed the store to %s, from %s", got, before)
	}
	if p, ok, err := c.Position(c.ctx, source); err != nil || !ok || p.Counted != 20 {
		t.Errorf("position %+v, %v, %v, want 20", p, ok, err)
	}
	c.agree(t)
}

// refused checks that a batch is refused and changes nothing.
func (c *counts) refused(t *testing.T, b *store.Batch, want error) {
	t.Helper()
	before := c.contents(t)
	b.Marks = []store.Mark{{Input: [32]byte{9}, Offset: 1}}
	if err := c.AddBatch(c.ctx, b); err == nil || want != nil && !errors.Is(err, want) {
		t.Errorf("AddBatch %d to %d: %v, want %v", b.From, b.To, err, want)
	}
	if got := c.contents(t); got != before {
		t.Errorf("a refused batch changed the store to %s, from %s", got, before)
	}
	c.agree(t)
}

func lawGap(t *testing.T, c *counts) {
	c.addClicks(t, at(0, 1, 2, france))
	c.refused(t, batch(source, 11, 20, noon, at(0, 1, 2, france)), store.ErrGap)
	c.addBatch(t, batch(source, 10, 20, noon, at(0, 1, 2, france)))
}

func lawOverlap(t *testing.T, c *counts) {
	c.addClicks(t, at(0, 1, 2, france))
	c.refused(t, batch(source, 9, 20, noon, at(0, 1, 2, france)), store.ErrOverlap)
	c.refused(t, batch(source, 0, 11, noon, at(0, 1, 2, france)), store.ErrOverlap)
	c.addBatch(t, batch(source, 10, 11, noon, at(0, 1, 2, france)))
}

func lawFailing(t *testing.T, c *counts) {
	c.addClicks(t, at(0, 1, 2, france))
	c.refused(t, batch(source, 20, 10, noon, at(0, 1, 2, france)), nil)
	stopped, stop := context.WithCancel(c.ctx)
	stop()
	if err := c.AddBatch(stopped, batch(source, 10, 20, noon, at(0, 1, 2, france))); !errors.Is(err, context.Canceled) {
		t.Errorf("AddBatch with a cancelled context: %v", err)
	}
	c.wantTotal(t, rollup.Scope{User: 1}, 1)
}

func lawJournals(t *testing.T, c *counts) {
	other := store.JournalID{2}
	if p, ok, err := c.Position(c.ctx, other); ok || err != nil || p != (store.Position{}) {
		t.Errorf("the position of an unknown journal is %+v, %v, %v", p, ok, err)
	}
	if all, err := c.Journals(c.ctx); err != nil || len(all) != 0 {
		t.Errorf("journals before the first batch: %v, %v", all, err)
	}
	c.addBatch(t, batch(other, 7, 8, 0, at(0, 1, 2, france)))
	c.addBatch(t, batch(source, 1000, 1010, 0, at(0, 1, 2, france)))
	if all, err := c.Journals(c.ctx); err != nil || !slices.Equal(all, []store.JournalID{source, other}) {
		t.Errorf("journals %v, %v, want both", all, err)
	}
	for s, want := range map[store.JournalID]uint64{source: 1010, other: 8} {
		if p, ok, err := c.Position(c.ctx, s); !ok || err != nil || p.Counted != want || p.Durable > p.Counted {
			t.Errorf("position %+v, %v, %v, want %d", p, ok, err, want)
		}
	}
	c.wantTotal(t, rollup.Scope{User: 1}, 2)
}

func lawSync(t *testing.T, c *counts) {
	if err := c.Sync(c.ctx); err != nil {
		t.Fatalf("Sync of nothing: %v", err)
	}
	for range 3 {
		c.addClicks(t, at(0, 1, 2, france))
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

func lawMarks(t *testing.T, c *counts) {
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
		c.addBatch(t, b)
	}
	want := []store.Mark{all[1], all[2], all[0], all[4]}
	if got, err := c.Marks(c.ctx, [32]byte{7}); err != nil || !slices.Equal(got, want) {
		t.Errorf("marks %+v, %v, want %+v", got, err, want)
	}
	// Again with other notes: the later mark replaces the earlier one.
	for _, notes := range []string{"\x00some", "others", ""} {
		want[2].Notes = notes
		b := batch(source, c.next, c.next+1, 0)
		b.Marks = want[2:3]
		c.addBatch(t, b)
		if got, err := c.Marks(c.ctx, [32]byte{7}); err != nil || !slices.Equal(got, want) {
			t.Errorf("after a mark with other notes: %+v, %v, want %+v", got, err, want)
		}
	}
	var each []store.Mark
	if err := c.EachMark(c.ctx, func(m store.Mark) error { each = append(each, m); return nil }); err != nil || !slices.Equal(each, append(slices.Clone(want), all[3])) {
		t.Errorf("the marks of all inputs: %+v, %v, want %+v and %+v", each, err, want, all[3])
	}
	stop := errors.New("stop")
	if err := c.EachMark(c.ctx, func(store.Mark) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("EachMark ended with %v, want the error of its function", err)
	}
	if got, err := c.Marks(c.ctx, [32]byte{6}); err != nil || len(got) != 0 {
		t.Errorf("marks of an unknown input: %+v, %v", got, err)
	}
}

func lawHighest(t *testing.T, c *counts) {
	want := func(user click.UserID, link click.LinkID) {
		t.Helper()
		if u, l, err := c.Highest(c.ctx); u != user || l != link || err != nil {
			t.Errorf("the highest ids are %d and %d (%v), want %d and %d", u, l, err, user, link)
		}
	}
	want(0, 0)
	c.addClicks(t, at(0, 3, 5, france))
	want(3, 5)
	c.addClicks(t, at(0, 2, 7, france))
	want(3, 7)
	if err := c.Delete(c.ctx, []rollup.Scope{{User: 3}}); err != nil {
		t.Fatalf("Delete: %v", err)
	}
	want(3, 7)
	c.addClicks(t, at(0, 9, 1, france))
	want(9, 7)
}

func lawDeleted(t *testing.T, c *counts) {
	const most = ^click.UserID(0)
	l, o := rollup.Scope{User: 1, Link: 2}, rollup.Scope{User: 1, Link: ^click.LinkID(0)}
	c.addClicks(t, at(0, 1, 2, france))
	for _, scopes := range [][]rollup.Scope{{o, l, o, {User: 2}, {User: 2, Link: 4}}, {l}, {{User: most}, {User: 1}, {User: 0}}} {
		if err := c.Delete(c.ctx, scopes); err != nil {
			t.Fatalf("Delete: %v", err)
		}
	}
	want := []rollup.Scope{{User: 0}, {User: 1}, l, o, {User: 2}, {User: 2, Link: 4}, {User: most}}
	if got, err := c.Deleted(c.ctx); err != nil || !slices.Equal(got, want) {
		t.Errorf("Deleted lists %v, %v; want %v", got, err, want)
	}
	if p, _, err := c.Position(c.ctx, source); err != nil || p.Counted != c.next {
		t.Errorf("after deletions the position is %+v, %v, want %d", p, err, c.next)
	}
}
