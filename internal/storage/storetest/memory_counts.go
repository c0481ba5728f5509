package storetest

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// MemoryCounts is the model of store.ClickCounts: maps of cells, and sums over all of
// them. The zero value is empty. Everything counted is reported as durable, and is
// lost with the process.
type MemoryCounts struct {
	mu        sync.Mutex
	cells     map[rollup.Key]uint64
	minutes   map[rollup.Key]uint64
	positions map[store.JournalID]uint64
	epochs    map[store.JournalID]map[uint64]rollup.Ledger
	marks     map[markID]store.Mark
	deleted   []rollup.Scope
	removed   rollup.Ledger
	highest   rollup.Scope // of any user and of any link
	id        *[16]byte    // of the installation
	note      []byte
	added     map[store.Earlier]*added
}

// markID identifies a mark. Different inputs with the same first line have marks of
// one offset with different digests.
type markID struct {
	source [32]byte
	offset uint64
	digest [32]byte
}

var (
	_ store.ClickCounts   = (*MemoryCounts)(nil)
	_ store.JournalCounts = (*MemoryCounts)(nil)
)

// Installation implements store.Identity.
func (m *MemoryCounts) Installation(_ context.Context, offer [16]byte) ([16]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.id == nil {
		m.id = &offer
	}
	return *m.id, nil
}

// SetNote implements store.Identity.
func (m *MemoryCounts) SetNote(_ context.Context, note []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.note = bytes.Clone(note)
	return nil
}

// Note implements store.Identity.
func (m *MemoryCounts) Note(context.Context) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return bytes.Clone(m.note), nil
}

// Snapshot implements store.ClickCounts: a copy.
func (m *MemoryCounts) Snapshot(context.Context) (store.Snapshot, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := &MemoryCounts{
		cells: maps.Clone(m.cells), minutes: maps.Clone(m.minutes),
		positions: maps.Clone(m.positions), marks: maps.Clone(m.marks),
		epochs: map[store.JournalID]map[uint64]rollup.Ledger{}, deleted: slices.Clone(m.deleted), removed: m.removed, highest: m.highest,
		note: m.note,
	}
	for source, epochs := range m.epochs {
		s.epochs[source] = maps.Clone(epochs)
	}
	return s, nil
}

// Close implements store.ClickCounts.
func (m *MemoryCounts) Close() error { return nil }
