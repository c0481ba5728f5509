package metrics

import (
	"context"
	"slices"

	"github.com/footfall/footfall/internal/base/calendar"
	"github.com/footfall/footfall/internal/base/rollup"
)

// Legacy is a window of days of exactly 86,400 seconds, aligned to midnight at the
// zone's offset at the reference.
type Legacy struct {
	Zone      *calendar.Zone
	Days      int   // 1 or more
	Reference int64 // as in Window
}

// Start returns the start of a day, as a Unix second. The newest day is number 0.
func (w Legacy) Start(day int) int64 { return w.Zone.Legacy(w.Reference, day+1)[0] }

// Days returns the clicks of each day, newest first.
func (m *Metrics) Days(ctx context.Context, of Subject, w Legacy) ([]Point, error) {
	return m.dense(ctx, of, w.Zone.Legacy(w.Reference, w.Days), Bounds{})
}

// TopByDay returns the clicks of each day by the values of a facet, newest day first.
// The limit is that of each day.
func (m *Metrics) TopByDay(ctx context.Context, of Subject, f rollup.Facet, w Legacy, r Ranking) (days [][]Value, err error) {
	edges := w.Zone.Legacy(w.Reference, w.Days)
	err = m.withSnapshot(ctx, func(counts Snapshot) (err error) {
		days, err = r.rank(ctx, w.Days, of.iterate(ctx, counts, f, edges, r.Expensive))
		slices.Reverse(days)
		return err
	})
	return days, err
}
