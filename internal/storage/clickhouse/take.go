package clickhouse

import (
	"maps"
	"slices"
	"strings"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
)

// taking is what a deletion takes from the cells of a stretch of time.
type taking struct {
	cells map[rollup.Key]uint64 // the clicks that are left
	taken map[rollup.Key]uint64 // the clicks that were taken
}

// take takes up to n clicks of a cell, and returns the rest.
func (t *taking) take(k rollup.Key, n uint64) (rest uint64) {
	took := min(n, t.cells[k])
	if took > 0 {
		t.taken[k] += took
	}
	if t.cells[k] -= took; t.cells[k] == 0 {
		delete(t.cells, k)
	}
	return n - took
}

// scope takes all clicks of a scope. It takes those of a link from the user too, as store.Counting
// says.
func (t *taking) scope(s rollup.Scope) {
	var gone []rollup.Cell
	for k, n := range t.cells {
		if k.Scope.User == s.User && (s.Link == click.AllLinks || k.Scope.Link == s.Link) {
			gone = append(gone, rollup.Cell{Key: k, Clicks: n})
		}
	}
	slices.SortFunc(gone, func(a, b rollup.Cell) int { return strings.Compare(a.Value, b.Value) })
	for _, c := range gone {
		t.take(c.Key, c.Clicks)
	}
	if s.Link != click.AllLinks {
		t.fromUser(gone)
	}
}

// fromUser takes the clicks of a link, by ascending value, from its user.
func (t *taking) fromUser(gone []rollup.Cell) {
	type place struct {
		facet rollup.Facet
		slot  int64
	}
	var values map[place][]string // of capped facets of the user, ascending
	for _, c := range gone {
		user := c.Key
		user.Scope.Link = click.AllLinks
		rest := t.take(user, c.Clicks)
		switch {
		case c.Facet == rollup.All:
			user.Facet, user.Value = rollup.Link, rollup.LinkValue(c.Scope.Link)
			t.take(user, c.Clicks)
		case c.Facet.Capped() && rest > 0:
			other := user
			other.Value = c.Facet.Other(c.Value)
			rest = t.take(other, rest)
			if rest > 0 && values == nil {
				values = map[place][]string{}
				for _, k := range slices.SortedFunc(maps.Keys(t.cells), func(a, b rollup.Key) int { return strings.Compare(a.Value, b.Value) }) {
					if k.Scope == user.Scope && k.Facet.Capped() {
						at := place{k.Facet, k.Slot}
						values[at] = append(values[at], k.Value)
					}
				}
			}
			for _, v := range values[place{user.Facet, user.Slot}] {
				if rest == 0 {
					break
				}
				if user.Facet.Other(v) == other.Value {
					k := user
					k.Value = v
					rest = t.take(k, rest)
				}
			}
		}
	}
}
