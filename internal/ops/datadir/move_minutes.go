package datadir

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// minuteCells is counts that read the minutes of all scopes at once. For ClickHouse, a question for each link
// and facet takes long.
type minuteCells interface {
	// Minutes returns the minutes from a Unix second on. Their scopes are in ascending order, and so are
	// those of Cells.
	Minutes(ctx context.Context, from int64) iter.Seq2[rollup.Cell, error]
}

// minutesMove has the quarter-hours of a scope that have minutes.
type minutesMove struct {
	from  int64 // Unix second from which on minutes are kept
	scope rollup.Scope
	slots map[int64]bool

	// next reads the minutes of all scopes; nil if they are asked for one scope at a time. ahead is one
	// that was read and not taken.
	next  func() (rollup.Cell, error, bool)
	ahead *rollup.Cell
}

func minutesFrom(now time.Time) int64 {
	t := max(now.Unix()-rollup.MinutesKept, 0)
	return t - t%3600
}

func (m *minutesMove) see(c *rollup.Cell) {
	if c.Slot < m.from {
		return
	}
	if m.slots == nil {
		m.slots = map[int64]bool{}
	}
	m.slots[c.Slot] = true
}

// edges returns the minutes of the quarter-hours, as the edges of a question.
func (m *minutesMove) edges() (edges []int64) {
	for _, slot := range slices.Sorted(maps.Keys(m.slots)) {
		if n := len(edges); n > 0 && edges[n-1] == slot {
			edges = edges[:n-1]
		}
		for at := slot; at <= slot+rollup.QuarterHour; at += rollup.Minute {
			edges = append(edges, at)
		}
	}
	return edges
}

// take reads the minutes of the scope, and passes those of scopes before it.
func (m *minutesMove) take() (cells []rollup.Cell, err error) {
	for {
		if m.ahead == nil {
			c, err, ok := m.next()
			if err != nil || !ok {
				return cells, err
			}
			m.ahead = &c
		}
		at := m.ahead.Scope
		switch cmp.Or(cmp.Compare(at.User, m.scope.User), cmp.Compare(at.Link, m.scope.Link)) {
		case 1:
			return cells, nil
		case 0:
			cells = append(cells, *m.ahead)
		}
		m.ahead = nil
	}
}

// addMinutes adds the minutes of the last scope to the batch.
func (m *countsMove) addMinutes(ctx context.Context) error {
	if len(m.minutes.slots) == 0 || m.batch.To <= m.counted { // an earlier batch has them
		m.minutes.slots = nil
		return nil
	}
	edges := m.minutes.edges()
	m.minutes.slots = nil
	if m.minutes.next != nil {
		cells, err := m.minutes.take()
		m.batch.Minutes = append(m.batch.Minutes, cells...)
		return err
	}
	for _, f := range rollup.Facets() {
		if !f.ByMinute() || !f.In(m.minutes.scope) {
			continue
		}
		counts, err := m.from.Counts(ctx, store.Query{Scope: m.minutes.scope, Facet: f, Edges: edges})
		if err != nil {
			return err
		}
		for _, c := range counts {
			k := rollup.Key{Scope: m.minutes.scope, Facet: f, Slot: edges[c.Interval], Value: c.Value}
			m.batch.Minutes = append(m.batch.Minutes, rollup.Cell{Key: k, Clicks: c.Clicks})
		}
	}
	return nil
}
