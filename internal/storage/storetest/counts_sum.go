package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
	"pgregory.net/rapid"
)

// sum asks for a sum, which must be answered.
func (c *counts) sum(t *testing.T, q store.Sum) (counts []store.Count) {
	t.Helper()
	if err := c.Sum(c.ctx, q, collect(&counts)); err != nil {
		t.Fatalf("Sum(%+v): %v", q, err)
	}
	return counts
}

func collect(counts *[]store.Count) func(store.Count) error {
	return func(n store.Count) error {
		n.Value = strings.Clone(n.Value)
		*counts = append(*counts, n)
		return nil
	}
}

// lawSum: thousands of values on several days and links, some in common.
func lawSum(t *testing.T, c *counts) {
	const values, days, links = 3000, 4, 3
	value := func(i int) string { return fmt.Sprintf("http://%s/%05d", strings.Repeat("x", i%100), i) }
	var all []rollup.Cell
	want := []map[string]uint64{{}, {}}
	for day := range days {
		for link := range links {
			s := rollup.Scope{User: 1, Link: click.LinkID(1 + 7*link)}
			for i := link; i < values; i += 1 + (day+link)%3 {
				n := uint64(1 + i%5 + day)
				all = append(all, cell(s, rollup.Referrer, int64(96*day), value(i), n))
				if day > 0 || link != 1 { // link 1 counts from the second day on
					want[day/2][value(i)] += n
				}
			}
		}
	}
	c.addCells(t, all...)
	q := store.Sum{Facet: rollup.Referrer, Edges: []int64{noon - 43200, noon + 86400 + 43200, noon + 7*86400}}
	for link := range links {
		p := store.Part{Scope: rollup.Scope{User: 1, Link: click.LinkID(1 + 7*link)}}
		if link == 1 {
			p.Since = noon + 900
		}
		q.Parts = append(q.Parts, p)
	}
	var sorted []store.Count
	for i := 1; i >= 0; i-- {
		for _, v := range slices.Sorted(maps.Keys(want[i])) {
			sorted = append(sorted, count(i, v, want[i][v]))
		}
	}
	if got := c.sum(t, q); !slices.Equal(got, sorted) {
		t.Errorf("a sum of %d cells of %d links: %s", len(all), links, firstDifference(got, sorted))
	}
}

func lawSumExpensive(t *testing.T, c *counts) {
	u := rollup.Scope{User: 1}
	var few, many []rollup.Cell
	for i := range 40_000 {
		n := cell(u, rollup.Referrer, 96*int64(i%2), fmt.Sprintf("%s%d", strings.Repeat("y", 40), i), 1)
		if many = append(many, n); i < 100 {
			n.Scope.User = 2
			few = append(few, n)
		}
	}
	c.addCells(t, append(few, many...)...)
	called := 0
	q := store.Sum{Facet: rollup.Referrer, Edges: []int64{noon, noon + 86400*9}, Expensive: func(context.Context) error { called++; return nil }}
	for user, want := range map[rollup.Scope]int{{User: 1}: 1, {User: 2}: 0} {
		q.Parts, called = []store.Part{{Scope: user}}, 0
		if c.sum(t, q); called != want {
			t.Errorf("a sum of user %d was called expensive %d times, want %d", user.User, called, want)
		}
	}
	full, q1 := errors.New("full"), q
	q1.Parts, q1.Expensive = []store.Part{{Scope: u}}, func(context.Context) error { return full }
	if err := c.Sum(c.ctx, q1, func(store.Count) error { return nil }); !errors.Is(err, full) {
		t.Errorf("a sum that Expensive refused: %v", err)
	}
	n := 0
	err := c.Sum(c.ctx, q, func(store.Count) error {
		if n++; n == 3 {
			return full
		}
		return nil
	})
	if !errors.Is(err, full) || n != 3 {
		t.Errorf("an error ended a sum after %d counts of 3: %v", n, err)
	}
	for _, edges := range [][]int64{nil, {noon}, {noon, noon - 900}, {noon, noon + 61}} {
		if err := c.Sum(c.ctx, store.Sum{Facet: rollup.All, Edges: edges}, func(store.Count) error { return nil }); err == nil {
			t.Errorf("edges %v are answered", edges)
		}
	}
}

// drawSum draws a sum of some of the scopes.
func drawSum(t *rapid.T) store.Sum {
	q := drawQuery(t)
	s := store.Sum{Facet: q.Facet, Edges: q.Edges}
	for _, scope := range rapid.SliceOfNDistinct(rapid.Custom(drawScope), 0, 4, rapid.ID).Draw(t, "scopes") {
		s.Parts = append(s.Parts, store.Part{Scope: scope, Since: rapid.SampledFrom([]int64{0, 0, noon, noon - 900, noon - 30*86400}).Draw(t, "since")})
	}
	return s
}
