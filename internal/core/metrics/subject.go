package metrics

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// firsts finds the first click of a scope.
type firsts interface {
	First(ctx context.Context, s rollup.Scope, f rollup.Facet) (int64, bool, error)
}

// firstClick returns a quarter-hour before which no scope has a click that counts: the
// earliest of the scopes' first clicks, each not before its Since.
func firstClick(ctx context.Context, c firsts, of Subject, facet rollup.Facet) (first int64, found bool, err error) {
	for _, s := range of {
		t, has, err := c.First(ctx, s.scope(), facet)
		if err != nil {
			return 0, false, fmt.Errorf("first click: %w", err)
		}
		if t = max(t, s.Since); has && (!found || t < first) {
			first, found = t, true
		}
	}
	return first, found, nil
}

// countsOfSubject answers a query for all scopes added up. The query's scope is not used.
func (m *Metrics) countsOfSubject(ctx context.Context, of Subject, q store.Query) ([]store.Count, error) {
	var all []store.Count
	summed := 0
	for i, s := range of {
		counts, err := m.countsOfScope(ctx, s, q)
		if err != nil {
			return nil, fmt.Errorf("clicks by %s: %w", q.Facet, err)
		}
		if i == 0 {
			all = counts
			continue
		}
		// Add up from time to time, to limit the memory.
		if all = append(all, counts...); len(all) > 2*summed+4096 {
			all = newest(sum(all), q.Newest)
			summed = len(all)
		}
	}
	if len(of) > 1 {
		all = newest(sum(all), q.Newest)
	}
	return all, nil
}

// iterate returns an iteration over the clicks of all scopes, added up, by the values of
// the facet.
func (of Subject) iterate(ctx context.Context, counts Snapshot, facet rollup.Facet, edges []int64, expensive func(context.Context) error) iteration {
	q := store.Sum{Facet: facet, Edges: edges, Expensive: expensive, Parts: make([]store.Part, len(of))}
	for i, s := range of {
		q.Parts[i] = store.Part{Scope: s.scope(), Since: s.Since}
	}
	return func(yield func(store.Count) error) error {
		if err := counts.Sum(ctx, q, yield); err != nil {
			return fmt.Errorf("clicks by %s: %w", q.Facet, err)
		}
		return nil
	}
}

func (s Scope) scope() rollup.Scope { return rollup.Scope{User: s.User, Link: s.Link} }

// countsOfScope answers the query for one scope.
func (m *Metrics) countsOfScope(ctx context.Context, s Scope, q store.Query) ([]store.Count, error) {
	q.Scope = s.scope()
	last := len(q.Edges) - 1
	if s.Since <= q.Edges[0] {
		return m.counts.Counts(ctx, q)
	}
	if s.Since >= q.Edges[last] {
		return nil, nil
	}
	// The interval that holds Since.
	skipped, starts := slices.BinarySearch(q.Edges, s.Since)
	if !starts {
		skipped--
	}
	q.Edges = slices.Clone(q.Edges[skipped:])
	q.Edges[0] = s.Since
	counts, err := m.counts.Counts(ctx, q)
	for i := range counts {
		counts[i].Interval += skipped
	}
	return counts, err
}

// sum adds up counts of the same interval and value, and sorts them as store.Questions
// does. It overwrites counts.
func sum(counts []store.Count) []store.Count {
	slices.SortFunc(counts, func(a, b store.Count) int {
		return cmp.Or(cmp.Compare(b.Interval, a.Interval), cmp.Compare(a.Value, b.Value))
	})
	summed := counts[:0]
	for _, c := range counts {
		if n := len(summed); n > 0 && summed[n-1].Interval == c.Interval && summed[n-1].Value == c.Value {
			summed[n-1].Clicks += c.Clicks
		} else {
			summed = append(summed, c)
		}
	}
	return summed
}

// newest keeps the counts of the newest intervals, at most that many; all of them for 0.
// Nothing is missing from the sum, because the counts of each scope were limited to the
// same number.
func newest(counts []store.Count, intervals int) []store.Count {
	if intervals == 0 {
		return counts
	}
	for i, c := range counts {
		if i > 0 && c.Interval != counts[i-1].Interval {
			intervals--
		}
		if intervals == 0 {
			return counts[:i]
		}
	}
	return counts
}
