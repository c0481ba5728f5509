package metrics

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/footfall/footfall/store"
)

// Value is the clicks of what goes by one name.
type Value struct {
	Name   string
	Clicks uint64
}

// Ranking says how the values of a facet are listed: most clicks first, and
// where clicks are equal by name, bytewise.
type Ranking struct {
	// Limit is the most entries of a list, 1 at least.
	Limit int
	// Name is what a value is called; values of one name are one entry.
	Name func(value string) string
	// Names is used instead of Name where names are dear: it is asked for
	// those that may be listed only, all at once. Here names tell values apart,
	// and what has no name (any more) is left out.
	Names func(ctx context.Context, values []string) ([]string, error)
}

// rank lists counts of one interval.
func (r Ranking) rank(ctx context.Context, counts []store.Count) ([]Value, error) {
	if r.Names != nil {
		return r.rankDear(ctx, counts)
	}
	values := make([]Value, 0, len(counts))
	places := make(map[string]int, len(counts))
	for _, c := range counts {
		name := r.Name(c.Value)
		i, known := places[name]
		if !known {
			i = len(values)
			places[name] = i
			values = append(values, Value{Name: name})
		}
		values[i].Clicks += c.Clicks
	}
	return r.order(values), nil
}

func (r Ranking) order(values []Value) []Value {
	slices.SortFunc(values, func(a, b Value) int {
		return cmp.Or(cmp.Compare(b.Clicks, a.Clicks), cmp.Compare(a.Name, b.Name))
	})
	return values[:min(len(values), r.Limit)]
}

// rankDear names the values that have as many clicks as the last one listed,
// or more.
func (r Ranking) rankDear(ctx context.Context, counts []store.Count) ([]Value, error) {
	counts = slices.Clone(counts)
	slices.SortFunc(counts, func(a, b store.Count) int { return cmp.Compare(b.Clicks, a.Clicks) })
	var values []Value
	for len(counts) > 0 && len(values) < r.Limit {
		n := min(len(counts), r.Limit-len(values))
		for n < len(counts) && counts[n].Clicks == counts[n-1].Clicks {
			n++
		}
		named := make([]string, n)
		for i, c := range counts[:n] {
			named[i] = c.Value
		}
		names, err := r.Names(ctx, named)
		if err != nil {
			return nil, fmt.Errorf("names of %d values: %w", n, err)
		}
		for i, c := range counts[:n] {
			if names[i] != "" {
				values = append(values, Value{names[i], c.Clicks})
			}
		}
		counts = counts[n:]
	}
	return r.order(values), nil
}
