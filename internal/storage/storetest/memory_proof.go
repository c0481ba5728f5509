package storetest

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"

	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// Cells implements store.Proof. It iterates over a copy.
func (m *MemoryCounts) Cells(context.Context) iter.Seq2[rollup.Cell, error] {
	return func(yield func(rollup.Cell, error) bool) {
		m.mu.Lock()
		cells := maps.Clone(m.cells)
		m.mu.Unlock()
		keys := slices.SortedFunc(maps.Keys(cells), func(a, b rollup.Key) int {
			return cmp.Or(cmp.Compare(a.Scope.User, b.Scope.User), cmp.Compare(a.Scope.Link, b.Scope.Link))
		})
		for _, k := range keys {
			if !yield(rollup.Cell{Key: k, Clicks: cells[k]}, nil) {
				return
			}
		}
	}
}

// Ledger implements store.Proof.
func (m *MemoryCounts) Ledger(context.Context) (rollup.Ledger, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var l rollup.Ledger
	for k, clicks := range m.cells {
		l.Add(rollup.Cell{Key: k, Clicks: clicks})
	}
	return l, nil
}

// Epochs implements store.Proof.
func (m *MemoryCounts) Epochs(_ context.Context, source store.JournalID) (map[uint64]rollup.Ledger, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	epochs := map[uint64]rollup.Ledger{}
	maps.Copy(epochs, m.epochs[source])
	return epochs, nil
}

// Journaled implements store.Proof.
func (m *MemoryCounts) Journaled(context.Context) (sum rollup.Ledger, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, epochs := range m.epochs {
		for _, l := range epochs {
			sum.AddLedger(&l)
		}
	}
	return sum, nil
}

// Removed implements store.Proof.
func (m *MemoryCounts) Removed(context.Context) (rollup.Ledger, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.removed, nil
}

// Verify implements store.Proof: there is nothing to verify.
func (m *MemoryCounts) Verify(ctx context.Context, part func() func(*rollup.Cell) error, _ func(string)) error {
	return store.EachCell(ctx, m, part)
}
