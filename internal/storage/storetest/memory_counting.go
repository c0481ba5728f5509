package storetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// AddBatch implements store.Counting.
func (m *MemoryCounts) AddBatch(ctx context.Context, b *store.Batch) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("storetest: add a batch: %w", err)
	}
	counted, known := m.positions[b.Journal]
	switch {
	case b.From > b.To:
		return errors.New("storetest: add a batch: the batch ends before it starts")
	case known && b.To <= counted:
		return nil
	case known && b.From > counted:
		return fmt.Errorf("storetest: add a batch: %w", store.ErrGap)
	case known && b.From < counted:
		return fmt.Errorf("storetest: add a batch: %w", store.ErrOverlap)
	}
	if m.positions == nil {
		m.cells = map[rollup.Key]uint64{}
		m.minutes = map[rollup.Key]uint64{}
		m.positions = map[store.JournalID]uint64{}
		m.epochs = map[store.JournalID]map[uint64]rollup.Ledger{}
		m.marks = map[markID]store.Mark{}
	}
	add(m.cells, b.Cells)
	add(m.minutes, b.Minutes)
	for _, c := range b.Cells {
		if c.Clicks > 0 {
			m.highest = rollup.Scope{User: max(m.highest.User, c.Scope.User), Link: max(m.highest.Link, c.Scope.Link)}
		}
	}
	maps.DeleteFunc(m.minutes, func(k rollup.Key, _ uint64) bool { return k.Slot < b.MinutesFrom })
	if m.epochs[b.Journal] == nil {
		m.epochs[b.Journal] = map[uint64]rollup.Ledger{}
	}
	l := m.epochs[b.Journal][b.Epoch]
	l.AddLedger(&b.Journaled)
	m.epochs[b.Journal][b.Epoch] = l
	m.removed.AddLedger(&b.Late)
	for _, k := range b.Marks {
		m.marks[markID{k.Input, k.Offset, k.Digest}] = k
	}
	m.positions[b.Journal] = b.To
	m.remember(b)
	for _, s := range b.Deleted {
		m.delete(s)
	}
	return nil
}

func add(sums map[rollup.Key]uint64, cells []rollup.Cell) {
	for _, c := range cells {
		if c.Clicks > 0 {
			sums[c.Key] += c.Clicks
		}
	}
}

// Sync implements store.Counting.
func (m *MemoryCounts) Sync(context.Context) error { return nil }

// Delete implements store.Counting.
func (m *MemoryCounts) Delete(_ context.Context, scopes []rollup.Scope) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range scopes {
		m.delete(s)
	}
	return nil
}

func (m *MemoryCounts) delete(s rollup.Scope) {
	inScope := func(k rollup.Key) bool {
		return k.Scope.User == s.User && (s.Link == click.AllLinks || k.Scope.Link == s.Link)
	}
	remove := func(cells map[rollup.Key]uint64) map[rollup.Key]uint64 {
		gone := map[rollup.Key]uint64{}
		for k, n := range cells {
			if inScope(k) {
				gone[k] = n
				delete(cells, k)
			}
		}
		if s.Link != click.AllLinks {
			takeFromUser(cells, gone)
		}
		return gone
	}
	for k, n := range remove(m.cells) {
		m.removed.Add(rollup.Cell{Key: k, Clicks: n})
	}
	remove(m.minutes)
	if !slices.Contains(m.deleted, s) {
		m.deleted = append(m.deleted, s)
	}
}

// takeFromUser takes a link's clicks from the cells of its user, and adds what it
// takes to gone.
func takeFromUser(cells, gone map[rollup.Key]uint64) {
	take := func(k rollup.Key, n uint64) (rest uint64) {
		took := min(n, cells[k])
		if took > 0 {
			gone[k] += took
		}
		if cells[k] -= took; cells[k] == 0 {
			delete(cells, k)
		}
		return n - took
	}
	byValue := func(a, b rollup.Key) int { return cmp.Compare(a.Value, b.Value) }
	for _, k := range slices.SortedFunc(maps.Keys(gone), byValue) {
		n, user := gone[k], k
		user.Scope.Link = click.AllLinks
		n = take(user, n)
		switch {
		case k.Facet == rollup.All:
			user.Facet, user.Value = rollup.Link, rollup.LinkValue(k.Scope.Link)
			take(user, gone[k])
		case k.Facet.Capped():
			other := user
			other.Value = k.Facet.Other(k.Value)
			n = take(other, n)
			for _, o := range slices.SortedFunc(maps.Keys(cells), byValue) {
				if o.Scope == user.Scope && o.Facet == user.Facet && o.Slot == user.Slot && o.Facet.Other(o.Value) == other.Value && n > 0 {
					n = take(o, n)
				}
			}
		}
	}
}
