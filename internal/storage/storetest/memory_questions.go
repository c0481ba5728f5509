package storetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// Counts implements store.Questions.
func (m *MemoryCounts) Counts(_ context.Context, q store.Query) ([]store.Count, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.counts(q)
}

// counts requires the lock.
func (m *MemoryCounts) counts(q store.Query) ([]store.Count, error) {
	cells, err := m.cellsOf(q.Facet, q.Edges)
	if err != nil {
		return nil, err
	}
	return countIn(cells, q), nil
}

// cellsOf is the cells that answer questions about a facet in the intervals between edges.
func (m *MemoryCounts) cellsOf(f rollup.Facet, edges []int64) (map[rollup.Key]uint64, error) {
	if len(edges) < 2 || !slices.IsSorted(edges) {
		return nil, errors.New("storetest: counts: at least two edges are needed, in ascending order")
	}
	grain := func(g int64) bool {
		return !slices.ContainsFunc(edges, func(e int64) bool { return e%g != 0 })
	}
	if grain(rollup.QuarterHour) {
		return m.cells, nil
	}
	if !grain(rollup.Minute) || !f.ByMinute() {
		return nil, fmt.Errorf("storetest: counts: %w", store.ErrGrain)
	}
	return m.minutes, nil
}

func countIn(cells map[rollup.Key]uint64, q store.Query) []store.Count {
	type at struct {
		interval int
		value    string
	}
	sums := map[at]uint64{}
	for k, clicks := range cells {
		if k.Scope != q.Scope || k.Facet != q.Facet {
			continue
		}
		for i := range len(q.Edges) - 1 {
			if q.Edges[i] <= k.Slot && k.Slot < q.Edges[i+1] {
				sums[at{i, k.Value}] += clicks
			}
		}
	}
	var counts []store.Count
	for a, clicks := range sums {
		counts = append(counts, store.Count{Interval: a.interval, Value: a.value, Clicks: clicks})
	}
	slices.SortFunc(counts, func(a, b store.Count) int {
		return cmp.Or(cmp.Compare(b.Interval, a.Interval), cmp.Compare(a.Value, b.Value))
	})
	intervals := 0
	for i := range counts {
		if i == 0 || counts[i].Interval != counts[i-1].Interval {
			if intervals++; q.Newest > 0 && intervals > q.Newest {
				return counts[:i]
			}
		}
	}
	return counts
}

// First implements store.Questions.
func (m *MemoryCounts) First(_ context.Context, s rollup.Scope, f rollup.Facet) (first int64, ok bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for k := range m.cells {
		if k.Scope == s && k.Facet == f && (!ok || k.Slot < first) {
			first, ok = k.Slot, true
		}
	}
	return first, ok, nil
}

// expensiveValues is the number of values that makes a sum expensive here.
const expensiveValues = 10_000

// Sum implements store.Questions. It holds all values.
func (m *MemoryCounts) Sum(ctx context.Context, q store.Sum, f func(store.Count) error) error {
	counts, err := m.sum(q)
	if err == nil && len(counts) > expensiveValues && q.Expensive != nil {
		err = q.Expensive(ctx)
	}
	for i := 0; i < len(counts) && err == nil; i++ {
		err = f(counts[i])
	}
	if err != nil {
		return fmt.Errorf("storetest: sum: %w", err)
	}
	return nil
}

func (m *MemoryCounts) sum(q store.Sum) ([]store.Count, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	cells, err := m.cellsOf(q.Facet, q.Edges)
	if err != nil {
		return nil, err
	}
	sums := map[store.Count]uint64{}
	for _, p := range q.Parts {
		for i := range len(q.Edges) - 1 {
			edges := []int64{max(q.Edges[i], p.Since), q.Edges[i+1]}
			for _, c := range countIn(cells, store.Query{Scope: p.Scope, Facet: q.Facet, Edges: edges}) {
				sums[store.Count{Interval: i, Value: c.Value}] += c.Clicks
			}
		}
	}
	counts := slices.SortedFunc(maps.Keys(sums), func(a, b store.Count) int {
		return cmp.Or(cmp.Compare(b.Interval, a.Interval), cmp.Compare(a.Value, b.Value))
	})
	for i := range counts {
		counts[i].Clicks = sums[counts[i]]
	}
	return counts, nil
}
