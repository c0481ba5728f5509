package metrics

import (
	"context"

	"github.com/footfall/footfall/calendar"
	"github.com/footfall/footfall/rollup"
	"github.com/footfall/footfall/store"
)

// Legacy is a window of days of exactly 86,400 seconds, aligned to the zone's
// clock at the reference, whole days all of them.
type Legacy struct {
	Zone      *calendar.Zone
	Days      int   // 1 or more
	Reference int64 // as in Window
}

// Days is the clicks of each day, newest first.
func (m *Metrics) Days(ctx context.Context, of Subject, w Legacy) ([]Point, error) {
	return m.dense(ctx, of, w.Zone.Legacy(w.Reference, w.Days))
}

// TopByDay is the clicks of each day by value, newest day first. The limit
// holds for each day.
func (m *Metrics) TopByDay(ctx context.Context, of Subject, f rollup.Facet, w Legacy, r Ranking) ([][]Value, error) {
	edges := w.Zone.Legacy(w.Reference, w.Days)
	counts, err := m.counts(ctx, of, store.Query{Facet: f, Edges: edges})
	if err != nil {
		return nil, err
	}
	days := make([][]Value, w.Days)
	for from := 0; from < len(counts); {
		to := from + 1
		for to < len(counts) && counts[to].Interval == counts[from].Interval {
			to++
		}
		day := w.Days - 1 - counts[from].Interval
		if days[day], err = r.rank(ctx, counts[from:to]); err != nil {
			return nil, err
		}
		from = to
	}
	return days, nil
}
