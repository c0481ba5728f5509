package store

import (
	"context"

	"github.com/footfall/footfall/internal/base/rollup"
)

// Query asks for the clicks of a scope, by the values of a facet, in the
// intervals between consecutive edges.
type Query struct {
	Scope rollup.Scope
	Facet rollup.Facet
	// Edges are ascending Unix seconds, at least two. Interval i is
	// Edges[i] ≤ t < Edges[i+1]. If all edges are multiples of 900, quarter-hour
	// cells answer. Else if all are multiples of 60, minute cells answer; clicks
	// before MinutesFrom are not in these. Else, and for a facet without minutes, the answer
	// is ErrGrain.
	Edges []int64
	// Newest is the maximum number of intervals with clicks in the answer, the
	// newest ones; 0 means all.
	Newest int
}

// Count is the clicks of one value in one interval; never zero.
type Count struct {
	Interval int // index of the interval's first edge
	Value    string
	Clicks   uint64
}

// Sum asks for the clicks of several parts together, by the values of a facet,
// in the intervals between consecutive edges. Facet and Edges are as in Query.
type Sum struct {
	Parts []Part
	Facet rollup.Facet
	Edges []int64
	// Expensive is called once before the sum takes long or holds much memory,
	// and not at all for other sums. It may block, or fail. It may be nil.
	Expensive func(context.Context) error
}

// Part is the clicks of a scope from Since on, a Unix second that is a multiple
// of 900. A sum has each scope at most once.
type Part struct {
	Scope rollup.Scope
	Since int64
}
