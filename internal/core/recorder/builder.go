package recorder

import (
	"context"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// batchBuilder gathers the clicks of many records into the cells of one batch.
type batchBuilder struct {
	caps *caps

	clicks   int           // of the batch
	pending  []click.Click // clicks that are not late, and not yet in cells
	room     int           // clicks of the last batch that were pending
	fold     rollup.Fold
	replaced map[rollup.Key]uint64 // cells that the cap counted as other, as they were
	late     map[rollup.Key]uint64 // cells of scopes that were deleted before: journaled, but not counted
	marks    []store.Mark

	deleted map[rollup.Scope]struct{}
	texts   texts
}

// newBuilder returns a builder for a journal. shared is nil for the counts of one journal.
func newBuilder(counts Counts, shared store.JournalCounts, id store.JournalID, most uint64, room int) *batchBuilder {
	if shared != nil {
		return newBatchBuilder(newSharedCaps(shared, id, most, room))
	}
	return newBatchBuilder(newCaps(counts, most, room))
}

func newBatchBuilder(c *caps) *batchBuilder {
	return &batchBuilder{
		caps:     c,
		replaced: map[rollup.Key]uint64{},
		late:     map[rollup.Key]uint64{},
		deleted:  map[rollup.Scope]struct{}{},
		texts:    texts{},
	}
}

// texts are the texts of a batch, each once.
type texts map[string]string

// intern returns one string for each text of the batch.
func (t texts) intern(text []byte) string {
	if s, ok := t[string(text)]; ok {
		return s
	}
	s := string(text)
	t[s] = s
	return s
}

// add gathers a record.
func (b *batchBuilder) add(r *record) {
	b.marks = append(b.marks, r.marks...)
	b.clicks += len(r.clicks)
	if b.pending == nil {
		b.pending = make([]click.Click, 0, b.room+b.room/8)
	}
	for i := range r.clicks {
		c := &r.clicks[i]
		if b.isDeleted(c) {
			rollup.Each(*c, rollup.QuarterHour, func(k rollup.Key) { b.late[k]++ })
			continue
		}
		b.pending = append(b.pending, *c)
	}
}

// prepare reads what fillBatch needs from the store. After an error it is called again.
func (b *batchBuilder) prepare(ctx context.Context) error { return b.caps.prepare(ctx, b.pending) }

// count makes cells of the clicks. Those at or after minutesFrom, a Unix second,
// fall into minute cells too.
func (b *batchBuilder) count(minutesFrom int64) {
	replace := func(k rollup.Key) (string, bool) {
		other, ok := b.caps.admit(&k)
		if ok {
			b.replaced[k]++
		}
		return other, ok
	}
	for i := range b.pending {
		c := &b.pending[i]
		capped := replace
		if !b.caps.busy(c) {
			capped = nil
		}
		b.fold.Add(c, c.Time/1000 >= minutesFrom, capped)
	}
}

// isDeleted reports whether the link or the user of the click was deleted while
// the click was on its way.
func (b *batchBuilder) isDeleted(c *click.Click) bool {
	if len(b.deleted) == 0 {
		return false
	}
	of := scopesOf(c)
	_, user := b.deleted[of[userLevel]]
	_, link := b.deleted[of[linkLevel]]
	return user || link
}

// empty reports whether there is nothing to count.
func (b *batchBuilder) empty() bool { return b.clicks == 0 && len(b.marks) == 0 }

// fillBatch moves the gathered cells and marks into a batch with its MinutesFrom, and starts
// again. prepare comes before it.
func (b *batchBuilder) fillBatch(to *store.Batch) {
	b.count(to.MinutesFrom)
	to.Cells, to.Minutes = b.fold.Cells()
	to.Marks = b.marks
	b.sumJournaled(to)
	b.clicks, b.marks = 0, nil
	b.room = len(b.pending)
	clear(b.pending) // frees their texts
	if b.pending = b.pending[:0]; cap(b.pending) > maxPending {
		b.pending = nil
	}
	b.replaced = emptied(b.replaced)
	b.late = emptied(b.late)
	b.texts = emptied(b.texts)
}

// maxPending is the number of clicks for which memory is kept between batches.
const maxPending = 1 << 15

// maxEmptied is the number of entries up to which a map is cleared for the next batch.
const maxEmptied = 1 << 12

// emptied returns m without its entries, or another map if m grew large, because
// clearing a large map takes time in every small batch.
func emptied[K comparable, V any](m map[K]V) map[K]V {
	if len(m) > maxEmptied {
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
	to.Journaled.Add(to.Cells...)
	var others rollup.Ledger
	for k, n := range b.replaced {
		to.Journaled.Add(rollup.Cell{Key: k, Clicks: n})
		k.Value = k.Facet.Other(k.Value)
		others.Add(rollup.Cell{Key: k, Clicks: n})
	}
	to.Journaled.SubtractLedger(&others)
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
