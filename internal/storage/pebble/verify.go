package pebble

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/cockroachdb/pebble/v2"
	"github.com/footfall/footfall/internal/base/rollup"
)

// Verify implements store.Proof. It adds up the quarter-hours of each day, and reports
// every value whose day totals differ.
func (v *view) Verify(ctx context.Context, report func(string)) error {
	return v.calls.run("verify", func() error {
		return v.eachBlock(ctx, report, func(at block, want, have *totals) error {
			disagreements(at, want, have, report)
			return nil
		})
	})
}

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

// eachBlock calls f with the day totals of each block that is to have some: want, the sums
// of the quarter-hours, and have, the stored totals.
func (v *view) eachBlock(ctx context.Context, report func(string), f func(at block, want, have *totals) error) (err error) {
	quarters, err := newBlocks(ctx, v.r, grainQuarter, report)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, quarters.it.Close()) }()
	days, err := newBlocks(ctx, v.r, grainDay, report)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, days.it.Close()) }()

	var want, have totals
	var scope rollup.Scope
	clicks := map[uint16]uint64{} // of people, by month of the scope: All comes before other facets
	for quarters.ok || days.ok {
		at := quarters.at
		if !quarters.ok || days.ok && days.at.compare(at) < 0 {
			at = days.at
		}
		if at.scope != scope {
			scope = at.scope
			clear(clicks)
		}
		if !summed(at.facet) && clicks[at.month] < v.busy {
			if err := errors.Join(quarters.take(at, nil), days.take(at, nil)); err != nil {
				return err
			}
			continue
		}
		if err := errors.Join(quarters.take(at, &want), days.take(at, &have)); err != nil {
			return err
		}
		if at.facet == rollup.All {
			clicks[at.month] = want.sum()
		}
		if err := f(at, &want, &have); err != nil {
			return err
		}
	}
	return errors.Join(quarters.it.Error(), days.it.Error())
}

// totals is the clicks of a block by value and day.
type totals struct {
	at   map[string]int // of a value in days
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

// sum returns the clicks of all values and days, mod 2⁶⁴.
func (t *totals) sum() (n uint64) {
	for i := range t.days {
		for _, clicks := range t.days[i] {
			n += clicks
		}
	}
	return n
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

// disagreements reports the values whose day totals differ, each once.
func disagreements(at block, want, have *totals, report func(string)) {
	if want.equal(have) {
		return
	}
	values := maps.Clone(want.at)
	maps.Copy(values, have.at)
	for _, v := range slices.Sorted(maps.Keys(values)) {
		w, h := want.get(v), have.get(v)
		for d := range w {
			if w[d] != h[d] {
				report(fmt.Sprintf("%s: the day total of %s-%02d is %d clicks, but its quarter-hours add up to %d.",
					at.name(v), monthName(at.month), d+1, h[d], w[d]))
				break
			}
		}
	}
}

// name is the block and a value, for messages.
func (b block) name(value string) string {
	return fmt.Sprintf("user %d, link %d, facet %s, value %q, month %s",
		b.scope.User, b.scope.Link, b.facet, value, monthName(b.month))
}

// blocks reads one grain, block by block.
type blocks struct {
	ctx    context.Context
	it     *pebble.Iterator
	grain  byte
	report func(string)
	ok     bool
	at     block // of the current key
	day    uint8 // of the month, of a quarter-hour key
	key    periodKey
	unused [31]uint64 // the sums of blocks that nobody wants
}

func newBlocks(ctx context.Context, r pebble.Reader, grain byte, report func(string)) (*blocks, error) {
	it, err := r.NewIterWithContext(ctx, &pebble.IterOptions{LowerBound: []byte{grain}, UpperBound: []byte{grain + 1}})
	if err != nil {
		return nil, err
	}
	b := &blocks{ctx: ctx, it: it, grain: grain, report: report}
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
		b.at.month, b.day = month(k.period)
	}
	return nil
}

// take reads block at into totals, if it is the next one; else they are empty. Vectors that
// cannot be decoded are reported and left out. totals may be nil.
func (b *blocks) take(at block, totals *totals) error {
	if totals != nil {
		totals.empty()
	}
	for b.ok && b.at == at {
		if err := b.ctx.Err(); err != nil {
			return err
		}
		value, err := b.it.ValueAndErr()
		if err != nil {
			return err
		}
		t := &b.unused
		if totals != nil {
			t = totals.of(b.key.value)
		}
		err = eachSlot(value, slots(b.grain), func(slot int, clicks uint64) error {
			if b.grain == grainQuarter {
				slot = int(b.day)
			}
			t[slot] += clicks
			return nil
		})
		if err != nil {
			b.report(fmt.Sprintf("%s: %v.", at.name(string(b.key.value)), err))
		}
		if err := b.parse(b.it.Next()); err != nil {
			return err
		}
	}
	return nil
}

// Repair rewrites the sums of days that do not agree with the quarter-hours, which
// must have been verified. It returns how many months of a scope and facet it
// rewrote, also after an error.
func (s *Store) Repair(ctx context.Context) (months int, err error) {
	err = s.calls.run("repair", func() error {
		s.write.Lock()
		defer s.write.Unlock()
		months, err = s.repair(ctx)
		clear(s.months)
		return err
	})
	return months, err
}

func (s *Store) repair(ctx context.Context) (months int, err error) {
	err = s.eachBlock(ctx, func(string) {}, func(at block, want, have *totals) error {
		if want.equal(have) {
			return nil
		}
		months++
		return s.replaceMonth(at, want)
	})
	return months, err
}

// replaceMonth replaces the sums of a block.
func (s *Store) replaceMonth(at block, totals *totals) error {
	batch := s.db.NewBatch()
	defer batch.Close()
	prefix := appendPeriod(appendScope(nil, grainDay, at.scope, at.facet), at.month)
	if err := batch.DeleteRange(prefix, after(prefix), nil); err != nil {
		return err
	}
	if err := setDays(batch, prefix, totals); err != nil {
		return err
	}
	return s.apply(batch)
}
