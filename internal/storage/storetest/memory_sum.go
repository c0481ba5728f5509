package storetest

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/footfall/footfall/internal/storage/store"
)

// dearValues is how many values make a sum dear here.
const dearValues = 10_000

// Sum is of store.Clicks. It holds everything.
func (m *MemoryClicks) Sum(ctx context.Context, q store.Sum, f func(store.Count) error) error {
	counts, err := m.sum(q)
	if err == nil && len(counts) > dearValues && q.Expensive != nil {
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

func (m *MemoryClicks) sum(q store.Sum) ([]store.Count, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	cells, err := m.cellsOf(q.Edges)
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
