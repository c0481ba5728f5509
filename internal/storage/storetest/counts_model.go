package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
	"pgregory.net/rapid"
)

// DrawBatch draws a batch of a journal that ends at to: few users and links, many
// days and months.
func DrawBatch(t *rapid.T, src store.JournalID, from, to uint64) *store.Batch {
	minutesFrom := noon + 3600*rapid.Int64Range(-2, 2).Draw(t, "MinutesFrom")
	b := batch(src, from, to, minutesFrom, rapid.SliceOfN(rapid.Custom(drawClick), 0, 12).Draw(t, "clicks")...)
	b.Epoch = from - from%50
	if rapid.IntRange(0, 3).Draw(t, "late") == 0 {
		b.Late = batch(src, from, to, 0, drawClick(t)).Journaled
		b.Journaled.AddLedger(&b.Late)
	}
	if rapid.Bool().Draw(t, "capped") {
		capValues(t, b)
	}
	for range rapid.IntRange(0, 1).Draw(t, "marks") {
		b.Marks = append(b.Marks, store.Mark{
			Input:  [32]byte{rapid.Byte().Draw(t, "import") % 2},
			Offset: rapid.Uint64Range(0, 5).Draw(t, "offset"),
			Digest: [32]byte{rapid.Byte().Draw(t, "digest") % 3},
			Lines:  to,
			Notes:  rapid.SampledFrom([]string{"", "a", "ab"}).Draw(t, "notes"),
		})
	}
	return b
}

// capValues replaces some values of capped facets by their others, either of users or of
// links.
func capValues(t *rapid.T, b *store.Batch) {
	users := rapid.Bool().Draw(t, "users")
	for _, list := range []*[]rollup.Cell{&b.Cells, &b.Minutes} {
		sums := map[rollup.Key]uint64{}
		for _, c := range *list {
			if c.Value > "B" && (c.Scope.Link == click.AllLinks) == users {
				c.Value = c.Facet.Other(c.Value)
			}
			sums[c.Key] += c.Clicks
		}
		*list = cells(sums)
	}
}

func drawClick(t *rapid.T) click.Click {
	second := noon + rapid.OneOf(rapid.Int64Range(-4000, 8000), rapid.Int64Range(-100*86400, 100*86400)).Draw(t, "second")
	return click.Click{
		Time:     1000 * second,
		User:     click.UserID(rapid.Uint64Range(0, 2).Draw(t, "user")),
		Link:     click.LinkID(rapid.Uint64Range(1, 3).Draw(t, "link")),
		Country:  rapid.SampledFrom([]click.Country{{}, france, germany}).Draw(t, "country"),
		Referrer: rapid.SampledFrom([]click.Referrer{"", "a", "a\x00", "b"}).Draw(t, "referrer"),
		Bot:      rapid.IntRange(0, 5).Draw(t, "bot") == 0,

		City:      rapid.SampledFrom([]click.City{"", "", "A", "B", "\x00"}).Draw(t, "city"),
		Agent:     click.Agent{Device: click.Device(rapid.Uint8Range(0, 2).Draw(t, "device"))},
		BotFamily: rapid.SampledFrom([]click.BotFamily{"", "Googlebot"}).Draw(t, "family"),
	}
}

func drawScope(t *rapid.T) rollup.Scope {
	return rollup.Scope{
		User: click.UserID(rapid.Uint64Range(0, 3).Draw(t, "user")),
		Link: click.LinkID(rapid.Uint64Range(0, 3).Draw(t, "link")),
	}
}

func drawQuery(t *rapid.T) store.Query {
	step := rapid.SampledFrom([]int64{60, 900, 900, 3600, 86400, 86400, 7 * 86400, 31 * 86400}).Draw(t, "step")
	edge := noon + rapid.SampledFrom([]int64{60, 900, 3600, 43200, 86400}).Draw(t, "grain")*rapid.Int64Range(-100, 20).Draw(t, "start")
	q := store.Query{
		Scope: drawScope(t), Facet: rapid.SampledFrom(rollup.Facets()).Draw(t, "facet"),
		Edges: []int64{edge}, Newest: rapid.IntRange(0, 4).Draw(t, "Newest"),
	}
	for range rapid.IntRange(1, 40).Draw(t, "intervals") {
		edge += step * rapid.Int64Range(0, 3).Draw(t, "steps")
		q.Edges = append(q.Edges, edge)
	}
	return q
}

