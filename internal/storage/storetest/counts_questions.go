package storetest

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

func lawEdges(t *testing.T, c *counts) {
	u := rollup.Scope{User: 1}
	c.addClicks(t, at(-1, 1, 2, france), at(0, 1, 2, france), at(899, 1, 2, france), at(900, 1, 2, france))
	for _, q := range []struct {
		what  string
		edges []int64
		want  []store.Count
	}{
		{"the quarter-hour", []int64{noon, noon + 900}, []store.Count{count(0, "", 2)}},
		{"the one before", []int64{noon - 900, noon}, []store.Count{count(0, "", 1)}},
		{"three in a row", []int64{noon - 900, noon, noon + 900, noon + 1800}, []store.Count{count(2, "", 1), count(1, "", 2), count(0, "", 1)}},
		{"all of them", []int64{noon - 900, noon + 1800}, []store.Count{count(0, "", 4)}},
		{"none", []int64{noon + 1800, noon + 90000}, nil},
		{"before 1970", []int64{-90000, -900}, nil},
		{"all time", []int64{-900, 1 << 40 / 900 * 900}, []store.Count{count(0, "", 4)}},
	} {
		want(t, q.what, c.counts(t, u, rollup.All, 0, q.edges...), q.want...)
	}
	for _, edges := range [][]int64{nil, {noon}, {noon, noon - 900}} {
		if got, err := c.Counts(c.ctx, store.Query{Scope: u, Facet: rollup.All, Edges: edges}); err == nil {
			t.Errorf("edges %v are answered: %v", edges, got)
		}
	}
	want(t, "a user never seen", c.counts(t, rollup.Scope{User: 99}, rollup.All, 0, noon, noon+900))
}

func lawGrain(t *testing.T, c *counts) {
	c.addBatch(t, batch(source, 0, 10, noon, at(0, 1, 2, france)))
	for _, edges := range [][]int64{{noon + 1, noon + 900}, {noon, noon + 61}, {noon - 90, noon + 60}} {
		_, err := c.Counts(c.ctx, store.Query{Scope: rollup.Scope{User: 1}, Facet: rollup.All, Edges: edges})
		if !errors.Is(err, store.ErrGrain) {
			t.Errorf("edges noon%+d to noon%+d: %v, want ErrGrain", edges[0]-noon, edges[1]-noon, err)
		}
	}
	edges := []int64{noon, noon + 60}
	if _, err := c.Counts(c.ctx, store.Query{Scope: rollup.Scope{User: 1}, Facet: rollup.Agent, Edges: edges}); !errors.Is(err, store.ErrGrain) {
		t.Errorf("a minute by agent: %v, want ErrGrain", err)
	}
	err := c.Sum(c.ctx, store.Sum{Parts: []store.Part{{Scope: rollup.Scope{User: 1}}}, Facet: rollup.Place, Edges: edges}, func(store.Count) error { return nil })
	if !errors.Is(err, store.ErrGrain) {
		t.Errorf("a sum of a minute by place: %v, want ErrGrain", err)
	}
}

