package clickhouse

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// Proofs are about the epochs of this process, and about those of other processes that every
// replica has. Clicks that other processes count meanwhile are left out.

// proven is the reading of the rows that a proof is about.
func (v *view) proven(ctx context.Context) (*reading, error) {
	ends := map[store.JournalID]uint64{}
	for id := range v.own() {
		ends[id] = ^uint64(0)
	}
	err := v.lastEpochs(ctx, "1", func(id store.JournalID, start, _ uint64) {
		if ends[id] != ^uint64(0) {
			ends[id] = start + 1
		}
	})
	if err != nil {
		return nil, err
	}
	parts := []string{"deletion > 0"}
	for id, end := range ends {
		if end == ^uint64(0) {
			parts = append(parts, "source = "+literal(id[:]))
		} else {
			parts = append(parts, fmt.Sprintf("source = %s AND epoch < %d", literal(id[:]), end))
		}
	}
	r, err := v.reading(ctx)
	if err != nil {
		return nil, err
	}
	r.condition = " AND (" + strings.Join(parts, " OR ") + ")" + r.condition
	return r, nil
}

// scopesAtOnce is the maximum number of rows of the scopes that Cells reads at once, unless one
// scope has more.
const scopesAtOnce = 500_000

// Cells implements store.Proof. A cluster reads everything for it, some scopes at a time. Scopes are in
// ascending order.
func (v *view) Cells(ctx context.Context) iter.Seq2[rollup.Cell, error] {
	return v.cells(ctx, "cells", quarters, 0)
}

// Minutes returns the minutes from a Unix second on, as Cells returns the quarter-hours, with the scopes in
// the same order.
func (v *view) Minutes(ctx context.Context, from int64) iter.Seq2[rollup.Cell, error] {
	return v.cells(ctx, "minutes", minutes, from)
}

func (v *view) cells(ctx context.Context, operation string, g grain, from int64) iter.Seq2[rollup.Cell, error] {
	return func(yield func(rollup.Cell, error) bool) {
		if err := v.eachCell(ctx, g, from, yield); err != nil {
			wrap(operation, &err)
			yield(rollup.Cell{}, err)
		}
	}
}

func (v *view) eachCell(ctx context.Context, g grain, from int64, yield func(rollup.Cell, error) bool) error {
	r, err := v.proven(ctx)
	if err != nil {
		return err
	}
	if from > 0 {
		r.condition += fmt.Sprintf(" AND slot >= %d", g.slot(from))
	}
	ranges, err := r.ranges(ctx, g)
	if err != nil {
		return err
	}
	for _, some := range ranges {
		statement := fmt.Sprintf("SELECT user, link, facet, slot, value, %s AS n FROM %s FINAL WHERE user >= %d AND user <= %d AND (user, link) >= (toUInt64(%d), toUInt64(%d)) AND (user, link) <= (toUInt64(%d), toUInt64(%d))%s GROUP BY user, link, facet, slot, value",
			netClicks, g.name, some[0].User, some[1].User, some[0].User, some[0].Link, some[1].User, some[1].Link, r.condition)
		cells := map[rollup.Key]uint64{}
		for _, sh := range r.shards {
			answers, err := sh.askLong(ctx, statement)
			if err != nil {
				return err
			}
			for _, a := range answers {
				for i := range a.rows {
					c := g.cell(a, i)
					cells[c.Key] += c.Clicks
				}
			}
		}
		for _, k := range slices.SortedFunc(maps.Keys(cells), compareKeys) {
			if n := cells[k]; n != 0 && !yield(rollup.Cell{Key: k, Clicks: n}, nil) {
				return nil
			}
		}
	}
	return nil
}

// compareKeys orders the cells of a scope next to each other.
func compareKeys(a, b rollup.Key) int {
	return cmp.Or(compareScopes(a.Scope, b.Scope), cmp.Compare(a.Facet, b.Facet), cmp.Compare(a.Slot, b.Slot), cmp.Compare(a.Value, b.Value))
}

func compareScopes(a, b rollup.Scope) int {
	return cmp.Or(cmp.Compare(a.User, b.User), cmp.Compare(a.Link, b.Link))
}

// cell returns the cell of a row of user, link, facet, slot, value and clicks.
func (g grain) cell(a *answer, i int) rollup.Cell {
	return rollup.Cell{Key: rollup.Key{
		Scope: rollup.Scope{User: click.UserID(a.numbers[0][i]), Link: click.LinkID(a.numbers[1][i])},
		Facet: rollup.Facet(a.numbers[2][i]), Slot: int64(a.numbers[3][i]) * g.seconds, Value: a.texts[4][i],
	}, Clicks: a.numbers[5][i]}
}

// ranges splits the scopes of a table into ranges, each with its first and its last scope.
func (r *reading) ranges(ctx context.Context, g grain) (ranges [][2]rollup.Scope, err error) {
	all := map[rollup.Scope]uint64{}
	for _, sh := range r.shards {
		answers, err := sh.askLong(ctx, "SELECT user, link, count() FROM "+g.name+" WHERE 1"+r.condition+" GROUP BY user, link")
		if err != nil {
			return nil, err
		}
		for _, a := range answers {
			for i := range a.rows {
				all[rollup.Scope{User: click.UserID(a.numbers[0][i]), Link: click.LinkID(a.numbers[1][i])}] += a.numbers[2][i]
			}
		}
	}
	rows := uint64(0)
	for _, s := range slices.SortedFunc(maps.Keys(all), compareScopes) {
		if last := len(ranges) - 1; last >= 0 && rows+all[s] <= scopesAtOnce {
			ranges[last][1] = s
			rows += all[s]
			continue
		}
		ranges, rows = append(ranges, [2]rollup.Scope{s, s}), all[s]
	}
	return ranges, nil
}

