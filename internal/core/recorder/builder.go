package recorder

import (
	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// batchBuilder gathers the clicks of many records into the cells of one batch.
type batchBuilder struct {
	caps *caps

	clicks   int
	cells    map[rollup.Key]uint64
	minutes  map[rollup.Key]uint64
	replaced map[rollup.Key]uint64 // cells that the cap counted as other, as they were
	late     map[rollup.Key]uint64 // cells of scopes that were deleted before: journaled, but not counted
	marks    []store.Mark

	deleted map[rollup.Scope]struct{}
	texts   map[string]string
}

func newBatchBuilder(c *caps) *batchBuilder {
	return &batchBuilder{
		caps:     c,
		cells:    map[rollup.Key]uint64{},
		minutes:  map[rollup.Key]uint64{},
		replaced: map[rollup.Key]uint64{},
		late:     map[rollup.Key]uint64{},
		deleted:  map[rollup.Scope]struct{}{},
		texts:    map[string]string{},
	}
}

// intern returns one string for each text of the batch.
func (b *batchBuilder) intern(text []byte) string {
	if s, ok := b.texts[string(text)]; ok {
		return s
	}
	s := string(text)
	b.texts[s] = s
	return s
}

// add counts a record's clicks. Those at or after minutesFrom, a Unix second,
// fall into minute cells too.
func (b *batchBuilder) add(r *record, minutesFrom int64) {
	b.marks = append(b.marks, r.marks...)
	b.clicks += len(r.clicks)
	for i := range r.clicks {
		c := &r.clicks[i]
		if b.isDeleted(c) {
			rollup.Each(*c, rollup.QuarterHour, func(k rollup.Key) { b.late[k]++ })
			continue
		}
		rollup.Each(*c, rollup.QuarterHour, func(k rollup.Key) {
			if other, replace := b.caps.admit(&k); replace {
				b.replaced[k]++
				k.Value = other
			}
			b.cells[k]++
		})
		if c.Time/1000 >= minutesFrom {
			rollup.Each(*c, rollup.Minute, func(k rollup.Key) {
				if other, replace := b.caps.admit(&k); replace {
					k.Value = other
				}
				b.minutes[k]++
			})
		}
	}
}

// isDeleted reports whether the link or the user of the click was deleted while
// the click was on its way.
func (b *batchBuilder) isDeleted(c *click.Click) bool {
	if len(b.deleted) == 0 {
		return false
	}
	_, user := b.deleted[rollup.Scope{User: c.User}]
	_, link := b.deleted[rollup.Scope{User: c.User, Link: c.Link}]
	return user || link
}

// empty reports whether there is nothing to count.
func (b *batchBuilder) empty() bool { return b.clicks == 0 && len(b.marks) == 0 }

// fillBatch moves the gathered cells and marks into a batch and starts again.
func (b *batchBuilder) fillBatch(to *store.Batch) {
	to.Cells = cellsOf(b.cells)
	to.Minutes = cellsOf(b.minutes)
	to.Marks = b.marks
	b.sumJournaled(to)
	b.clicks, b.marks = 0, nil
	b.cells = emptied(b.cells)
	b.minutes = emptied(b.minutes)
	b.replaced = emptied(b.replaced)
	b.late = emptied(b.late)
	b.texts = emptied(b.texts)
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

// sumJournaled sets the ledgers of a batch with its Cells: the sums of the cells as they
// are in the journal, before the cap.
func (b *batchBuilder) sumJournaled(to *store.Batch) {
	to.Late.Add(cellsOf(b.late)...)
	to.Journaled.AddLedger(&to.Late)
	others := map[rollup.Key]uint64{}
	for k, n := range b.replaced {
		to.Journaled.Add(rollup.Cell{Key: k, Clicks: n})
		k.Value = k.Facet.Other(k.Value)
		others[k] += n
	}
	for _, c := range to.Cells {
		if len(others) > 0 {
			c.Clicks -= others[c.Key]
		}
		to.Journaled.Add(c)
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
