package storetest

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// Position implements store.Progress.
func (m *MemoryCounts) Position(_ context.Context, source store.JournalID) (store.Position, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, ok := m.positions[source]
	return store.Position{Counted: p, Durable: p}, ok, nil
}

// Sources implements store.ClickCounts.
func (m *MemoryCounts) Journals(context.Context) ([]store.JournalID, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.SortedFunc(maps.Keys(m.positions), func(a, b store.JournalID) int { return bytes.Compare(a[:], b[:]) }), nil
}

// Marks implements store.Progress.
func (m *MemoryCounts) Marks(_ context.Context, source [32]byte) ([]store.Mark, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var marks []store.Mark
	for id, k := range m.marks {
		if id.source == source {
			marks = append(marks, k)
		}
	}
	slices.SortFunc(marks, func(a, b store.Mark) int {
		return cmp.Or(cmp.Compare(a.Offset, b.Offset), bytes.Compare(a.Digest[:], b.Digest[:]))
	})
	return marks, nil
}

// EachMark implements store.Progress.
func (m *MemoryCounts) EachMark(_ context.Context, f func(store.Mark) error) error {
	m.mu.Lock()
	marks := slices.SortedFunc(maps.Values(m.marks), func(a, b store.Mark) int {
		return cmp.Or(bytes.Compare(a.Input[:], b.Input[:]), cmp.Compare(a.Offset, b.Offset), bytes.Compare(a.Digest[:], b.Digest[:]))
	})
	m.mu.Unlock()
	for _, k := range marks {
		if err := f(k); err != nil {
			return err
		}
	}
	return nil
}

// Deleted implements store.Progress.
func (m *MemoryCounts) Deleted(context.Context) ([]rollup.Scope, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.SortedFunc(slices.Values(m.deleted), func(a, b rollup.Scope) int {
		return cmp.Or(cmp.Compare(a.User, b.User), cmp.Compare(a.Link, b.Link))
	}), nil
}

// Highest implements store.Progress.
func (m *MemoryCounts) Highest(context.Context) (click.UserID, click.LinkID, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.highest.User, m.highest.Link, nil
}