// Ledger implements store.Proof.
func (v *view) Ledger(ctx context.Context) (_ rollup.Ledger, err error) {
	defer wrap("ledger", &err)
	all, err := v.everything(ctx)
	if err != nil {
		return rollup.Ledger{}, err
	}
	removed, err := v.removed(ctx)
	all.cells.subtract(&removed)
	return all.cells.ledger, err
}

// Epochs implements store.Proof.
func (v *view) Epochs(ctx context.Context, journal store.JournalID) (_ map[uint64]rollup.Ledger, err error) {
	defer wrap("epochs", &err)
	epochs := map[uint64]rollup.Ledger{}
	if src := v.own()[journal]; src != nil {
		for _, seg := range src.segments {
			l := epochs[seg.base]
			l.AddLedger(seg.ledger)
			epochs[seg.base] = l
		}
		return epochs, nil
	}
	err = v.epochs(ctx, "source = "+literal(journal[:]), func(_ store.JournalID, e *epoch) error {
		l := epochs[e.base]
		l.AddLedger(&e.journaled)
		epochs[e.base] = l
		return nil
	})
	return epochs, err
}

// Journaled implements store.Proof.
func (v *view) Journaled(ctx context.Context) (_ rollup.Ledger, err error) {
	defer wrap("journaled", &err)
	all, err := v.everything(ctx)
	return all.journaled, err
}

// Removed implements store.Proof.
func (v *view) Removed(ctx context.Context) (_ rollup.Ledger, err error) {
	defer wrap("removed", &err)
	all, err := v.everything(ctx)
	if err != nil {
		return rollup.Ledger{}, err
	}
	removed, err := v.removed(ctx)
	removed.ledger.AddLedger(&all.late)
	return removed.ledger, err
}

// Verify implements store.Proof: the rows of each journal and deletion add up to the sums that
// are kept with the epochs and deletions. ClickHouse adds up; it sends a few numbers for each
// line of the ledger.
func (v *view) Verify(ctx context.Context, part func() func(*rollup.Cell) error, report func(string)) (err error) {
	if err := store.EachCell(ctx, v, part); err != nil {
		return err
	}
	defer wrap("verify", &err)
	for _, src := range v.own() {
		if src.hasUncounted() {
			return fmt.Errorf("%w: a batch has failed, and ClickHouse may have some of its rows", click.ErrUnavailable)
		}
	}
	want, err := v.everything(ctx)
	if err != nil {
		return err
	}
	removed, err := v.removed(ctx)
	if err != nil {
		return err
	}
	want.cells.subtract(&removed)
	r, err := v.proven(ctx)
	if err != nil {
		return err
	}
	before, err := r.steady(ctx)
	if err != nil {
		return err
	}
	type line struct{ clicks, sum uint64 }
	got := make([]line, len(rollup.Lines()))
	signed := "if(deletion = 0, toInt64(clicks), -toInt64(clicks))"
	for _, sh := range r.shards {
		answers, err := sh.askLong(ctx, "SELECT link != 0 AS l, facet, sum("+signed+"), sum("+signed+" * toInt64("+hashed+")) FROM cells FINAL WHERE 1"+r.condition+" GROUP BY l, facet")
		if err != nil {
			return err
		}
		for _, a := range answers {
			for i := range a.rows {
				at := lineOf(a.numbers[0][i] == 1, rollup.Facet(a.numbers[1][i]))
				got[at].clicks += a.numbers[2][i]
				got[at].sum += a.numbers[3][i]
			}
		}
	}
	if err := v.checkSteady(ctx, r, before); err != nil {
		return err
	}
	for i, l := range rollup.Lines() {
		if w := (line{want.cells.ledger[i].Clicks, want.cells.lines[i]}); got[i] != w {
			report(fmt.Sprintf("counts %s: ClickHouse has %d clicks (checksum %016x), but %d were counted (checksum %016x)", l, got[i].clicks, got[i].sum, w.clicks, w.sum))
		}
	}
	return nil
}

// steadiness is what must not change while a proof asks the shards one after another.
type steadiness struct {
	switches  []uint64
	mutations []uint64 // by shard
}

// steady returns what must stay. It fails with click.ErrUnavailable while rows are removed.
func (r *reading) steady(ctx context.Context) (s steadiness, err error) {
	for _, sh := range r.shards {
		n, _ := sh.use()
		all, open, err := n.mutations(ctx)
		if err != nil {
			return s, err
		}
		if open > 0 {
			return s, fmt.Errorf("%w: rows of deleted links are being removed from ClickHouse", click.ErrUnavailable)
		}
		s.mutations = append(s.mutations, all)
	}
	_, s.switches = switchesOf(r.shards)
	return s, nil
}

// checkSteady fails with click.ErrUnavailable if what the view shows has changed since.
func (v *view) checkSteady(ctx context.Context, r *reading, before steadiness) error {
	if _, err := v.reading(ctx); err != nil { // a snapshot that was lost meanwhile
		return err
	}
	now, err := r.steady(ctx)
	if err == nil && (!slices.Equal(now.switches, before.switches) || !slices.Equal(now.mutations, before.mutations)) {
		err = fmt.Errorf("%w: the servers of ClickHouse changed during the proof", click.ErrUnavailable)
	}
	return err
}
