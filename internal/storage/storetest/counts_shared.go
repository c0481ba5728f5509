package storetest

import (
	"cmp"
	"slices"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// lawAdded: two journals add clicks of the same links, in two segments each, and a link is
// deleted. Another journal has other positions, so its epochs do not matter either.
func lawAdded(t *testing.T, c *counts) {
	other := store.JournalID{2}
	user, link := rollup.Scope{User: 1}, rollup.Scope{User: 1, Link: 2}
	add := func(journal store.JournalID, epoch, from uint64, deleted []rollup.Scope, all ...click.Click) {
		t.Helper()
		b := batch(journal, from, from+10, 0, all...)
		b.Epoch, b.Deleted = epoch, deleted
		c.addBatch(t, b)
	}
	referred := func(seconds int64, link click.LinkID, referrer click.Referrer) click.Click {
		k := at(seconds, 1, link, france)
		k.Referrer = referrer
		return k
	}
	bot := referred(5, 2, "http://bot/")
	bot.Bot = true
	add(source, 0, 0, nil, referred(0, 2, "http://a/"), referred(1, 3, "http://b/"), bot)
	add(source, 0, 10, nil, referred(2, 2, "http://a/"), referred(rollup.Day, 2, "http://tomorrow/"))
	add(other, 5, 5, nil, referred(0, 2, "http://x/"))
	if err := c.Delete(c.ctx, []rollup.Scope{{User: 1, Link: 3}, {User: 9}}); err != nil {
		t.Fatal(err)
	}
	add(source, 0, 20, []rollup.Scope{{User: 1, Link: 3}, {User: 9}})
	add(source, 30, 30, nil, referred(3, 2, "http://c/"))
	add(other, 5, 15, []rollup.Scope{{User: 7}}, referred(0, 2, "http://y/"))

	day := noon - noon%rollup.Day
	for _, w := range []struct {
		store.Earlier
		user, link uint64
		values     []string
		deleted    []rollup.Scope
	}{
		{store.Earlier{Journal: source, Before: 0}, 0, 0, nil, nil},
		{store.Earlier{Journal: source, Before: 30}, 3, 2, []string{"http://a/", "http://b/"}, []rollup.Scope{{User: 1, Link: 3}, {User: 9}}},
		{store.Earlier{Journal: source, Before: 40}, 4, 3, []string{"http://a/", "http://b/", "http://c/"}, []rollup.Scope{{User: 1, Link: 3}, {User: 9}}},
		{store.Earlier{Journal: other, Before: 5}, 0, 0, nil, nil},
		{store.Earlier{Journal: other, Before: 25}, 2, 2, []string{"http://x/", "http://y/"}, []rollup.Scope{{User: 7}}},
		{store.Earlier{Journal: store.JournalID{3}, Before: 99}, 0, 0, nil, nil},
	} {
		days := []store.ScopeDay{{Scope: link, Day: day}, {Scope: user, Day: day}, {Scope: user, Day: day + 7*rollup.Day}, {Scope: link, Day: day}}
		if got, err := c.DayClicks(c.ctx, w.Earlier, days); err != nil || !slices.Equal(got, []uint64{w.link, w.user, 0, w.link}) {
			t.Errorf("before %d, journal %x has the clicks %v (%v), want %d of the link and %d of the user", w.Before, w.Journal[:1], got, err, w.link, w.user)
		}
		values, err := c.DayValues(c.ctx, w.Earlier, store.ScopeDay{Scope: user, Day: day}, rollup.Referrer)
		if slices.Sort(values); err != nil || !slices.Equal(values, w.values) {
			t.Errorf("before %d, journal %x has the referrers %q (%v), want %q", w.Before, w.Journal[:1], values, err, w.values)
		}
		deleted, err := c.JournalDeleted(c.ctx, w.Earlier)
		slices.SortFunc(deleted, byUserAndLink)
		if err != nil || !slices.Equal(deleted, w.deleted) {
			t.Errorf("before %d, journal %x has the deleted scopes %v (%v), want %v", w.Before, w.Journal[:1], deleted, err, w.deleted)
		}
	}
	if got, err := c.DayClicks(c.ctx, store.Earlier{Journal: source, Before: 40}, nil); err != nil || len(got) > 0 {
		t.Errorf("no days have the clicks %v (%v)", got, err)
	}
}

func byUserAndLink(a, b rollup.Scope) int {
	return cmp.Or(cmp.Compare(a.User, b.User), cmp.Compare(a.Link, b.Link))
}

// lawDeletedInBatch: two journals have clicks of a link, and one records its deletion. A click that
// was counted before the record leaves the counts, and so does one in the same batch. The other
// link stays.
func lawDeletedInBatch(t *testing.T, c *counts) {
	other := store.JournalID{2}
	gone := rollup.Scope{User: 1, Link: 3}
	c.addBatch(t, batch(source, 0, 10, 0, at(0, 1, 2, france), at(1, 1, 3, france)))
	c.addBatch(t, batch(other, 0, 10, 0, at(0, 1, 3, france)))
	if err := c.Sync(c.ctx); err != nil {
		t.Fatal(err)
	}
	b := batch(source, 10, 20, 0, at(2, 1, 3, france))
	b.Deleted = []rollup.Scope{gone, {User: 9}}
	c.addBatch(t, b)
	c.addBatch(t, batch(source, 20, 30, 0, at(3, 1, 2, france)))
	for range 2 { // the second one changes nothing
		if err := c.Sync(c.ctx); err != nil {
			t.Fatal(err)
		}
		c.wantTotal(t, gone, 0)
		c.wantTotal(t, rollup.Scope{User: 1, Link: 2}, 2)
		c.wantTotal(t, rollup.Scope{User: 1}, 2)
	}
	if got, err := c.Deleted(c.ctx); err != nil || !slices.Equal(got, []rollup.Scope{gone, {User: 9}}) {
		t.Errorf("Deleted lists %v, %v", got, err)
	}
	if p, _, err := c.Position(c.ctx, source); err != nil || p != (store.Position{Counted: 30, Durable: 30}) {
		t.Errorf("the position is %+v, %v", p, err)
	}
}