// Same compares everything that two stores hold, of the given journals, and lets
// got verify itself.
func Same(got, want store.Snapshot, journals ...store.JournalID) error {
	ctx := context.Background()
	all := [2]map[rollup.Key]uint64{{}, {}}
	for i, c := range []store.Snapshot{got, want} {
		for cell, err := range c.Cells(ctx) {
			if err != nil {
				return err
			}
			all[i][cell.Key] += cell.Clicks
		}
	}
	if !maps.Equal(all[0], all[1]) {
		return fmt.Errorf("cells are %v, want %v", all[0], all[1])
	}
	type state struct {
		Ledger  rollup.Ledger
		Epochs  []map[uint64]rollup.Ledger
		Counted []uint64
		Marks   [][]store.Mark
		Firsts  []int64
		Deleted string
		Highest rollup.Scope

		Journaled, Removed rollup.Ledger
	}
	var states [2]state
	for i, c := range []store.Snapshot{got, want} {
		var errs []error
		s, err := &states[i], error(nil)
		s.Ledger, err = c.Ledger(ctx)
		errs = append(errs, err)
		deleted, err := c.Deleted(ctx)
		s.Deleted, errs = fmt.Sprint(deleted), append(errs, err)
		s.Highest.User, s.Highest.Link, err = c.Highest(ctx)
		errs = append(errs, err)
		s.Journaled, err = c.Journaled(ctx)
		errs = append(errs, err)
		s.Removed, err = c.Removed(ctx)
		errs = append(errs, err)
		for _, src := range journals {
			epochs, e1 := c.Epochs(ctx, src)
			p, _, e2 := c.Position(ctx, src)
			s.Epochs, s.Counted = append(s.Epochs, epochs), append(s.Counted, p.Counted)
			errs = append(errs, e1, e2)
		}
		for id := range byte(2) {
			marks, err := c.Marks(ctx, [32]byte{id})
			s.Marks, errs = append(s.Marks, marks), append(errs, err)
		}
		for u := range click.UserID(3) {
			first, _, err := c.First(ctx, rollup.Scope{User: u}, rollup.Country)
			s.Firsts, errs = append(s.Firsts, first), append(errs, err)
		}
		if err := errors.Join(errs...); err != nil {
			return err
		}
	}
	if !reflect.DeepEqual(states[0], states[1]) {
		return fmt.Errorf("the store holds %+v, want %+v", states[0], states[1])
	}
	var wrong []error
	var parts []*readPart
	part := func() func(*rollup.Cell) error {
		p := &readPart{cells: map[rollup.Key]uint64{}, read: map[rollup.Scope]bool{}}
		parts = append(parts, p)
		return p.add
	}
	err := got.Verify(ctx, part, func(s string) { wrong = append(wrong, errors.New(s)) })
	if err == nil {
		err = sameCells(parts, all[0])
	}
	return errors.Join(append(wrong, err)...)
}

// readPart is the cells of a part of Verify.
type readPart struct {
	cells map[rollup.Key]uint64
	last  rollup.Scope
	read  map[rollup.Scope]bool // scopes that had cells
}

func (p *readPart) add(c *rollup.Cell) error {
	if p.read[c.Scope] && c.Scope != p.last {
		return fmt.Errorf("cells of %v are not adjacent", c.Scope)
	}
	p.last, p.read[c.Scope] = c.Scope, true
	p.cells[c.Key] += c.Clicks
	return nil
}

// sameCells compares the cells of the parts with all cells. A scope must be in one part.
func sameCells(parts []*readPart, want map[rollup.Key]uint64) error {
	cells, scopes := map[rollup.Key]uint64{}, map[rollup.Scope]bool{}
	for _, p := range parts {
		for s := range p.read {
			if scopes[s] {
				return fmt.Errorf("cells of %v are in two parts of Verify", s)
			}
			scopes[s] = true
		}
		maps.Copy(cells, p.cells)
	}
	if !maps.Equal(cells, want) {
		return fmt.Errorf("Verify has the cells %v, and Cells has %v", cells, want)
	}
	return nil
}

func firstDifference(got, want []store.Count) string {
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			return fmt.Sprintf("from entry %d on %v, want %v", i, got[min(len(got), i):min(len(got), i+3)], want[min(len(want), i):min(len(want), i+3)])
		}
	}
	return "no difference"
}