func lawMinutes(t *testing.T, c *counts) {
	u, l := rollup.Scope{User: 1}, rollup.Scope{User: 1, Link: 2}
	c.addBatch(t, batch(source, 0, 10, noon, at(0, 1, 2, france), at(59, 1, 2, france), at(60, 1, 2, germany), at(3600, 1, 2, france), at(7260, 1, 3, france)))
	want(t, "user", c.counts(t, u, rollup.All, 0, noon, noon+60, noon+120, noon+7320),
		store.Count{Interval: 2, Clicks: 2}, store.Count{Interval: 1, Clicks: 1}, store.Count{Interval: 0, Clicks: 2})
	want(t, "newest", c.counts(t, u, rollup.All, 1, noon, noon+60, noon+120, noon+180),
		store.Count{Interval: 1, Clicks: 1})
	want(t, "link by country", c.counts(t, l, rollup.Country, 0, noon, noon+3660),
		store.Count{Interval: 0, Value: "DE", Clicks: 1}, store.Count{Interval: 0, Value: "FR", Clicks: 3})
	want(t, "to the end of time", c.counts(t, l, rollup.All, 0, noon+60, 1<<40/900*900),
		store.Count{Interval: 0, Clicks: 2})

	// An hour later the first hour is dropped, and so are minutes of it that come
	// later.
	c.addBatch(t, batch(source, 10, 20, noon+3600, at(3600, 1, 2, france)))
	late := batch(store.JournalID{2}, 0, 10, noon, at(30, 1, 2, france), at(3600, 1, 2, france))
	late.MinutesFrom = noon + 3600
	c.addBatch(t, late)
	want(t, "both hours", c.counts(t, u, rollup.All, 0, noon, noon+3660, noon+7320),
		store.Count{Interval: 1, Clicks: 1}, store.Count{Interval: 0, Clicks: 3})
	c.wantTotal(t, u, 8)
	if err := c.Delete(c.ctx, []rollup.Scope{l}); err != nil {
		t.Fatalf("Delete: %v", err)
	}
	want(t, "minutes of a deleted link", c.counts(t, l, rollup.All, 0, noon+3600, noon+3660))
	want(t, "minutes of its user", c.counts(t, u, rollup.All, 0, noon+3600, noon+3660))
	want(t, "later minutes of its user", c.counts(t, u, rollup.All, 0, noon+7200, noon+7320), store.Count{Interval: 0, Clicks: 1})
	if err := c.Delete(c.ctx, []rollup.Scope{u}); err != nil {
		t.Fatalf("Delete: %v", err)
	}
	want(t, "minutes of a deleted user", c.counts(t, u, rollup.All, 0, noon+3600, noon+3660))
}

func lawMinutesBack(t *testing.T, c *counts) {
	u := rollup.Scope{User: 1}
	c.addBatch(t, batch(source, 0, 10, noon, at(30, 1, 2, france), at(9*3600, 1, 2, france)))
	c.addBatch(t, batch(source, 10, 20, noon+9*3600, at(9*3600, 1, 2, france)))
	c.addBatch(t, batch(source, 20, 30, noon-3600, at(-30, 1, 2, france), at(45, 1, 2, france), at(3600, 1, 2, france)))
	edges := []int64{noon - 60, noon, noon + 60, noon + 9*3600, noon + 9*3600 + 60}
	want(t, "after the clock was set back", c.counts(t, u, rollup.All, 0, edges...),
		count(3, "", 2), count(2, "", 1), count(1, "", 1), count(0, "", 1))
	c.addBatch(t, batch(source, 30, 40, noon))
	want(t, "an hour later", c.counts(t, u, rollup.All, 0, edges...), count(3, "", 2), count(2, "", 1), count(1, "", 1))
	c.addBatch(t, batch(source, 40, 50, 0))
	want(t, "with the clock at its start", c.counts(t, u, rollup.All, 0, edges...), count(3, "", 2), count(2, "", 1), count(1, "", 1))
	c.wantTotal(t, u, 6)
}

func lawOrder(t *testing.T, c *counts) {
	u := rollup.Scope{User: 1}
	for _, q := range []int64{0, 96 * 40, 5, 96} {
		c.addCells(t, cell(u, rollup.Referrer, q, "b", 1), cell(u, rollup.Referrer, q, "a\xff", 2), cell(u, rollup.Referrer, q, "", 3), cell(u, rollup.Referrer, q, "aé", 4), cell(u, rollup.Referrer, q, "a", 5))
	}
	var all []store.Count
	for _, i := range []int{3, 2, 0} {
		n := uint64(1)
		if i == 0 {
			n = 2
		}
		all = append(all, count(i, "", 3*n), count(i, "a", 5*n), count(i, "aé", 4*n), count(i, "a\xff", 2*n), count(i, "b", 1*n))
	}
	day := int64(86400)
	want(t, "sparse", c.counts(t, u, rollup.Referrer, 0, noon, noon+7200, noon+day, noon+2*day, noon+50*day), all...)
}

