package storetest

import (
	"context"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// Clicks checks the laws of store.Clicks. Each call of open gives an empty
// store, which the laws close.
func Clicks(t *testing.T, open func(t *testing.T) store.Clicks) {
	laws := []struct {
		rule string
		law  func(t *testing.T, c *clicks)
	}{
		{"replaying what was counted changes nothing", lawReplay},
		{"a batch that starts after what was counted is ErrGap, and counts nothing", lawGap},
		{"a batch that was counted in part is ErrOverlap, and counts nothing", lawOverlap},
		{"the first batch of a source may start anywhere, and sources do not touch", lawSources},
		{"cells, minutes, marks, ledgers and position move together", lawTogether},
		{"a batch that fails changes nothing", lawFailing},
		{"after Sync all that is counted is durable", lawSync},
		{"an interval has its first edge and not its last", lawEdges},
		{"edges finer than a minute are ErrGrain", lawGrain},
		{"minutes answer what lies after MinutesFrom, and expire before it", lawMinutes},
		{"where MinutesFrom goes back, minutes are kept from there again", lawMinutesBack},
		{"answers are sparse, newest interval first, then by value bytewise", lawOrder},
		{"Newest bounds an answer to the newest intervals that have clicks", lawNewest},
		{"a long range is the sum of its short ones, whatever the edges", lawSums},
		{"Sum is what Counts says of the parts together, whatever they have in common and however much it is", lawSum},
		{"Sum says once that it is dear, and ends with the error of whom it calls", lawSumDear},
		{"First is the first quarter-hour of the scope and facet", lawFirst},
		{"the installation is the one that came first", lawInstallation},
		{"the note is the last one that was set", lawNote},
		{"the highest ids are of all that was ever counted", lawHighest},
		{"deleting a scope removes its clicks from all counts and no others, and the ledger follows", lawDelete},
		{"deleting a link whose referrers were capped leaves sums that agree", lawDeleteCapped},
		{"links that are deleted together take from what the others left", lawDeleteTogether},
		{"cells add up to the ledger, each key once", lawLedger},
		{"epochs add up what was journaled, each source and epoch apart", lawEpochs},
		{"marks are listed by offset, none is lost to another of its offset, and one made again stands as it was said last", lawMarks},
		{"values are any bytes, and each is its own", lawValues},
		{"scopes next to each other do not leak", lawNeighbours},
		{"an answer shows a moment between batches, never half of one", lawConcurrent},
		{"a snapshot stands still while the store goes on", lawSnapshot},
		{"random histories are answered as the model answers them", lawModel},
	}
	for _, l := range laws {
		t.Run(l.rule, func(t *testing.T) {
			defer func() {
				if t.Failed() {
					t.Logf("broken rule: %s", l.rule)
				}
			}()
			l.law(t, newClicks(t, open))
		})
	}
}

// clicks is a store under test.
type clicks struct {
	store.Clicks
	ctx  context.Context
	open func() store.Clicks
	next uint64 // position of source
}

// source is what record writes under.
var source = store.JournalID{1}

func newClicks(t *testing.T, open func(t *testing.T) store.Clicks) *clicks {
	c := &clicks{ctx: t.Context(), Clicks: open(t), open: func() store.Clicks { return open(t) }}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return c
}

// batch makes a batch of clicks in minutes and quarter-hours.
func batch(src store.JournalID, from, to uint64, minutesFrom int64, all ...click.Click) *store.Batch {
	b := &store.Batch{Journal: src, From: from, To: to, MinutesFrom: minutesFrom}
	quarters, minutes := map[rollup.Key]uint64{}, map[rollup.Key]uint64{}
	for _, c := range all {
		rollup.Each(c, rollup.QuarterHour, func(k rollup.Key) { quarters[k]++ })
		if c.Time >= 1000*minutesFrom {
			rollup.Each(c, rollup.Minute, func(k rollup.Key) { minutes[k]++ })
		}
	}
	b.Cells, b.Minutes = cells(quarters), cells(minutes)
	b.Journaled.Add(b.Cells...)
	return b
}

func cells(sums map[rollup.Key]uint64) []rollup.Cell {
	var out []rollup.Cell
	for k, n := range sums {
		out = append(out, rollup.Cell{Key: k, Clicks: n})
	}
	return out
}

// record counts clicks as the next batch of source.
func (c *clicks) record(t *testing.T, all ...click.Click) {
	t.Helper()
	c.add(t, batch(source, c.next, c.next+10, 0, all...))
}

// add counts a batch of source.
func (c *clicks) add(t *testing.T, b *store.Batch) {
	t.Helper()
	if err := c.Record(c.ctx, b); err != nil {
		t.Fatalf("Record %d to %d: %v", b.From, b.To, err)
	}
	if b.Journal == source {
		c.next = b.To
	}
}

// raw counts cells as they are.
func (c *clicks) raw(t *testing.T, all ...rollup.Cell) {
	t.Helper()
	c.add(t, &store.Batch{Journal: source, From: c.next, To: c.next + 1, Cells: all})
}

// counts asks, and must be answered.
func (c *clicks) counts(t *testing.T, s rollup.Scope, f rollup.Facet, newest int, edges ...int64) []store.Count {
	t.Helper()
	got, err := c.Counts(c.ctx, store.Query{Scope: s, Facet: f, Edges: edges, Newest: newest})
	if err != nil {
		t.Fatalf("Counts(%+v, %s, %v): %v", s, f, edges, err)
	}
	return got
}

// total is the clicks of a scope in facet All, of all time.
func (c *clicks) total(t *testing.T, s rollup.Scope) uint64 {
	t.Helper()
	var sum uint64
	for _, n := range c.counts(t, s, rollup.All, 0, 0, 1<<32-1<<32%900) {
		sum += n.Clicks
	}
	return sum
}

// dump is all quarter-hour cells.
func (c *clicks) dump(t *testing.T) map[rollup.Key]uint64 {
	t.Helper()
	all := map[rollup.Key]uint64{}
	for cell, err := range c.Cells(c.ctx) {
		if err != nil {
			t.Fatalf("Cells: %v", err)
		}
		if _, ok := all[cell.Key]; ok {
			t.Errorf("Cells gives %+v twice", cell.Key)
		}
		if cell.Clicks == 0 {
			t.Errorf("Cells gives %+v without clicks", cell.Key)
		}
		all[cell.Key] = cell.Clicks
	}
	return all
}

// agree checks that the ledger is of the cells, and what the engine can check.
func (c *clicks) agree(t *testing.T) {
	t.Helper()
	var want rollup.Ledger
	for k, n := range c.dump(t) {
		want.Add(rollup.Cell{Key: k, Clicks: n})
	}
	got, err := c.Ledger(c.ctx)
	if err != nil {
		t.Fatalf("Ledger: %v", err)
	}
	for i, l := range rollup.Lines() {
		if got[i] != want[i] {
			t.Errorf("the ledger has %s %+v, the cells add up to %+v", l, got[i], want[i])
		}
	}
	if err := c.Verify(c.ctx, func(s string) { t.Errorf("Verify: %s", s) }); err != nil {
		t.Fatalf("Verify: %v", err)
	}
}
