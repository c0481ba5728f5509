package pebble

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/cockroachdb/pebble/v2"
	"github.com/footfall/footfall/internal/base/rollup"
)

// block is a month of a scope and facet, the unit of comparison.
type block struct {
	scope rollup.Scope
	facet rollup.Facet
	month uint16
}

// compare orders blocks as the keys of both grains are ordered.
func (b block) compare(o block) int {
	a := row{user: uint64(b.scope.User), link: uint64(b.scope.Link), facet: b.facet, period: uint32(b.month)}
	return compare(grainDay)(a, row{user: uint64(o.scope.User), link: uint64(o.scope.Link), facet: o.facet, period: uint32(o.month)})
}

// name is the block and a value, for messages.
func (b block) name(value string) string {
	return fmt.Sprintf("user %d, link %d, facet %s, value %q, month %s",
		b.scope.User, b.scope.Link, b.facet, value, monthName(b.month))
}

// keys returns the first key that a block can have in a grain, and the first one after all of them.
func (b block) keys(grain byte) (lower, upper []byte) {
	scope := appendScope(nil, grain, b.scope, b.facet)
	from, to := int(b.month), int(b.month)+1
	if grain == grainQuarter {
		from, to = daysOfMonth(b.month)
	}
	lower = appendPeriod(slices.Clone(scope), uint16(from))
	if to > math.MaxUint16 {
		return lower, after(scope)
	}
	return lower, appendPeriod(scope, uint16(to))
}

// totals is the clicks of a block by value and day.
type totals struct {
	at   map[string]int // index in days, by value
	days [][31]uint64
}

// empty removes all values.
func (t *totals) empty() {
	if t.days = t.days[:0]; t.at == nil || len(t.at) > 1<<10 { // clearing a large map takes time for each block
		t.at = map[string]int{}
	}
	clear(t.at)
}

// of returns the days of a value, until the next value is added.
func (t *totals) of(value []byte) *[31]uint64 {
	at, ok := t.at[string(value)]
	if !ok {
		at = len(t.days)
		t.at[string(value)] = at
		t.days = append(t.days, [31]uint64{})
	}
	return &t.days[at]
}

// get returns the days of a value, which are empty if it has none.
func (t *totals) get(value string) [31]uint64 {
	if at, ok := t.at[value]; ok {
		return t.days[at]
	}
	return [31]uint64{}
}

// equal reports whether both have the same clicks under the same values.
func (t *totals) equal(o *totals) bool {
	if len(t.at) != len(o.at) {
		return false
	}
	for value, at := range t.at {
		other, ok := o.at[value]
		if !ok || t.days[at] != o.days[other] {
			return false
		}
	}
	return true
}

// blocks reads one grain, block by block.
type blocks struct {
	ctx   context.Context
	it    *pebble.Iterator
	grain byte
	each  func(*rollup.Cell) error // called with the cells of quarter-hours, if it is not nil
	ok    bool
	at    block     // of the current key
	key   periodKey // the current one
	day   uint8     // of the month, from 0; of quarter-hours alone
	days  monthCache
	hash  []byte // what a checksum is made of
	cell  rollup.Cell
	texts texts // of cells
}

// newBlocks reads the keys of a grain from lower to upper. The caller closes its iterator.
func newBlocks(ctx context.Context, r pebble.Reader, grain byte, lower, upper []byte) (*blocks, error) {
	it, err := r.NewIterWithContext(ctx, &pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return nil, err
	}
	b := &blocks{ctx: ctx, it: it, grain: grain}
	if err := b.parse(it.First()); err != nil {
		return nil, errors.Join(err, it.Close())
	}
	return b, nil
}

// parse parses the current key.
func (b *blocks) parse(ok bool) error {
	if b.ok = ok; !ok {
		return b.it.Error()
	}
	k, err := parsePeriodKey(b.it.Key())
	if err != nil {
		return err
	}
	b.key = k
	b.at = block{k.scope, k.facet, k.period}
	if b.grain == grainQuarter {
		b.at.month, b.day = b.days.of(k.period)
	}
	return nil
}

// monthCache remembers the month of a day, because days come many times one after another.
type monthCache struct {
	day, month uint16
	dayOfMonth uint8
	known      bool
}

// of returns what month returns.
func (m *monthCache) of(day uint16) (of uint16, dayOfMonth uint8) {
	if !m.known || m.day != day {
		m.month, m.dayOfMonth = month(day)
		m.day, m.known = day, true
	}
	return m.month, m.dayOfMonth
}

// checksum is equal for the quarter-hours of a block and their sums of days.
type checksum struct {
	sum     rollup.Sum
	clicks  uint64 // of all values and days, mod 2⁶⁴
	corrupt bool   // a vector cannot be decoded
}

// sum adds up block at, if it is the next one. If each is set, a vector of quarter-hours that cannot be decoded is an
// error; else the block is corrupt.
func (b *blocks) sum(at block, to *checksum) error {
	for b.ok && b.at == at {
		if err := b.ctx.Err(); err != nil {
			return err
		}
		value, err := b.it.ValueAndErr()
		if err != nil {
			return err
		}
		b.hash = append(append(b.hash[:0], 0), b.key.value...)
		if b.grain == grainQuarter {
			err = b.sumQuarters(value, to)
		} else {
			err = eachSlot(value, slots(b.grain), func(day int, clicks uint64) error {
				b.add(uint8(day), clicks, to)
				return nil
			})
		}
		switch {
		case err != nil && !isVector(err):
			return err
		case err != nil && b.each != nil:
			return fmt.Errorf("key %x: %w", b.it.Key(), err)
		case err != nil:
			to.corrupt = true
		}
		if err := b.parse(b.it.Next()); err != nil {
			return err
		}
	}
	return nil
}

// sumQuarters adds a vector of quarter-hours, and calls each with its cells.
func (b *blocks) sumQuarters(vector []byte, to *checksum) error {
	c := &b.cell
	if b.each != nil {
		c.Key = rollup.Key{Scope: b.key.scope, Facet: b.key.facet, Value: b.texts.add(b.key.value)}
	}
	sum := uint64(0)
	err := eachSlot(vector, slots(grainQuarter), func(slot int, clicks uint64) error {
		sum += clicks
		if b.each == nil {
			return nil
		}
		c.Slot, c.Clicks = slotStart(b.key.period, slot), clicks
		return b.each(c)
	})
	b.add(b.day, sum, to)
	return err
}

// add adds the clicks of a day.
func (b *blocks) add(day uint8, clicks uint64, to *checksum) {
	b.hash[0] = day
	to.sum.Add(b.hash, clicks)
	to.clicks += clicks
}

// take reads a block. Vectors that cannot be decoded are reported and left out.
func (v *view) take(ctx context.Context, grain byte, at block, report func(string), to *totals) (err error) {
	to.empty()
	lower, upper := at.keys(grain)
	b, err := newBlocks(ctx, v.r, grain, lower, upper)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.it.Close()) }()
	for b.ok {
		if err := ctx.Err(); err != nil {
			return err
		}
		value, err := b.it.ValueAndErr()
		if err != nil {
			return err
		}
		t := to.of(b.key.value)
		err = eachSlot(value, slots(grain), func(slot int, clicks uint64) error {
			if grain == grainQuarter {
				slot = int(b.day)
			}
			t[slot] += clicks
			return nil
		})
		if err != nil {
			report(fmt.Sprintf("%s: %v.", at.name(string(b.key.value)), err))
		}
		if err := b.parse(b.it.Next()); err != nil {
			return err
		}
	}
	return nil
}