func lawNewest(t *testing.T, c *counts) {
	u := rollup.Scope{User: 1}
	var edges []int64
	for i := int64(0); i <= 400; i++ {
		edges = append(edges, noon+i*86400)
	}
	c.addCells(t, cell(u, rollup.Country, 96*399, "FR", 1), cell(u, rollup.Country, 96*399+95, "DE", 2),
		cell(u, rollup.Country, 96*300+1, "FR", 3), cell(u, rollup.Country, 96*5, "FR", 4), cell(u, rollup.Country, -1, "FR", 5),
		cell(u, rollup.Country, 96*400, "FR", 6))
	all := []store.Count{count(399, "DE", 2), count(399, "FR", 1), count(300, "FR", 3), count(5, "FR", 4)}
	for newest, n := range map[int]int{0: 4, 1: 2, 2: 3, 3: 4, 4: 4, 1000: 4} {
		want(t, "newest", c.counts(t, u, rollup.Country, newest, edges...), all[:n]...)
	}
	want(t, "an older window", c.counts(t, u, rollup.Country, 1, edges[:300]...), all[3])
}

func lawSums(t *testing.T, c *counts) {
	u := rollup.Scope{User: 1}
	// Clicks around the ends of days, months and years.
	var from, to int64 = noon - 70*86400, noon + 400*86400
	clicks := map[int64]uint64{}
	for i, s := 0, from/86400*86400; s < to; i, s = i+1, s+86400 {
		for _, q := range []int64{0, 1, 44, 95}[i%2 : 2+i%3] {
			clicks[s+900*q] = uint64(i*7+int(q))%50 + 1
		}
	}
	var cells []rollup.Cell
	for s, n := range clicks {
		for _, f := range []struct {
			facet rollup.Facet
			value string
		}{{rollup.All, ""}, {rollup.Country, "FR"}, {rollup.Country, "DE"}} {
			cells = append(cells, rollup.Cell{Key: rollup.Key{Scope: u, Facet: f.facet, Slot: s, Value: f.value}, Clicks: n})
		}
	}
	c.addCells(t, cells...)
	// Windows of everything, and from the middle of a month to that of another.
	for _, w := range [][2]int64{{from / 86400 * 86400, to}, {from/86400*86400 + 17*86400, to - 75*86400}} {
		for _, step := range []int64{900, 3600, 86400, 7 * 86400, 30 * 86400, 365 * 86400, w[1] - w[0]} {
			for _, shift := range []int64{0, 900, 5*3600 + 45*60, 12 * 3600, 86400 - 900} {
				edges := []int64{w[0] + shift}
				for edges[len(edges)-1] < w[1] {
					edges = append(edges, edges[len(edges)-1]+step)
				}
				sums := make([]uint64, len(edges))
				for s, n := range clicks {
					if i := s - edges[0]; i >= 0 && s < edges[len(edges)-1] {
						sums[i/step] += n
					}
				}
				c.sums(t, u, edges, sums)
			}
		}
	}
	c.agree(t)
}

// sums checks the clicks of intervals, in facet All and of each of two countries.
func (c *counts) sums(t *testing.T, s rollup.Scope, edges []int64, sums []uint64) {
	t.Helper()
	for facet, values := range map[rollup.Facet][]string{rollup.All: {""}, rollup.Country: {"DE", "FR"}} {
		var all []store.Count
		for i, n := range slices.Backward(sums) {
			for _, v := range values {
				if n > 0 {
					all = append(all, count(i, v, n))
				}
			}
		}
		if got := c.counts(t, s, facet, 0, edges...); !slices.Equal(got, all) {
			t.Errorf("by %s, intervals of %d s from second %d are not the sums of their quarter-hours: %s",
				facet, edges[1]-edges[0], edges[0], firstDifference(got, all))
		}
	}
}

