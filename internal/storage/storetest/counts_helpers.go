package storetest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// source is the journal of addClicks.
var source = store.JournalID{1}

// noon is a Unix second that starts an hour.
var noon = time.Date(2024, time.February, 29, 12, 0, 0, 0, time.UTC).Unix()

var (
	france  = click.ParseCountry("FR")
	germany = click.ParseCountry("DE")
)

// at is a click some seconds after noon.
func at(seconds int64, user click.UserID, link click.LinkID, c click.Country) click.Click {
	return click.Click{Time: 1000 * (noon + seconds), User: user, Link: link, Country: c}
}

// cell is a quarter-hour cell some quarter-hours after noon.
func cell(s rollup.Scope, f rollup.Facet, quarters int64, value string, clicks uint64) rollup.Cell {
	return rollup.Cell{Key: rollup.Key{Scope: s, Facet: f, Slot: noon + 900*quarters, Value: value}, Clicks: clicks}
}

func count(interval int, value string, clicks uint64) store.Count {
	return store.Count{Interval: interval, Value: value, Clicks: clicks}
}

// want compares an answer.
func want(t *testing.T, what string, got []store.Count, want ...store.Count) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// batch makes a batch of clicks, in minutes and quarter-hours.
func batch(journal store.JournalID, from, to uint64, minutesFrom int64, all ...click.Click) *store.Batch {
	b := &store.Batch{Journal: journal, From: from, To: to, MinutesFrom: minutesFrom}
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

// addClicks counts clicks as the next batch of source.
func (c *counts) addClicks(t *testing.T, all ...click.Click) {
	t.Helper()
	c.addBatch(t, batch(source, c.next, c.next+10, 0, all...))
}

// addBatch counts a batch.
func (c *counts) addBatch(t *testing.T, b *store.Batch) {
	t.Helper()
	if err := c.AddBatch(c.ctx, b); err != nil {
		t.Fatalf("AddBatch %d to %d: %v", b.From, b.To, err)
	}
	if b.Journal == source {
		c.next = b.To
	}
}

// addCells counts cells, without minutes and without a ledger of the journal.
func (c *counts) addCells(t *testing.T, all ...rollup.Cell) {
	t.Helper()
	c.addBatch(t, &store.Batch{Journal: source, From: c.next, To: c.next + 1, Cells: all})
}

// counts asks a question that must be answered.
func (c *counts) counts(t *testing.T, s rollup.Scope, f rollup.Facet, newest int, edges ...int64) []store.Count {
	t.Helper()
	got, err := c.Counts(c.ctx, store.Query{Scope: s, Facet: f, Edges: edges, Newest: newest})
	if err != nil {
		t.Fatalf("Counts(%+v, %s, %v): %v", s, f, edges, err)
	}
	return got
}

// The checks below look at each role that the store serves, and at nothing else.

// wantTotal checks the clicks of a scope in facet All, of all time.
func (c *counts) wantTotal(t *testing.T, s rollup.Scope, want uint64) {
	t.Helper()
	if c.Questions == nil {
		return
	}
	var sum uint64
	for _, n := range c.counts(t, s, rollup.All, 0, 0, 1<<32-1<<32%900) {
		sum += n.Clicks
	}
	if sum != want {
		t.Errorf("%+v has %d clicks, want %d", s, sum, want)
	}
}

// wantCells checks all quarter-hour cells.
func (c *counts) wantCells(t *testing.T, when string, want map[rollup.Key]uint64) {
	t.Helper()
	if c.Proof == nil {
		return
	}
	if got := c.dump(t); !maps.Equal(got, want) {
		t.Errorf("%s: there are %d cells, want %d: %v, want %v", when, len(got), len(want), got, want)
	}
}

// dump is all quarter-hour cells.
func (c *counts) dump(t *testing.T) map[rollup.Key]uint64 {
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

// agree checks that the cells add up to the ledger, and lets the engine verify
// itself.
func (c *counts) agree(t *testing.T) {
	t.Helper()
	if c.Proof == nil {
		return
	}
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
	if err := c.Verify(c.ctx, nil, func(s string) { t.Errorf("Verify: %s", s) }); err != nil {
		t.Fatalf("Verify: %v", err)
	}
}

// contents is a text of what the store holds, of the users and inputs of these
// laws, to compare before and after.
func (c *counts) contents(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	add := func(what string, value any, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		fmt.Fprintf(&b, "%s %v, ", what, value)
	}
	if c.Questions != nil {
		for _, f := range rollup.Facets() {
			for _, edges := range [][]int64{{noon - 900, noon, noon + 900}, {noon, noon + 60, noon + 120}} {
				if edges[1]%rollup.QuarterHour != 0 && !f.ByMinute() {
					continue
				}
				add("clicks by "+f.String(), c.counts(t, rollup.Scope{User: 1}, f, 0, edges...), nil)
			}
		}
	}
	if c.Progress != nil {
		journals, err := c.Journals(c.ctx)
		add("journals", journals, err)
		for _, j := range journals {
			p, _, err := c.Position(c.ctx, j)
			add("position", p.Counted, err)
		}
		for _, input := range [][32]byte{{7}, {9}} {
			marks, err := c.Marks(c.ctx, input)
			add("marks", marks, err)
		}
	}
	if c.Proof != nil {
		add("cells", c.dump(t), nil)
		epochs, err := c.Epochs(c.ctx, source)
		add("epochs", epochs, err)
	}
	return b.String()
}
