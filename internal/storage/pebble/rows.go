package pebble

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"

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
	rows  int
	at    func(i int) row
}

// sortRows sorts rows in place.
func sortRows(grain byte, rows []row) sorted {
	slices.SortFunc(rows, compare(grain))
	return sorted{grain, len(rows), func(i int) row { return rows[i] }}
}

// rowsOf makes rows of cells. Cells without clicks are left out. If the cells are in the order
// of their keys, as those of rollup.Fold are, the rows take no memory.
func rowsOf(grain byte, cells []rollup.Cell) (sorted, error) {
	length, step := int64(rollup.Day), int64(rollup.QuarterHour)
	last := int64(math.MaxUint16)
	if grain == grainMinute {
		length, step, last = hour, rollup.Minute, math.MaxUint32
	}
	at := func(i int) row {
		c := &cells[i]
		return row{
			user: uint64(c.Scope.User), link: uint64(c.Scope.Link), facet: c.Facet,
			period: uint32(c.Slot / length), slot: uint8(c.Slot % length / step),
			value: c.Value, clicks: c.Clicks,
		}
	}
	order, ready := compare(grain), true
	var before row
	for i := range cells {
		c := &cells[i]
		if c.Slot < 0 || c.Slot%step != 0 || c.Slot/length > last {
			return sorted{}, fmt.Errorf("a cell starts at second %d, which is not the start of a slot of %d s", c.Slot, step)
		}
		if !c.Facet.In(c.Scope) {
			return sorted{}, fmt.Errorf("facet %s has no cells of links, and a cell has link %d", c.Facet, c.Scope.Link)
		}
		r := at(i)
		ready = ready && c.Clicks != 0 && (i == 0 || order(before, r) <= 0)
		before = r
	}
	if ready {
		return sorted{grain, len(cells), at}, nil
	}
	rows := make([]row, 0, len(cells))
	for i := range cells {
		if cells[i].Clicks != 0 {
			rows = append(rows, at(i))
		}
	}
	return sortRows(grain, rows), nil
}

// since returns the rows of minutes whose hour starts at or after from, a Unix second.
func (s sorted) since(from int64) sorted {
	old := sort.Search(s.rows, func(i int) bool { return int64(s.at(i).period)*hour >= from })
	return sorted{s.grain, s.rows - old, func(i int) row { return s.at(old + i) }}
}

// dayRows makes the rows of sums of days, in the order of their keys. Rows of one key are adjacent in quarters. Within the
// rows of a month, which are few as a rule, only the order of values and days differs.
func dayRows(quarters sorted) []row {
	keys := 0
	var before row
	for i := range quarters.rows {
		q := quarters.at(i)
		if i == 0 || !q.sameKey(&before) {
			keys++
		}
		before = q
	}
	out := make([]row, 0, keys)
	byMonth := compare(grainDay)
	first := 0 // of the rows of the month
	var m uint16
	var in uint8
	for i := range quarters.rows {
		q := quarters.at(i)
		if i == 0 || q.period != before.period {
			m, in = month(uint16(q.period))
		}
		same := i > 0 && q.sameKey(&before)
		before = q
		if same {
			out[len(out)-1].clicks += q.clicks
			continue
		}
		d := q
		d.period, d.slot = uint32(m), in
		if first < len(out) && !d.sameMonth(&out[first]) {
			slices.SortFunc(out[first:], byMonth)
			first = len(out)
		}
		out = append(out, d)
	}
	slices.SortFunc(out[first:], byMonth)
	return out
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
	var key, vector []byte
	var r row
	if s.rows > 0 {
		r = s.at(0)
	}
	for i := 0; i < s.rows; {
		key = r.appendKey(key[:0], s.grain)
		vector = vector[:0]
		prev, of := -1, r
		for i < s.rows && r.sameKey(&of) {
			slot, clicks := r.slot, uint64(0)
			for i < s.rows && r.slot == slot && r.sameKey(&of) {
				clicks += r.clicks
				if i++; i < s.rows {
					r = s.at(i)
				}
			}
			if clicks != 0 {
				vector = appendSlot(vector, prev, int(slot), clicks)
				prev = int(slot)
			}
		}
		if err := f(key, vector); err != nil {
			return err
		}
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
