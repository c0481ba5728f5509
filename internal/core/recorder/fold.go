package recorder

import (
	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// fold gathers the clicks of many records into the cells of one batch.
type fold struct {
	caps *caps

	clicks   int
	cells    map[rollup.Key]uint64
	minutes  map[rollup.Key]uint64
	replaced map[rollup.Key]uint64 // cells that the cap counted as other, as they were
	late     map[rollup.Key]uint64 // cells of scopes that were deleted before: journaled, but not counted
	marks    []store.Mark

	deleted   map[rollup.Scope]struct{}
	referrers map[string]click.Referrer
}

func newFold(c *caps) *fold {
	return &fold{
		caps:      c,
		cells:     map[rollup.Key]uint64{},
		minutes:   map[rollup.Key]uint64{},
		replaced:  map[rollup.Key]uint64{},
		late:      map[rollup.Key]uint64{},
		deleted:   map[rollup.Scope]struct{}{},
		referrers: map[string]click.Referrer{},
	}
}

// intern returns one string for each referrer of the fold.
func (f *fold) intern(b []byte) click.Referrer {
	if r, ok := f.referrers[string(b)]; ok {
		return r
	}
	r := click.Referrer(b)
	f.referrers[string(r)] = r
	return r
}

// add counts a record's clicks. Those at or after minutesFrom, a Unix second,
// fall into minute cells too.
func (f *fold) add(r *record, minutesFrom int64) {
	f.marks = append(f.marks, r.marks...)
	f.clicks += len(r.clicks)
	for i := range r.clicks {
		c := &r.clicks[i]
		if f.isDeleted(c) {
			rollup.Each(*c, rollup.QuarterHour, func(k rollup.Key) { f.late[k]++ })
			continue
		}
		var keepUser, keepLink bool
		if !c.Bot {
			keepUser, keepLink = f.caps.admit(c)
		}
		capped := func(k rollup.Key) rollup.Key {
			if k.Facet == rollup.Referrer && (k.Scope.Link == click.AllLinks && !keepUser || k.Scope.Link != click.AllLinks && !keepLink) {
				k.Value = string(click.OtherReferrers)
			}
			return k
		}
		rollup.Each(*c, rollup.QuarterHour, func(k rollup.Key) {
			key := capped(k)
			f.cells[key]++
			if key != k {
				f.replaced[k]++
			}
		})
		if c.Time/1000 >= minutesFrom {
			rollup.Each(*c, rollup.Minute, func(k rollup.Key) { f.minutes[capped(k)]++ })
		}
	}
}

// isDeleted reports whether the link or the user of the click was deleted while
// the click was on its way.
func (f *fold) isDeleted(c *click.Click) bool {
	if len(f.deleted) == 0 {
		return false
	}
	_, user := f.deleted[rollup.Scope{User: c.User}]
	_, link := f.deleted[rollup.Scope{User: c.User, Link: c.Link}]
	return user || link
}

// empty reports whether there is nothing to count.
func (f *fold) empty() bool { return f.clicks == 0 && len(f.marks) == 0 }

// batch moves the gathered cells and marks into b and starts again.
func (f *fold) batch(b *store.Batch) {
	b.Cells = cellsOf(f.cells)
	b.Minutes = cellsOf(f.minutes)
	b.Marks = f.marks
	f.journaled(b)
	f.clicks, f.marks = 0, nil
	f.cells = emptied(f.cells)
	f.minutes = emptied(f.minutes)
	f.replaced = emptied(f.replaced)
	f.late = emptied(f.late)
	f.referrers = emptied(f.referrers)
}

// emptied returns m without its entries, or another map if m grew large, because
// clearing a large map takes time in every small batch.
func emptied[K comparable, V any](m map[K]V) map[K]V {
	if len(m) > 1<<12 {
		return map[K]V{}
	}
	clear(m)
	return m
}

// journaled adds up the cells as they are in the journal, before the cap.
func (f *fold) journaled(b *store.Batch) {
	b.Late.Add(cellsOf(f.late)...)
	b.Journaled.AddLedger(&b.Late)
	others := map[rollup.Key]uint64{}
	for k, n := range f.replaced {
		b.Journaled.Add(rollup.Cell{Key: k, Clicks: n})
		k.Value = string(click.OtherReferrers)
		others[k] += n
	}
	for _, c := range b.Cells {
		if len(others) > 0 {
			c.Clicks -= others[c.Key]
		}
		b.Journaled.Add(c)
	}
}

func cellsOf(m map[rollup.Key]uint64) []rollup.Cell {
	if len(m) == 0 {
		return nil
	}
	list := make([]rollup.Cell, 0, len(m))
	for k, n := range m {
		list = append(list, rollup.Cell{Key: k, Clicks: n})
	}
	return list
}
