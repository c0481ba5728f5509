package pebble

import (
	"bytes"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
)

// busyMonth is the number of clicks of people from which on a month of a scope is busy: then the
// sums of its days are stored for all facets. In other months only All and Bot have them: the
// quarter-hours are so few that questions read these. It is part of the format.
const busyMonth = 512

// summed reports whether the sums of days of a facet are stored in every month.
func summed(f rollup.Facet) bool { return f == rollup.All || f == rollup.Bot }

// monthOf is a month of a scope.
type monthOf struct {
	scope rollup.Scope
	month uint16
}

// total is the clicks of a vector of sums of days, mod 2⁶⁴.
func total(vector []byte) (n uint64, err error) {
	err = eachSlot(vector, slots(grainDay), func(_ int, clicks uint64) error {
		n += clicks
		return nil
	})
	return n, err
}

// maxMonths is how many months are remembered: with more, all are forgotten.
const maxMonths = 1 << 17

// adding adds sums of days to a batch. Scopes ascend.
type adding struct {
	s      *Store
	batch  *pebble.Batch
	stored *pebble.Iterator // over everything before the batch
	kept   []row            // to be merged
	months []addedMonth     // of the current scope
	sums   totals
}

// addedMonth is a month of a scope to which a batch adds clicks.
type addedMonth struct {
	month  uint16
	before uint64 // clicks of people that are stored
	added  uint64
}

func (m *addedMonth) busy(least uint64) bool { return m.before+m.added >= least }

// becomesBusy reports whether the month is busy with the batch, and not before.
func (m *addedMonth) becomesBusy(least uint64) bool { return m.before < least && m.busy(least) }

// addDays adds the sums of days that are stored. It overwrites rows.
func (s *Store) addDays(batch *pebble.Batch, rows []row) (err error) {
	if len(rows) == 0 {
		return nil
	}
	if len(s.months) > maxMonths {
		clear(s.months)
	}
	a := adding{s: s, batch: batch, kept: rows[:0]}
	if a.stored, err = s.db.NewIter(nil); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.stored.Close()) }()
	for rest := rows; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].link == rest[0].link && rest[n].user == rest[0].user {
			n++
		}
		if err := a.scope(rest[:n]); err != nil {
			return err
		}
		rest = rest[n:]
	}
	return a.merge()
}

// scope adds the rows of one scope.
func (a *adding) scope(rows []row) error {
	scope := rollup.Scope{User: click.UserID(rows[0].user), Link: click.LinkID(rows[0].link)}
	if err := a.count(scope, rows); err != nil {
		return err
	}
	if slices.ContainsFunc(a.months, func(m addedMonth) bool { return m.becomesBusy(a.s.busy) }) {
		return a.turnBusy(scope, rows)
	}
	for i := range rows {
		if r := &rows[i]; summed(r.facet) || a.month(r.period).busy(a.s.busy) {
			a.kept = append(a.kept, *r)
		}
	}
	return nil
}

// month returns a month of the current scope, and adds it if it is new. period counts months from January 1970.
func (a *adding) month(period uint32) *addedMonth {
	for i := range a.months {
		if m := &a.months[i]; uint32(m.month) == period {
			return m
		}
	}
	a.months = append(a.months, addedMonth{month: uint16(period)})
	return &a.months[len(a.months)-1]
}

// count collects the months of the rows, with the clicks of people before the batch and in it.
func (a *adding) count(scope rollup.Scope, rows []row) error {
	a.months = a.months[:0]
	for i := range rows {
		if m := a.month(rows[i].period); rows[i].facet == rollup.All {
			m.added += rows[i].clicks
		}
	}
	for i := range a.months {
		m := &a.months[i]
		at := monthOf{scope, m.month}
		before, known := a.s.months[at]
		if !known {
			var err error
			if before, err = clicksIn(a.stored, at); err != nil {
				return err
			}
		}
		m.before = before
		a.s.months[at] = m.before + m.added
	}
	return nil
}

// clicksIn returns the clicks of people in a month, as the sums of days have them.
func clicksIn(it *pebble.Iterator, at monthOf) (uint64, error) {
	key := appendPeriod(appendScope(make([]byte, 0, headQuarter), grainDay, at.scope, rollup.All), at.month)
	if !it.SeekGE(key) || !bytes.Equal(it.Key(), key) {
		return 0, it.Error()
	}
	vector, err := it.ValueAndErr()
	if err != nil {
		return 0, err
	}
	return total(vector)
}

// turnBusy adds the rows of a scope of which a month becomes busy.
func (a *adding) turnBusy(scope rollup.Scope, rows []row) error {
	slices.SortFunc(a.months, func(x, y addedMonth) int { return int(x.month) - int(y.month) })
	for _, f := range rollup.Facets() {
		if !f.In(scope) {
			continue
		}
		for i := range a.months {
			m := &a.months[i]
			n := 0
			for n < len(rows) && rows[n].facet == f && rows[n].period == uint32(m.month) {
				n++
			}
			switch {
			case !summed(f) && m.becomesBusy(a.s.busy):
				if err := a.whole(scope, f, m.month, rows[:n]); err != nil {
					return err
				}
			case summed(f) || m.busy(a.s.busy):
				a.kept = append(a.kept, rows[:n]...)
			}
			rows = rows[n:]
		}
	}
	return nil
}

// merge adds the rows that were kept.
func (a *adding) merge() error {
	kept := a.kept
	a.kept = kept[:0]
	return mergeRows(a.batch, sorted{grainDay, len(kept), func(i int) row { return kept[i] }})
}

