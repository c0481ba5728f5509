package storetest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

func lawDelete(t *testing.T, c *counts) {
	const most = ^click.UserID(0)
	var all []click.Click
	for _, u := range []click.UserID{0, 1, 2, most - 1, most} {
		bot, referred := at(1, u, 1, france), at(900, u, ^click.LinkID(0), france)
		bot.Bot, referred.Referrer = true, "http://t.co/"
		all = append(all, at(0, u, 1, france), at(1, u, 2, france), bot, at(86400*40, u, 2, germany), referred)
	}
	c.addClicks(t, all...)
	for _, s := range []rollup.Scope{{User: 1, Link: 1}, {User: 1, Link: ^click.LinkID(0)}, {User: most, Link: ^click.LinkID(0)}, {User: 7}, {User: 1}, {User: most}, {User: 0}, {User: 1}} {
		if err := c.Delete(c.ctx, []rollup.Scope{s}); err != nil {
			t.Fatalf("Delete(%+v): %v", s, err)
		}
		all = slices.DeleteFunc(all, func(o click.Click) bool {
			return o.User == s.User && (s.Link == click.AllLinks || o.Link == s.Link)
		})
		want := map[rollup.Key]uint64{}
		for _, cell := range batch(source, 0, 0, 0, all...).Cells {
			want[cell.Key] = cell.Clicks
		}
		c.wantCells(t, fmt.Sprintf("after Delete(%+v)", s), want)
		c.wantTotal(t, s, 0)
		c.agree(t)
	}
	// Counting goes on, and so does the position.
	c.addClicks(t, at(0, 1, 1, france))
	c.wantTotal(t, rollup.Scope{User: 1}, 1)
	c.agree(t)
}

// lawDeleteCapped: if the cap replaced other referrers of the link than of the
// user, sums still agree.
func lawDeleteCapped(t *testing.T, c *counts) {
	u, l, o := rollup.Scope{User: 1}, rollup.Scope{User: 1, Link: 2}, rollup.Scope{User: 1, Link: 3}
	c.addCells(t,
		cell(u, rollup.All, 0, "", 9), cell(l, rollup.All, 0, "", 6), cell(o, rollup.All, 0, "", 3),
		cell(u, rollup.Referrer, 0, "a", 3), cell(u, rollup.Referrer, 0, "c", 4), cell(u, rollup.Referrer, 0, "other", 2),
		cell(l, rollup.Referrer, 0, "b", 1), cell(l, rollup.Referrer, 0, "c", 2), cell(l, rollup.Referrer, 0, "other", 3))
	if err := c.Delete(c.ctx, []rollup.Scope{l}); err != nil {
		t.Fatalf("Delete: %v", err)
	}
	// b from other, c from c, other from other and then from a.
	want(t, "referrers of the user", c.counts(t, u, rollup.Referrer, 0, noon, noon+900),
		store.Count{Interval: 0, Value: "a", Clicks: 1}, store.Count{Interval: 0, Value: "c", Clicks: 2})
	want(t, "the user", c.counts(t, u, rollup.All, 0, noon, noon+900), store.Count{Interval: 0, Clicks: 3})
	want(t, "the user's other link", c.counts(t, o, rollup.All, 0, noon, noon+900), store.Count{Interval: 0, Clicks: 3})
	if _, ok, err := c.First(c.ctx, l, rollup.All); ok || err != nil {
		t.Errorf("First of a deleted link: %v, %v", ok, err)
	}
	c.agree(t)
}

// lawDeleteTogether: links that are deleted together take from what earlier ones
// left, of a referrer and of the others.
func lawDeleteTogether(t *testing.T, c *counts) {
	u, l, o := rollup.Scope{User: 1}, rollup.Scope{User: 1, Link: 2}, rollup.Scope{User: 1, Link: 3}
	c.addCells(t,
		cell(u, rollup.All, 0, "", 6), cell(l, rollup.All, 0, "", 2), cell(o, rollup.All, 0, "", 3),
		cell(u, rollup.Referrer, 0, "a", 3), cell(u, rollup.Referrer, 0, "b", 2), cell(u, rollup.Referrer, 0, "other", 1),
		cell(l, rollup.Referrer, 0, "a", 2), cell(o, rollup.Referrer, 0, "a", 3))
	gone := []rollup.Scope{l, o, l, {User: 2}, {User: 2, Link: 4}}
	if err := c.Delete(c.ctx, gone); err != nil {
		t.Fatalf("Delete: %v", err)
	}
	// Two of a; then one of a, one of the others, one of b.
	want(t, "referrers of the user", c.counts(t, u, rollup.Referrer, 0, noon, noon+900), store.Count{Interval: 0, Value: "b", Clicks: 1})
	want(t, "the user", c.counts(t, u, rollup.All, 0, noon, noon+900), store.Count{Interval: 0, Clicks: 1})
	c.agree(t)
}
