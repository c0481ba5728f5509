package pebble

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/cockroachdb/pebble/v2"
	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
)

// row is a cell on its way into a vector: one slot of one key. It is small, because
// a batch may have a million.
type row struct {
	user, link uint64
	value      string
	clicks     uint64
	period     uint32
	facet      rollup.Facet
	slot       uint8
}

// sorted is rows of one grain in the order of their keys and slots. Several rows
// may have the same key and slot.
type sorted struct {
	grain byte
	list  []row
}

// sortRows sorts rows in place.
func sortRows(grain byte, rows []row) sorted {
	slices.SortFunc(rows, compare(grain))
	return sorted{grain, rows}
}

// rowsOf makes rows of cells. Cells without clicks are left out.
func rowsOf(grain byte, cells []rollup.Cell) (sorted, error) {
	length, step := int64(rollup.Day), int64(rollup.QuarterHour)
	last := int64(math.MaxUint16)
	if grain == grainMinute {
		length, step, last = hour, rollup.Minute, math.MaxUint32
	}
	out := make([]row, 0, len(cells))
	for i := range cells {
		c := &cells[i]
		if c.Slot < 0 || c.Slot%step != 0 || c.Slot/length > last {
			return sorted{}, fmt.Errorf("a cell starts at second %d, which is not the start of a slot of %d s", c.Slot, step)
		}
		if !c.Facet.In(c.Scope) {
			return sorted{}, fmt.Errorf("facet %s has no cells of links, and a cell has link %d", c.Facet, c.Scope.Link)
		}
		if c.Clicks == 0 {
			continue
		}
		out = append(out, row{
			user: uint64(c.Scope.User), link: uint64(c.Scope.Link), facet: c.Facet,
			period: uint32(c.Slot / length), slot: uint8(c.Slot % length / step),
			value: c.Value, clicks: c.Clicks,
		})
	}
	return sortRows(grain, out), nil
}

// dayRows makes the rows of day totals. Rows of one key are adjacent in quarters. Within the
// rows of a month, which are few as a rule, only the order of values and days differs.
func dayRows(quarters sorted) sorted {
	out := make([]row, 0, len(quarters.list))
	byMonth := compare(grainDay)
	first := 0 // of the rows of the month
	var day uint32
	var m uint16
	var in uint8
	for i := range quarters.list {
		q := &quarters.list[i]
		if i == 0 || q.period != day {
			day = q.period
			m, in = month(uint16(day))
		}
		if n := len(out) - 1; i > 0 && q.sameKey(&quarters.list[i-1]) {
			out[n].clicks += q.clicks
			continue
		}
		d := *q
		d.period, d.slot = uint32(m), in
		if first < len(out) && !d.sameMonth(&out[first]) {
			slices.SortFunc(out[first:], byMonth)
			first = len(out)
		}
		out = append(out, d)
	}
	slices.SortFunc(out[first:], byMonth)
	return sorted{grainDay, out}
}

// sameMonth reports whether two rows of days are of the same scope, facet and month.
func (r *row) sameMonth(o *row) bool {
	return r.period == o.period && r.link == o.link && r.user == o.user && r.facet == o.facet
}

func (r *row) sameKey(o *row) bool {
	return r.period == o.period && r.link == o.link && r.user == o.user && r.facet == o.facet && r.value == o.value
}

// compare orders rows as their keys are ordered.
func compare(grain byte) func(a, b row) int {
	return func(a, b row) int {
		if grain == grainMinute && a.period != b.period {
			return cmp.Compare(a.period, b.period)
		}
		switch {
		case a.user != b.user:
			return cmp.Compare(a.user, b.user)
		case a.link != b.link:
			return cmp.Compare(a.link, b.link)
		case a.facet != b.facet:
			return cmp.Compare(a.facet, b.facet)
		case a.period != b.period:
			return cmp.Compare(a.period, b.period)
		case a.value != b.value:
			return cmp.Compare(a.value, b.value)
		}
		return cmp.Compare(a.slot, b.slot)
	}
}

// mergeRows adds one vector for each key to the batch.
func mergeRows(batch *pebble.Batch, rows sorted) error {
	return rows.each(func(key, vector []byte) error { return batch.Merge(key, vector, nil) })
}

// addRows replaces the vector under each key by the sum, and deletes keys without
// clicks. Clicks may be negative numbers, mod 2⁶⁴.
func addRows(db *pebble.DB, batch *pebble.Batch, rows sorted) error {
	var s sums
	return rows.each(func(key, vector []byte) error {
		old, closer, err := db.Get(key)
		if err == nil {
			err = errors.Join(s.add(old, slots(rows.grain)), closer.Close())
		} else if errors.Is(err, pebble.ErrNotFound) {
			err = nil
		}
		if err := errors.Join(err, s.add(vector, slots(rows.grain))); err != nil {
			return err
		}
		if vector = s.take(nil); len(vector) == 0 {
			return batch.Delete(key, nil)
		}
		return batch.Set(key, vector, nil)
	})
}

// each calls f with one vector for each key.
func (s sorted) each(f func(key, vector []byte) error) error {
	rows := s.list
	var key, vector []byte
	for len(rows) > 0 {
		r := &rows[0]
		key = r.appendKey(key[:0], s.grain)
		vector = vector[:0]
		prev, i := -1, 0
		for i < len(rows) && (i == 0 || rows[i].sameKey(r)) {
			slot, clicks := int(rows[i].slot), rows[i].clicks
			for i++; i < len(rows) && int(rows[i].slot) == slot && rows[i].sameKey(r); i++ {
				clicks += rows[i].clicks
			}
			if clicks != 0 {
				vector = appendSlot(vector, prev, slot, clicks)
				prev = slot
			}
		}
		if err := f(key, vector); err != nil {
			return err
		}
		rows = rows[i:]
	}
	return nil
}

func (r *row) appendKey(b []byte, grain byte) []byte {
	s := rollup.Scope{User: click.UserID(r.user), Link: click.LinkID(r.link)}
	if grain == grainMinute {
		b = appendMinutes(b, r.period, s, r.facet)
	} else {
		b = appendPeriod(appendScope(b, grain, s, r.facet), uint16(r.period))
	}
	return append(b, r.value...)
}