// whole replaces the sums of a facet and month by those of the quarter-hours that are stored, and of the rows.
func (a *adding) whole(scope rollup.Scope, f rollup.Facet, month uint16, rows []row) error {
	a.sums.empty()
	for i := range rows {
		a.sums.of([]byte(rows[i].value))[rows[i].slot] += rows[i].clicks
	}
	if err := a.merge(); err != nil { // the rows kept so far come first in the order of keys
		return err
	}
	quarters := appendScope(make([]byte, 0, headQuarter), grainQuarter, scope, f)
	first, end := daysOfMonth(month)
	for ok := a.stored.SeekGE(appendPeriod(quarters, uint16(first))); ok && bytes.HasPrefix(a.stored.Key(), quarters); ok = a.stored.Next() {
		k, err := parsePeriodKey(a.stored.Key())
		if err != nil {
			return err
		}
		if int(k.period) >= end {
			break
		}
		vector, err := a.stored.ValueAndErr()
		if err != nil {
			return err
		}
		days := a.sums.of(k.value)
		err = eachSlot(vector, slots(grainQuarter), func(_ int, clicks uint64) error {
			days[int(k.period)-first] += clicks
			return nil
		})
		if err != nil {
			return err
		}
	}
	prefix := appendPeriod(appendScope(make([]byte, 0, headQuarter), grainDay, scope, f), month)
	for ok := a.stored.SeekGE(prefix); ok && bytes.HasPrefix(a.stored.Key(), prefix); ok = a.stored.Next() {
		if _, counted := a.sums.at[string(a.stored.Key()[headQuarter:])]; counted {
			continue
		}
		if err := a.batch.Delete(a.stored.Key(), nil); err != nil {
			return err
		}
	}
	if err := a.stored.Error(); err != nil {
		return err
	}
	return setDays(a.batch, prefix, &a.sums)
}

// daysOfMonth returns the first UTC day of a month, and that of the next month.
func daysOfMonth(month uint16) (first, end int) {
	day := func(m int) int {
		return int(time.Date(1970, time.January+time.Month(m), 1, 0, 0, 0, 0, time.UTC).Unix() / rollup.Day)
	}
	return day(int(month)), day(int(month) + 1)
}

// setDays sets the sums of days under a prefix that ends with the month.
func setDays(batch *pebble.Batch, prefix []byte, sums *totals) error {
	for _, value := range slices.Sorted(maps.Keys(sums.at)) {
		var vector []byte
		prev := -1
		for day, clicks := range sums.get(value) {
			if clicks != 0 {
				vector = appendSlot(vector, prev, day, clicks)
				prev = day
			}
		}
		if err := batch.Set(append(slices.Clone(prefix), value...), vector, nil); err != nil {
			return err
		}
	}
	return nil
}

// takeDays adds sums of days of one user, which are negative numbers. It removes the sums of months
// that are not busy any more.
func (s *Store) takeDays(batch *pebble.Batch, rows []row) (err error) {
	if len(rows) == 0 {
		return nil
	}
	a := adding{s: s, batch: batch}
	if a.stored, err = s.db.NewIter(nil); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.stored.Close()) }()
	user := rollup.Scope{User: click.UserID(rows[0].user)}
	if err := a.count(user, rows); err != nil {
		return err
	}
	for i := range rows {
		if r := &rows[i]; summed(r.facet) || a.month(r.period).busy(s.busy) {
			a.kept = append(a.kept, *r)
		}
	}
	if err := addRows(s.db, batch, sorted{grainDay, len(a.kept), func(i int) row { return a.kept[i] }}); err != nil {
		return err
	}
	for _, m := range a.months {
		if m.busy(s.busy) {
			continue
		}
		for _, f := range rollup.Facets() {
			if summed(f) || !f.In(user) {
				continue
			}
			prefix := appendPeriod(appendScope(nil, grainDay, user, f), m.month)
			for ok := a.stored.SeekGE(prefix); ok && bytes.HasPrefix(a.stored.Key(), prefix); ok = a.stored.Next() {
				if err := batch.Delete(a.stored.Key(), nil); err != nil {
					return err
				}
			}
		}
	}
	return a.stored.Error()
}

// busyMonths finds the busy months of a scope when they are first asked for, among those that overlap
// the UTC days first to last. err is why it failed.
type busyMonths struct {
	sc          *scan
	first, last uint16
	busy        map[uint16]bool
	err         error
}

// have reports whether the sums of days of a month are stored.
func (b *busyMonths) have(month uint16) bool {
	if summed(b.sc.facet) {
		return true
	}
	if b.busy == nil {
		b.busy = map[uint16]bool{}
		b.err = b.read()
	}
	return b.busy[month]
}

func (b *busyMonths) read() error {
	prefix := appendScope(nil, grainDay, b.sc.scope, rollup.All)
	prefix = prefix[:len(prefix):len(prefix)]
	from, _ := month(b.first)
	to, _ := month(b.last)
	it := b.sc.it
	it.SetBounds(appendPeriod(prefix, from), after(appendPeriod(prefix, to)))
	for ok := it.First(); ok; ok = it.Next() {
		k, err := parsePeriodKey(it.Key())
		if err != nil {
			return err
		}
		vector, err := b.sc.value()
		if err != nil {
			return err
		}
		clicks, err := total(vector)
		if err != nil {
			return err
		}
		b.busy[k.period] = clicks >= b.sc.busy
	}
	return it.Error()
}
