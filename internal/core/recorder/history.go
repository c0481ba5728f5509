package recorder

import (
	"context"
	"time"

	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// history answers what the store has of days before a batch, or before a segment.
type history interface {
	dayClicks(ctx context.Context, days []store.ScopeDay) ([]uint64, error)
	dayValues(ctx context.Context, day store.ScopeDay, f rollup.Facet) ([]string, error)
}

// wholeHistory is the history of counts of one journal: everything before the batch, except what
// was deleted.
type wholeHistory struct{ counts Counts }

// monthClicks returns the clicks of each day of a month, by the start of the day. Days without clicks are left
// out. month has the first day.
func (h wholeHistory) monthClicks(ctx context.Context, month store.ScopeDay) (map[int64]uint64, error) {
	end := time.Unix(month.Day, 0).UTC().AddDate(0, 1, 0).Unix()
	var edges []int64
	for day := month.Day; day <= end; day += rollup.Day {
		edges = append(edges, day)
	}
	counts, err := h.counts.Counts(ctx, store.Query{Scope: month.Scope, Facet: rollup.All, Edges: edges})
	clicks := make(map[int64]uint64, len(counts))
	for _, n := range counts {
		clicks[edges[n.Interval]] += n.Clicks
	}
	return clicks, err
}

func (h wholeHistory) dayClicks(ctx context.Context, days []store.ScopeDay) ([]uint64, error) {
	clicks := make([]uint64, len(days))
	for i, k := range days {
		counts, err := h.countsOf(ctx, k, rollup.All)
		if err != nil {
			return nil, err
		}
		for _, n := range counts {
			clicks[i] += n.Clicks
		}
	}
	return clicks, nil
}

func (h wholeHistory) dayValues(ctx context.Context, k store.ScopeDay, f rollup.Facet) ([]string, error) {
	counts, err := h.countsOf(ctx, k, f)
	values := make([]string, len(counts))
	for i, n := range counts {
		values[i] = n.Value
	}
	return values, err
}

func (h wholeHistory) countsOf(ctx context.Context, k store.ScopeDay, f rollup.Facet) ([]store.Count, error) {
	return h.counts.Counts(ctx, store.Query{Scope: k.Scope, Facet: f, Edges: []int64{k.Day, k.Day + rollup.Day}})
}

// journalHistory is the history of shared counts: what this journal added before a segment, with
// deleted clicks. So it depends on the journal alone.
type journalHistory struct {
	counts  store.JournalCounts
	earlier store.Earlier
}

func (h *journalHistory) dayClicks(ctx context.Context, days []store.ScopeDay) ([]uint64, error) {
	return h.counts.DayClicks(ctx, h.earlier, days)
}

func (h *journalHistory) dayValues(ctx context.Context, day store.ScopeDay, f rollup.Facet) ([]string, error) {
	return h.counts.DayValues(ctx, h.earlier, day, f)
}
