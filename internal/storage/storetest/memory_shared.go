package storetest

import (
	"context"
	"maps"
	"slices"

	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// added is what the batches of one journal and epoch added.
type added struct {
	cells   map[rollup.Key]uint64
	deleted map[rollup.Scope]bool
}

// remember keeps what a batch added, whatever is deleted later.
func (m *MemoryCounts) remember(b *store.Batch) {
	id := store.Earlier{Journal: b.Journal, Before: b.Epoch}
	if m.added == nil {
		m.added = map[store.Earlier]*added{}
	}
	a := m.added[id]
	if a == nil {
		a = &added{map[rollup.Key]uint64{}, map[rollup.Scope]bool{}}
		m.added[id] = a
	}
	add(a.cells, b.Cells)
	for _, s := range b.Deleted {
		a.deleted[s] = true
	}
}

// earlier calls f with what each epoch before a segment added.
func (m *MemoryCounts) earlier(e store.Earlier, f func(*added)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, a := range m.added {
		if id.Journal == e.Journal && id.Before < e.Before {
			f(a)
		}
	}
}

// dayCells calls f with the cells of a day that were added before a segment.
func (m *MemoryCounts) dayCells(e store.Earlier, day store.ScopeDay, f rollup.Facet, each func(value string, clicks uint64)) {
	m.earlier(e, func(a *added) {
		for k, n := range a.cells {
			if k.Scope == day.Scope && k.Facet == f && k.Slot >= day.Day && k.Slot < day.Day+rollup.Day {
				each(k.Value, n)
			}
		}
	})
}

// DayClicks implements store.JournalCounts.
func (m *MemoryCounts) DayClicks(_ context.Context, e store.Earlier, days []store.ScopeDay) ([]uint64, error) {
	clicks := make([]uint64, len(days))
	for i, day := range days {
		m.dayCells(e, day, rollup.All, func(_ string, n uint64) { clicks[i] += n })
	}
	return clicks, nil
}

// DayValues implements store.JournalCounts.
func (m *MemoryCounts) DayValues(_ context.Context, e store.Earlier, day store.ScopeDay, f rollup.Facet) ([]string, error) {
	values := map[string]bool{}
	m.dayCells(e, day, f, func(value string, _ uint64) { values[value] = true })
	return slices.Collect(maps.Keys(values)), nil
}

// JournalDeleted implements store.JournalCounts.
func (m *MemoryCounts) JournalDeleted(_ context.Context, e store.Earlier) ([]rollup.Scope, error) {
	scopes := map[rollup.Scope]bool{}
	m.earlier(e, func(a *added) { maps.Copy(scopes, a.deleted) })
	return slices.Collect(maps.Keys(scopes)), nil
}
