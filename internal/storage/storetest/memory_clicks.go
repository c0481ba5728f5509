package storetest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// MemoryClicks is the model of store.Clicks: maps of cells, and sums over all
// of them. The zero value is empty. Everything counted passes for durable,
// and is gone with the process.
type MemoryClicks struct {
	mu        sync.Mutex
	cells     map[rollup.Key]uint64
	minutes   map[rollup.Key]uint64
	positions map[store.JournalID]uint64
	epochs    map[store.JournalID]map[uint64]rollup.Ledger
	marks     map[markID]store.Mark
	deleted   []rollup.Scope
	removed   rollup.Ledger
	highest   rollup.Scope // of users and of links
	id        *[16]byte    // of the installation
	note      []byte
}

// markID tells marks apart. Inputs that begin alike have marks of one offset
// and different digests.
type markID struct {
	source [32]byte
	offset uint64
	digest [32]byte
}

var _ store.Clicks = (*MemoryClicks)(nil)

// Record is of store.Clicks.
func (m *MemoryClicks) Record(ctx context.Context, b *store.Batch) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("storetest: record: %w", err)
	}
	counted, known := m.positions[b.Journal]
	switch {
	case b.From > b.To:
		return errors.New("storetest: record: the batch ends before it starts")
	case known && b.To <= counted:
		return nil
	case known && b.From > counted:
		return fmt.Errorf("storetest: record: %w", store.ErrGap)
	case known && b.From < counted:
		return fmt.Errorf("storetest: record: %w", store.ErrOverlap)
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
	return nil
}

func add(sums map[rollup.Key]uint64, cells []rollup.Cell) {
	for _, c := range cells {
		if c.Clicks > 0 {
			sums[c.Key] += c.Clicks
		}
	}
}

// Position is of store.Clicks.
func (m *MemoryClicks) Position(_ context.Context, source store.JournalID) (store.Position, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, ok := m.positions[source]
	return store.Position{Counted: p, Durable: p}, ok, nil
}

// Sources is of store.Clicks.
func (m *MemoryClicks) Journals(context.Context) ([]store.JournalID, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.SortedFunc(maps.Keys(m.positions), func(a, b store.JournalID) int { return bytes.Compare(a[:], b[:]) }), nil
}

// SetNote is of store.Clicks.
func (m *MemoryClicks) SetNote(_ context.Context, note []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.note = bytes.Clone(note)
	return nil
}

// Note is of store.Reader.
func (m *MemoryClicks) Note(context.Context) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return bytes.Clone(m.note), nil
}

// Installation is of store.Clicks.
func (m *MemoryClicks) Installation(_ context.Context, offer [16]byte) ([16]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.id == nil {
		m.id = &offer
	}
	return *m.id, nil
}

// Sync is of store.Clicks.
func (m *MemoryClicks) Sync(context.Context) error { return nil }

// Counts is of store.Clicks.
func (m *MemoryClicks) Counts(_ context.Context, q store.Query) ([]store.Count, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.counts(q)
}

// counts wants the lock.
func (m *MemoryClicks) counts(q store.Query) ([]store.Count, error) {
	cells, err := m.cellsOf(q.Edges)
	if err != nil {
		return nil, err
	}
	return countIn(cells, q), nil
}

// cellsOf is what answers questions about the intervals between edges.
func (m *MemoryClicks) cellsOf(edges []int64) (map[rollup.Key]uint64, error) {
	if len(edges) < 2 || !slices.IsSorted(edges) {
		return nil, errors.New("storetest: counts: edges must be two at least, and ascend")
	}
	grain := func(g int64) bool {
		return !slices.ContainsFunc(edges, func(e int64) bool { return e%g != 0 })
	}
	if grain(rollup.QuarterHour) {
		return m.cells, nil
	}
	if !grain(rollup.Minute) {
		return nil, fmt.Errorf("storetest: counts: %w", store.ErrGrain)
	}
	return m.minutes, nil
}

