package rollup

import (
	"cmp"
	"math/bits"
	"slices"
	"strings"
)

// Cells returns the cells of all clicks, each key once, and empties the Fold. Those of
// quarter-hours ascend by scope, facet, UTC day, value and slot; those of minutes by hour,
// scope, facet, value and slot.
func (f *Fold) Cells() (ofQuarters, ofMinutes []Cell) {
	pieces := f.cells[quarters] != nil
	f.sum()
	ofQuarters, ofMinutes = f.cells[quarters], f.cells[minutes]
	f.cells = [2][]Cell{}
	if pieces {
		return mergeCells(quarters, ofQuarters), mergeCells(minutes, ofMinutes)
	}
	return ofQuarters, ofMinutes
}

// sum makes cells of the entries.
func (f *Fold) sum() {
	scopes := rank(f.scopes.list, compareScopes)
	facetValues := make([]ranked[string], len(f.values))
	most := 0 // values of a facet
	for i := range f.values {
		facetValues[i] = rank(f.values[i].texts.list, strings.Compare)
		most = max(most, len(facetValues[i].keys))
	}
	for grain := range f.entries {
		periods := rank(f.periods[grain].list, cmp.Compare)
		l := layoutOfEntries(grain, len(scopes.keys), len(periods.keys), most)
		entries := f.entries[grain]
		for i, e := range entries {
			facet := part(e, facetAt, facetBits)
			entries[i] = scopes.ranks[e>>scopeAt]<<l.scope | facet<<l.facet | periods.ranks[part(e, periodAt, periodBits)]<<l.period |
				facetValues[facet].ranks[part(e, valueAt, valueBits)]<<l.value | part(e, 0, slotBits)
		}
		entries, f.area = sortEntries(entries, f.area, l.bits)
		f.entries[grain] = entries[:0]
		different := 0
		for i, e := range entries {
			if i == 0 || e != entries[i-1] {
				different++
			}
		}
		cells := slices.Grow(f.cells[grain], different)
		for i, e := range entries {
			if i > 0 && e == entries[i-1] {
				cells[len(cells)-1].Clicks++
				continue
			}
			facet := Facet(part(e, l.facet, facetBits))
			start := periods.keys[part(e, l.period, l.periodBits)]
			cells = append(cells, Cell{Key{
				Scope: scopes.keys[part(e, l.scope, l.scopeBits)],
				Facet: facet,
				Slot:  start + int64(part(e, 0, slotBits))*grains[grain].slot,
				Value: facetValues[facet].keys[part(e, l.value, l.valueBits)],
			}, 1})
		}
		f.cells[grain] = cells
		f.periods[grain].empty()
	}
	f.scopes.empty()
	for i := range f.values {
		f.values[i].ids.empty()
		f.values[i].texts.empty()
	}
	f.clicks = 0
}

// ranked is keys in their order.
type ranked[K any] struct {
	keys  []K
	ranks []entry // of the keys by their numbers
}

// rank sorts keys, which are different and listed by their numbers.
func rank[K any](list []K, compare func(a, b K) int) ranked[K] {
	order := make([]uint32, len(list))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(a, b uint32) int { return compare(list[a], list[b]) })
	r := ranked[K]{make([]K, len(list)), make([]entry, len(list))}
	for i, number := range order {
		r.keys[i], r.ranks[number] = list[number], entry(i)
	}
	return r
}

// entryLayout says where the parts of an entry are once they are ranks, and how many bits it
// has.
type entryLayout struct {
	value, period, facet, scope, bits int
	valueBits, periodBits, scopeBits  int
}

// layoutOfEntries returns the layout in which the entries of a grain ascend as Cells says.
func layoutOfEntries(grain, scopes, periods, values int) entryLayout {
	l := entryLayout{valueBits: bitsOf(values), periodBits: bitsOf(periods), scopeBits: bitsOf(scopes)}
	l.value = slotBits
	at := l.value + l.valueBits
	if grain == quarters {
		l.period = at
		at += l.periodBits
	}
	l.facet = at
	l.scope = at + facetBits
	at = l.scope + l.scopeBits
	if grain == minutes {
		l.period = at
		at += l.periodBits
	}
	l.bits = at
	return l
}

// bitsOf is the number of bits of n different numbers from 0 on.
func bitsOf(n int) int { return bits.Len(uint(max(n, 1) - 1)) }

// part returns some bits of an entry.
func part(e entry, at, bits int) entry { return e >> at & (1<<bits - 1) }

// sortEntries sorts entries of a number of bits, digit by digit from the low end. It returns
// them, and an area to sort in next time.
func sortEntries(list, area []entry, bits int) (sorted, other []entry) {
	const digit = 11
	if len(list) < 1<<digit {
		slices.Sort(list)
		return list, area
	}
	if cap(area) < len(list) {
		area = make([]entry, len(list))
	}
	area = area[:len(list)]
	for at := 0; at < bits; at += digit {
		var next [1 << digit]uint32
		for _, e := range list {
			next[part(e, at, digit)]++
		}
		sum := uint32(0)
		for i, n := range next {
			next[i] = sum
			sum += n
		}
		for _, e := range list {
			d := part(e, at, digit)
			area[next[d]] = e
			next[d]++
		}
		list, area = area, list
	}
	return list, area
}

// mergeCells sorts cells of a grain, and adds up those of one key.
func mergeCells(grain int, cells []Cell) []Cell {
	slices.SortFunc(cells, func(a, b Cell) int { return compareKeys(grain, &a.Key, &b.Key) })
	merged := cells[:0]
	for _, c := range cells {
		if n := len(merged); n > 0 && merged[n-1].Key == c.Key {
			merged[n-1].Clicks += c.Clicks
			continue
		}
		merged = append(merged, c)
	}
	return merged
}

func compareKeys(grain int, a, b *Key) int {
	period := cmp.Compare(floor(a.Slot, grains[grain].period), floor(b.Slot, grains[grain].period))
	if grain == minutes && period != 0 {
		return period
	}
	return cmp.Or(compareScopes(a.Scope, b.Scope), cmp.Compare(a.Facet, b.Facet), period, strings.Compare(a.Value, b.Value), cmp.Compare(a.Slot, b.Slot))
}

func compareScopes(a, b Scope) int {
	return cmp.Or(cmp.Compare(a.User, b.User), cmp.Compare(a.Link, b.Link))
}

// empty forgets the keys.
func (n *numbers[K]) empty() {
	n.of.empty()
	clear(n.list)
	n.list, n.last = n.list[:0], 0
}

// numberMap is a map that is emptied after each use.
type numberMap[K comparable] struct {
	numbers map[K]uint32
	most    int // entries in earlier uses
}

// empty removes all entries. It keeps the memory, unless far fewer entries need it now: clearing
// a map takes as long as the map is large.
func (x *numberMap[K]) empty() {
	if x.most = max(x.most, len(x.numbers)); len(x.numbers) < x.most/16 {
		x.numbers, x.most = nil, 0
		return
	}
	clear(x.numbers)
}

func (x *numberMap[K]) set(k K, number uint32) {
	if x.numbers == nil {
		x.numbers = map[K]uint32{}
	}
	x.numbers[k] = number
}
