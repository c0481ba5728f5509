package rollup

import "github.com/footfall/footfall/internal/base/click"

// Fold adds up clicks to cells of quarter-hours and of minutes: those that Each names, in a
// fraction of the time that a map of keys takes. The zero value is ready for use. It is not for
// concurrent use.
//
// Scopes, periods and values are numbered when they come first. A click then is some entries:
// 64 bits of these numbers. In the end the numbers are replaced by ranks, the entries are
// sorted as integers are, and equal ones are counted (fold_sum.go).
type Fold struct {
	scopes  numbers[Scope]
	periods [2]numbers[int64] // by grain: the starts of days and of hours
	values  []values          // by facet
	entries [2][]entry        // by grain
	area    []entry           // to sort in
	clicks  int               // in entries
	cells   [2][]Cell         // of entries that were summed before
}

// The grains of a Fold.
const (
	quarters = iota
	minutes
)

// grains has the lengths of a slot and of a period, in seconds.
var grains = [2]struct{ slot, period int64 }{quarters: {QuarterHour, Day}, minutes: {Minute, 3600}}

// entry is a click in a cell: from the high bits to the low ones the numbers of scope, facet,
// period and value, and the slot in the period.
type entry uint64

// There are enough bits for the numbers of mostClicks clicks: a click has two scopes, one
// period, and at most two values in a facet.
const (
	slotBits   = 7
	valueBits  = 18
	periodBits = 17
	facetBits  = 4

	valueAt  = slotBits
	periodAt = valueAt + valueBits
	facetAt  = periodAt + periodBits
	scopeAt  = facetAt + facetBits

	mostClicks = 1 << periodBits
)

// Add adds a click to the cells of quarter-hours, and to those of minutes if byMinute is set.
//
// replace is called with the key of each cell of quarter-hours whose facet is Capped, and
// returns the value under which the click counts instead, or false. nil replaces nothing.
func (f *Fold) Add(c *click.Click, byMinute bool, replace func(Key) (other string, ok bool)) {
	if f.clicks == mostClicks {
		f.sum()
	}
	f.clicks++
	for len(f.values) <= len(facets) {
		f.values = append(f.values, values{})
	}
	second := floor(c.Time, 1000) / 1000
	scopes := [2]Scope{{User: c.User}, {User: c.User, Link: c.Link}}
	numbers := [2]entry{entry(f.scopes.number(scopes[0])), entry(f.scopes.number(scopes[1]))}
	quarter := f.place(quarters, second)
	var minute entry
	if byMinute {
		minute = f.place(minutes, second)
	}
	for i := range facets {
		d := &facets[i]
		values := &f.values[d.Facet]
		number, counts := values.of(d, c)
		if !counts {
			continue
		}
		for level, scope := range scopes {
			if level > 0 && d.perUser {
				break
			}
			value := number
			if replace != nil && d.other != nil {
				k := Key{scope, d.Facet, floor(second, QuarterHour), values.texts.list[number]}
				if other, ok := replace(k); ok {
					value = values.texts.number(other)
				}
			}
			e := numbers[level]<<scopeAt | entry(d.Facet)<<facetAt | entry(value)<<valueAt
			f.entries[quarters] = append(f.entries[quarters], e|quarter)
			if byMinute && !d.quarters {
				f.entries[minutes] = append(f.entries[minutes], e|minute)
			}
		}
	}
}

// place returns the part of an entry that says when: its period, and the slot in it.
func (f *Fold) place(grain int, second int64) entry {
	start := floor(second, grains[grain].period)
	slot := (second - start) / grains[grain].slot
	return entry(f.periods[grain].number(start))<<periodAt | entry(slot)
}

// valueID tells the values of a facet apart without making their texts.
type valueID struct {
	number uint64
	a, b   string
}

// values numbers the values of a facet.
type values struct {
	ids   numberMap[valueID]
	texts numbers[string]
}

// of returns the number of the value under which a click counts; false if it does not count.
func (v *values) of(d *facet, c *click.Click) (uint32, bool) {
	if d.id == nil {
		text, counts := d.value(c)
		if !counts {
			return 0, false
		}
		return v.texts.number(text), true
	}
	id, counts := d.id(c)
	if !counts {
		return 0, false
	}
	n, ok := v.ids.numbers[id]
	if !ok {
		text, _ := d.value(c)
		n = v.texts.number(text)
		v.ids.set(id, n)
	}
	return n, true
}

// numbers numbers keys in the order in which they come first.
type numbers[K comparable] struct {
	of   numberMap[K]
	list []K
	last uint32 // the number that was asked for last
}

func (n *numbers[K]) number(k K) uint32 {
	if len(n.list) > 0 && n.list[n.last] == k {
		return n.last
	}
	number, ok := n.of.numbers[k]
	if !ok {
		number = uint32(len(n.list))
		n.of.set(k, number)
		n.list = append(n.list, k)
	}
	n.last = number
	return number
}
