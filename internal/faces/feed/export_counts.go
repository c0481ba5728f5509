package feed

import (
	"context"
	"encoding/json"
	"maps"
	"math"
	"slices"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
)

// slotCounts are the clicks of a link in a quarter-hour.
type slotCounts struct {
	clicks, bots uint64
	values       map[rollup.Facet]map[string]uint64 // of facets that are exported
}

// heldCells is the number of cells above which no further link is collected.
const heldCells = 1 << 17

// countsBuffer collects the cells of some links.
type countsBuffer struct {
	x     *Exporter
	order []rollup.Scope
	slots map[rollup.Scope]map[int64]*slotCounts
	cells int // in slots
}

// add takes a cell. The cells of a link follow each other.
func (b *countsBuffer) add(ctx context.Context, c *rollup.Cell) error {
	if len(b.order) == 0 || b.order[len(b.order)-1] != c.Scope {
		if len(b.order) == page || b.cells > heldCells {
			if err := b.flush(ctx); err != nil {
				return err
			}
		}
		if len(b.order) == 0 {
			b.slots = map[rollup.Scope]map[int64]*slotCounts{}
		}
		b.order = append(b.order, c.Scope)
		b.slots[c.Scope] = map[int64]*slotCounts{}
	}
	b.cells++
	slots := b.slots[c.Scope]
	s := slots[c.Slot]
	if s == nil {
		s = &slotCounts{values: map[rollup.Facet]map[string]uint64{}}
		slots[c.Slot] = s
	}
	switch c.Facet {
	case rollup.All:
		s.clicks += c.Clicks
		return nil
	case rollup.Bot:
		s.bots += c.Clicks
	}
	if s.values[c.Facet] == nil {
		s.values[c.Facet] = map[string]uint64{}
	}
	s.values[c.Facet][c.Value] += c.Clicks
	return nil
}

// flush writes the collected counts.
func (b *countsBuffer) flush(ctx context.Context) error {
	ids := make([]click.LinkID, len(b.order))
	for i, s := range b.order {
		ids[i] = s.Link
	}
	hashes, err := b.x.Links.Hashes(ctx, ids)
	if err != nil {
		return err
	}
	for i, scope := range b.order {
		if hashes[i] == "" {
			continue
		}
		slots := b.slots[scope]
		for _, ts := range slices.Sorted(maps.Keys(slots)) {
			slots[ts].lines(func(l countsLine) {
				l.Type, l.Hash, l.Aggregate, l.TS = "counts", hashes[i], scope.User == click.Nobody, ts
				b.x.line(l)
			})
		}
	}
	b.order, b.slots, b.cells = nil, nil, 0
	return b.x.err
}

// lines writes the counts in lines of at most maxClicks each. In each line, the clicks of
// an incomplete facet fit into those of the facet whose values it divides, so that an
// import can join them.
func (s *slotCounts) lines(line func(countsLine)) {
	names := map[rollup.Facet][]string{}
	for f, values := range s.values {
		names[f] = slices.Sorted(maps.Keys(values))
	}
	for s.clicks > 0 || s.bots > 0 {
		l := countsLine{Clicks: int(min(s.clicks, maxClicks))}
		l.Bots = int(min(s.bots, uint64(maxClicks-l.Clicks)))
		s.clicks -= uint64(l.Clicks)
		s.bots -= uint64(l.Bots)
		taken := map[rollup.Facet]map[string]int{rollup.All: {"": l.Clicks}, rollup.Bot: {"": l.Bots}}
		for _, e := range rollup.Exports() {
			of, in := rollup.All, func(string) string { return "" }
			if e.Bots {
				of = rollup.Bot
			}
			if whole, inWhole, _, ok := e.Missing(); ok {
				of, in = whole, inWhole
			}
			room := maps.Clone(taken[of])
			took := map[string]int{}
			names[e.Facet] = slices.DeleteFunc(names[e.Facet], func(v string) bool {
				n := int(min(s.values[e.Facet][v], uint64(room[in(v)]), math.MaxInt))
				if n > 0 {
					took[v] = n
					room[in(v)] -= n
					s.values[e.Facet][v] -= uint64(n)
				}
				return s.values[e.Facet][v] == 0
			})
			taken[e.Facet] = took
			l.share(e, took)
		}
		line(l)
	}
}

// shareOfFacet is the clicks of a line by the names of a facet.
type shareOfFacet struct {
	key    string
	clicks map[string]int
}

// share adds clicks by the values of a facet to the line. Bots of no family are left out.
func (l *countsLine) share(e rollup.Exported, values map[string]int) {
	s := shareOfFacet{e.Key, map[string]int{}}
	for v, n := range values {
		if v != "" || !e.Bots {
			s.clicks[e.Name(v)] += n
		}
	}
	if len(s.clicks) > 0 {
		l.Shares = append(l.Shares, s)
	}
}

// MarshalJSON adds the shares to the end of the object.
func (l countsLine) MarshalJSON() ([]byte, error) {
	type plain countsLine
	b, err := json.Marshal(plain(l))
	for _, s := range l.Shares {
		if err != nil {
			return nil, err
		}
		var clicks []byte
		clicks, err = json.Marshal(s.clicks)
		b = append(b[:len(b)-1], `,"`+s.key+`":`...)
		b = append(append(b, clicks...), '}')
	}
	return b, err
}
