package clickhouse

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// netClicks is the clicks of rows, less what deletions took.
const netClicks = "sum(if(deletion = 0, toInt64(clicks), -toInt64(clicks)))"

// grain is a table that answers questions.
type grain struct {
	*table
	seconds   int64 // the length of a slot
	partition int64 // the slots of a partition
}

var quarters, minutes = grain{cellsTable, rollup.QuarterHour, monthSlots}, grain{minutesTable, rollup.Minute, hourSlots}

// grainOf returns the coarsest grain that has all edges, or store.ErrGrain.
func grainOf(f rollup.Facet, edges []int64) (grain, error) {
	if len(edges) < 2 || !slices.IsSorted(edges) {
		return grain{}, errors.New("at least two edges are needed, in ascending order")
	}
	fits := func(g int64) bool {
		return !slices.ContainsFunc(edges, func(e int64) bool { return e%g != 0 })
	}
	switch {
	case fits(rollup.QuarterHour):
		return quarters, nil
	case f.ByMinute() && fits(rollup.Minute):
		return minutes, nil
	}
	return grain{}, store.ErrGrain
}

// slot returns the slot of an instant, within those that a row can have.
func (g grain) slot(second int64) int64 { return min(max(second/g.seconds, 0), math.MaxUint32+1) }

// maxSteps is the maximum number of intervals into which ClickHouse groups slots. With more, or
// for a facet with one value, it returns slots, which are grouped here.
const maxSteps = 64

// Counts implements store.Questions.
func (v *view) Counts(ctx context.Context, q store.Query) (counts []store.Count, err error) {
	defer wrap("counts", &err)
	g, err := grainOf(q.Facet, q.Edges)
	if err != nil {
		return nil, err
	}
	slots := make([]int64, len(q.Edges))
	for i, e := range q.Edges {
		slots[i] = g.slot(e)
	}
	last := len(slots) - 1
	group := "slot"
	grouped := !q.Facet.Single() && last <= maxSteps
	if grouped {
		group = steps(slots)
	}
	statement := fmt.Sprintf("SELECT %s AS at, value, %s AS n FROM %s FINAL WHERE %s AND facet = %d AND slot >= %d AND slot < %d%%s GROUP BY at, value HAVING n > 0",
		group, netClicks, g.name, scopeIs(q.Scope), q.Facet, slots[0], slots[last])
	answers, err := v.whole(ctx, q.Scope, statement)
	if err != nil {
		return nil, err
	}
	sums := map[store.Count]uint64{} // by interval and value
	for _, a := range answers {
		for i := range a.rows {
			at := int(a.numbers[0][i])
			if !grouped { // the last edge that is not after the slot
				at, _ = slices.BinarySearch(slots, int64(a.numbers[0][i])+1)
				at--
			}
			sums[store.Count{Interval: at, Value: a.texts[1][i]}] += a.numbers[2][i]
		}
	}
	counts = make([]store.Count, 0, len(sums))
	for c, n := range sums {
		if c.Clicks = n; n != 0 {
			counts = append(counts, c)
		}
	}
	slices.SortFunc(counts, func(a, b store.Count) int {
		return cmp.Or(cmp.Compare(b.Interval, a.Interval), cmp.Compare(a.Value, b.Value))
	})
	return newest(counts, q.Newest), nil
}

// steps is an expression for the interval of a slot.
func steps(slots []int64) string {
	if len(slots) == 2 {
		return "toUInt64(0)"
	}
	inner := make([]string, 0, len(slots))
	for _, s := range slots[1 : len(slots)-1] {
		inner = append(inner, strconv.FormatInt(s, 10))
	}
	return "toUInt64(arrayCount(x -> x <= slot, [" + strings.Join(inner, ", ") + "]))"
}

// newest returns the counts of the newest intervals, at most that many; 0 is all.
func newest(counts []store.Count, most int) []store.Count {
	intervals := 0
	for i := range counts {
		if i == 0 || counts[i].Interval != counts[i-1].Interval {
			if intervals++; most > 0 && intervals > most {
				return counts[:i]
			}
		}
	}
	return counts
}

// wholeTries is how often a question is asked before it waits for the batch that is being added.
const wholeTries = 3

// whole returns the answer to a question about a scope that shows no part of a batch of this
// process. The statement has %s for the condition of the view.
func (v *view) whole(ctx context.Context, scope rollup.Scope, statement string) ([]*answer, error) {
	for range wholeTries {
		before := v.s.batches()
		r, err := v.reading(ctx)
		if err != nil {
			return nil, err
		}
		answers, err := r.ask(ctx, scope, statement)
		if err != nil {
			return nil, err
		}
		if before%2 == 0 && v.s.batches() == before {
			return answers, nil
		}
	}
	if err := v.s.adding.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer v.s.adding.Release(1)
	r, err := v.reading(ctx)
	if err != nil {
		return nil, err
	}
	return r.ask(ctx, scope, statement)
}

func (s *Store) batches() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sending
}

// First implements store.Questions.
func (v *view) First(ctx context.Context, scope rollup.Scope, f rollup.Facet) (first int64, ok bool, err error) {
	defer wrap("first", &err)
	statement := fmt.Sprintf("SELECT slot, %s AS n FROM cells FINAL WHERE %s AND facet = %d%%s GROUP BY slot HAVING n > 0 ORDER BY slot LIMIT 1",
		netClicks, scopeIs(scope), f)
	answers, err := v.whole(ctx, scope, statement)
	for _, a := range answers { // one or none of each shard
		for i := range a.rows {
			if at := int64(a.numbers[0][i]) * rollup.QuarterHour; !ok || at < first {
				first, ok = at, true
			}
		}
	}
	return first, ok, err
}