func countIn(cells map[rollup.Key]uint64, q store.Query) []store.Count {
	type at struct {
		interval int
		value    string
	}
	sums := map[at]uint64{}
	for k, clicks := range cells {
		if k.Scope != q.Scope || k.Facet != q.Facet {
			continue
		}
		for i := range len(q.Edges) - 1 {
			if q.Edges[i] <= k.Slot && k.Slot < q.Edges[i+1] {
				sums[at{i, k.Value}] += clicks
			}
		}
	}
	var counts []store.Count
	for a, clicks := range sums {
		counts = append(counts, store.Count{Interval: a.interval, Value: a.value, Clicks: clicks})
	}
	slices.SortFunc(counts, func(a, b store.Count) int {
		return cmp.Or(cmp.Compare(b.Interval, a.Interval), cmp.Compare(a.Value, b.Value))
	})
	intervals := 0
	for i := range counts {
		if i == 0 || counts[i].Interval != counts[i-1].Interval {
			if intervals++; q.Newest > 0 && intervals > q.Newest {
				return counts[:i]
			}
		}
	}
	return counts
}

// First is of store.Clicks.
func (m *MemoryClicks) First(_ context.Context, s rollup.Scope, f rollup.Facet) (first int64, ok bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for k := range m.cells {
		if k.Scope == s && k.Facet == f && (!ok || k.Slot < first) {
			first, ok = k.Slot, true
		}
	}
	return first, ok, nil
}

// Delete is of store.Clicks.
func (m *MemoryClicks) Delete(_ context.Context, scopes []rollup.Scope) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range scopes {
		m.delete(s)
	}
	return nil
}

func (m *MemoryClicks) delete(s rollup.Scope) {
	of := func(k rollup.Key) bool {
		return k.Scope.User == s.User && (s.Link == click.AllLinks || k.Scope.Link == s.Link)
	}
	remove := func(cells map[rollup.Key]uint64) map[rollup.Key]uint64 {
		gone := map[rollup.Key]uint64{}
		for k, n := range cells {
			if of(k) {
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

// takeFromUser takes a link's clicks out of the cells of its user, and adds what
// it takes to gone.
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
		switch k.Facet {
		case rollup.All:
			user.Facet, user.Value = rollup.Link, rollup.LinkValue(k.Scope.Link)
			take(user, gone[k])
		case rollup.Referrer:
			other := user
			other.Value = string(click.OtherReferrers)
			n = take(other, n)
			for _, o := range slices.SortedFunc(maps.Keys(cells), byValue) {
				if o.Scope == user.Scope && o.Facet == user.Facet && o.Slot == user.Slot && n > 0 {
					n = take(o, n)
				}
			}
		}
	}
}

// Deleted is of store.Clicks.
func (m *MemoryClicks) Deleted(context.Context) ([]rollup.Scope, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.SortedFunc(slices.Values(m.deleted), func(a, b rollup.Scope) int {
		return cmp.Or(cmp.Compare(a.User, b.User), cmp.Compare(a.Link, b.Link))
	}), nil
}

// Journaled is of store.Clicks.
func (m *MemoryClicks) Journaled(context.Context) (sum rollup.Ledger, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, epochs := range m.epochs {
		for _, l := range epochs {
			sum.AddLedger(&l)
		}
	}
	return sum, nil
}

// Removed is of store.Clicks.
func (m *MemoryClicks) Removed(context.Context) (rollup.Ledger, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.removed, nil
}

// Highest is of store.Clicks.
func (m *MemoryClicks) Highest(context.Context) (click.UserID, click.LinkID, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.highest.User, m.highest.Link, nil
}

// Marks is of store.Clicks.
func (m *MemoryClicks) Marks(_ context.Context, source [32]byte) ([]store.Mark, error) {
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

// Cells is of store.Clicks. It gives what was there when it started.
func (m *MemoryClicks) Cells(context.Context) iter.Seq2[rollup.Cell, error] {
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

// Ledger is of store.Clicks.
func (m *MemoryClicks) Ledger(context.Context) (rollup.Ledger, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var l rollup.Ledger
	for k, clicks := range m.cells {
		l.Add(rollup.Cell{Key: k, Clicks: clicks})
	}
	return l, nil
}

// Epochs is of store.Clicks.
func (m *MemoryClicks) Epochs(_ context.Context, source store.JournalID) (map[uint64]rollup.Ledger, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	epochs := map[uint64]rollup.Ledger{}
	maps.Copy(epochs, m.epochs[source])
	return epochs, nil
}

// Verify is of store.Clicks: no sums are kept beside the cells.
func (m *MemoryClicks) Verify(context.Context, func(string)) error { return nil }

// Close is of store.Clicks.
func (m *MemoryClicks) Close() error { return nil }

// Snapshot is of store.Clicks: a copy.
func (m *MemoryClicks) Snapshot(context.Context) (store.Snapshot, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := &MemoryClicks{
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