func lawFirst(t *testing.T, c *counts) {
	u, l := rollup.Scope{User: 1}, rollup.Scope{User: 1, Link: 2}
	c.addCells(t, cell(u, rollup.Country, 7, "AA", 1), cell(u, rollup.Country, 3, "ZZ", 1), cell(u, rollup.Country, 900, "AA", 1),
		cell(u, rollup.All, 5, "", 1), cell(l, rollup.All, 9, "", 1), cell(u, rollup.Bot, 2, "", 0))
	for _, q := range []struct {
		scope    rollup.Scope
		facet    rollup.Facet
		quarters int64
		ok       bool
	}{{u, rollup.Country, 3, true}, {u, rollup.All, 5, true}, {l, rollup.All, 9, true}, {u, rollup.Bot, 0, false}, {l, rollup.Country, 0, false}, {rollup.Scope{User: 2}, rollup.All, 0, false}} {
		got, ok, err := c.First(c.ctx, q.scope, q.facet)
		if err != nil || ok != q.ok || ok && got != noon+900*q.quarters {
			t.Errorf("First(%+v, %s) = %d, %v, %v, want noon and %d quarters, %v", q.scope, q.facet, got, ok, err, q.quarters, q.ok)
		}
	}
}

func lawValues(t *testing.T, c *counts) {
	u := rollup.Scope{User: 1}
	values := []string{"", "\x00", "\x00\x00", "a", "a\x00", "a\x00b", "ab", "a\xff", "a\xff\xff", "b", "é", strings.Repeat("x", 511), strings.Repeat("x", 512), strings.Repeat("\xff", 512), "\xff"}
	slices.Sort(values)
	var cells []rollup.Cell
	var all, whole []store.Count
	for i, v := range values {
		n := uint64(i) + 1
		cells = append(cells, cell(u, rollup.Referrer, 0, v, n), cell(u, rollup.Referrer, 96*20, v, n<<40))
		all = append(all, store.Count{Interval: 0, Value: v, Clicks: n})
		whole = append(whole, store.Count{Interval: 0, Value: v, Clicks: n + n<<40})
	}
	c.addCells(t, cells...)
	want(t, "an hour", c.counts(t, u, rollup.Referrer, 0, noon, noon+3600), all...)
	want(t, "a month", c.counts(t, u, rollup.Referrer, 0, noon-86400, noon+86400*40), whole...)
	sums := map[rollup.Key]uint64{}
	for _, cell := range cells {
		sums[cell.Key] = cell.Clicks
	}
	c.wantCells(t, "values", sums)
	c.agree(t)
}

func lawNeighbours(t *testing.T, c *counts) {
	const most = ^uint64(0)
	var scopes []rollup.Scope
	for _, u := range []uint64{0, 1, 2, 255, 256, 257, most - 1, most} {
		for _, l := range []uint64{0, 1, 2, 255, 256, most} {
			scopes = append(scopes, rollup.Scope{User: click.UserID(u), Link: click.LinkID(l)})
		}
	}
	var cells []rollup.Cell
	for i, s := range scopes {
		for _, f := range rollup.Facets() {
			if !f.In(s) {
				continue
			}
			cells = append(cells, cell(s, f, int64(i%3)*96*31, "", uint64(10*i)+uint64(f)))
		}
	}
	c.addCells(t, cells...)
	for i, s := range scopes {
		for _, f := range rollup.Facets() {
			if !f.In(s) {
				continue
			}
			got := c.counts(t, s, f, 0, noon-86400*10, noon+86400*100)
			want(t, "scope", got, store.Count{Interval: 0, Clicks: uint64(10*i) + uint64(f)})
		}
	}
}

// lawConcurrent: readers ask while batches of a known shape are recorded.
func lawConcurrent(t *testing.T, c *counts) {
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
						t.Errorf("the links have %v, which is part of a batch", got)
						return
					}
				}
				if len(got) > 0 {
					if got[0].Clicks < last {
						t.Errorf("%d clicks after %d: the count became less", got[0].Clicks, last)
					}
					last = got[0].Clicks
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
		c.addClicks(t, clicks...)
		if i%20 == 10 {
			if err := c.Sync(c.ctx); err != nil {
				t.Errorf("Sync: %v", err)
			}
		}
	}
	close(done)
	all.Wait()
	c.wantTotal(t, user, 10*batches)
	c.agree(t)
}
