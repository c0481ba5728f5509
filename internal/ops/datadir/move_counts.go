package datadir

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/meter"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// movedCells is the maximum number of cells or import marks of a batch. It is large, because
// ClickHouse stores each batch as one part for each month. After movedBatches batches a new epoch
// begins: ClickHouse holds the cells of an epoch in memory until then.
const movedCells, movedBatches = 200_000, 5

// countsMove copies counts to an engine that has none. The cells, which no longer say of which
// journal they are, become the batches of a journal that does not exist: the moved one. Its
// positions are the numbers of cells and marks. The other journals keep their positions, and the sums
// of their segments, but have no cells. So all ledgers together are as before, and a check proves the
// same.
//
// A move that was interrupted continues at the last position that is durable, if from has not
// changed.
type countsMove struct {
	from interface {
		store.Questions
		store.Progress
		store.Proof
	}
	to store.ClickCounts
	// home is the journal that counting goes on with. Its first batch has the deleted scopes, for
	// an engine that takes them from batches.
	home  store.JournalID
	moved store.JournalID
	now   func() time.Time
	log   *slog.Logger
	size  uint64 // of a batch; 0 is movedCells

	batch   store.Batch      // of the moved journal
	counted uint64           // batches that end at or before it were counted by an earlier attempt
	added   map[batchOf]bool // by this process
	minutes minutesMove
}

// batchOf names a batch: its journal and its begin.
type batchOf struct {
	journal store.JournalID
	from    uint64
}

// movedJournal returns the id of the moved journal of a move after which counting goes on with
// another one.
func movedJournal(home store.JournalID) store.JournalID {
	sum := sha256.Sum256(append([]byte("footfall moved counts"), home[:]...))
	return store.JournalID(sum[:16])
}

// run copies the counts, and makes them durable.
func (m *countsMove) run(ctx context.Context) error {
	m.size = cmp.Or(m.size, movedCells)
	return m.waiting(ctx, m.attempt)
}

func (m *countsMove) attempt(ctx context.Context) error {
	pos, _, err := m.to.Position(ctx, m.moved)
	if err != nil {
		return err
	}
	m.counted = pos.Counted
	m.begin(0)
	ledger, err := m.from.Ledger(ctx)
	if err != nil {
		return err
	}
	all := uint64(0)
	for _, e := range ledger {
		all += e.Clicks
	}
	meter.Begin(ctx, "counts", meter.Clicks, int64(all))
	for _, copy := range []func(context.Context) error{m.cells, m.marks, m.removed, m.journals, m.to.Sync, m.deleted, m.to.Sync} {
		if err := copy(ctx); err != nil {
			return err
		}
	}
	return nil
}

// begin begins a batch at a position of the moved journal.
func (m *countsMove) begin(at uint64) {
	m.batch = store.Batch{Journal: m.moved, Epoch: at - at%(movedBatches*m.size), From: at, To: at, MinutesFrom: m.minutes.from}
}

// flush adds the batch.
func (m *countsMove) flush(ctx context.Context) error {
	if m.batch.To > m.counted {
		if err := m.add(ctx, &m.batch); err != nil {
			return err
		}
	}
	m.begin(m.batch.To)
	return nil
}

// The first pause after a failure, and the last one. The pauses double in between. After moveTries
// failures in a row without a batch in between, which takes about ten minutes, the move fails.
const (
	movePause, maxMovePause = 250 * time.Millisecond, 16 * time.Second
	moveTries               = 42
)

// waiting calls f again while an engine is away, has too much to do, or uses another replica now. f
// begins again, and leaves out the batches that are counted. A batch that is added again is not a new one.
func (m *countsMove) waiting(ctx context.Context, f func(context.Context) error) error {
	added, wait := len(m.added), movePause
	for try := 1; ; try++ {
		err := f(ctx)
		if !errors.Is(err, click.ErrUnavailable) && !errors.Is(err, store.ErrResume) {
			return err
		}
		if n := len(m.added); n > added {
			try, added, wait = 1, n, movePause
		}
		if try == moveTries {
			return err
		}
		m.log.Warn("the move waits for the counts, and then goes on; it gives up after ten minutes: look at ClickHouse", "error", err)
		if err := pause(ctx, wait); err != nil {
			return err
		}
		wait = min(2*wait, maxMovePause)
	}
}

// add adds a batch.
func (m *countsMove) add(ctx context.Context, b *store.Batch) error {
	if err := m.to.AddBatch(ctx, b); err != nil {
		return err
	}
	if m.added == nil {
		m.added = map[batchOf]bool{}
	}
	m.added[batchOf{b.Journal, b.From}] = true
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// cells copies the quarter-hours, and the minutes of the last hours.
func (m *countsMove) cells(ctx context.Context) error {
	m.minutes = minutesMove{from: minutesFrom(m.now())}
	if all, ok := m.from.(minuteCells); ok {
		next, stop := iter.Pull2(all.Minutes(ctx, m.minutes.from))
		defer stop()
		m.minutes.next = next
	}
	m.begin(0)
	watched := meter.Current(ctx)
	for c, err := range m.from.Cells(ctx) {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil && c.Scope != m.minutes.scope {
			err = m.addMinutes(ctx)
			m.minutes.scope = c.Scope
		}
		if err == nil && m.batch.To-m.batch.From == m.size {
			err = m.flush(ctx)
		}
		if err != nil {
			return err
		}
		watched.Add(int64(c.Clicks))
		if m.batch.To >= m.counted {
			m.batch.Cells = append(m.batch.Cells, c)
		}
		m.batch.To++
		m.minutes.see(&c)
	}
	if err := m.addMinutes(ctx); err != nil {
		return err
	}
	return m.flush(ctx)
}

// marks copies the import marks.
func (m *countsMove) marks(ctx context.Context) error {
	err := m.from.EachMark(ctx, func(mark store.Mark) error {
		m.batch.Marks = append(m.batch.Marks, mark)
		m.batch.To++
		if m.batch.To-m.batch.From < m.size {
			return nil
		}
		return m.flush(ctx)
	})
	if err != nil {
		return err
	}
	return m.flush(ctx)
}

// removed adds the ledger of what deletions removed, at the last position.
func (m *countsMove) removed(ctx context.Context) (err error) {
	if m.batch.Late, err = m.from.Removed(ctx); err != nil {
		return err
	}
	m.batch.To++
	return m.flush(ctx)
}

// journals adds the positions of all journals, and what was counted of their segments.
func (m *countsMove) journals(ctx context.Context) error {
	all, err := m.from.Journals(ctx)
	if err != nil {
		return err
	}
	for _, id := range all {
		pos, _, err := m.from.Position(ctx, id)
		if err != nil {
			return err
		}
		epochs, err := m.from.Epochs(ctx, id)
		if err != nil {
			return err
		}
		if err := m.journal(ctx, id, pos.Counted, epochs); err != nil {
			return fmt.Errorf("journal %x: %w", id, err)
		}
	}
	return nil
}

func (m *countsMove) journal(ctx context.Context, id store.JournalID, counted uint64, epochs map[uint64]rollup.Ledger) (err error) {
	bases := slices.Sorted(maps.Keys(epochs))
	if len(bases) == 0 {
		bases = []uint64{0}
	}
	var deleted []rollup.Scope
	if id == m.home {
		if deleted, err = m.from.Deleted(ctx); err != nil {
			return err
		}
	}
	for i, base := range bases {
		to := counted
		if i+1 < len(bases) {
			to = min(bases[i+1], counted)
		}
		b := &store.Batch{Journal: id, Epoch: base, From: base, To: to, Journaled: epochs[base], Deleted: deleted, MinutesFrom: m.minutes.from}
		if b.From >= b.To && b.Journaled == (rollup.Ledger{}) && len(deleted) == 0 {
			continue
		}
		if err := m.add(ctx, b); err != nil {
			return err
		}
		deleted = nil
	}
	return nil
}

// deleted makes the engine list the deleted scopes. None of them has clicks.
func (m *countsMove) deleted(ctx context.Context) error {
	scopes, err := m.from.Deleted(ctx)
	if err != nil {
		return err
	}
	listed, err := m.to.Deleted(ctx)
	if err != nil {
		return err
	}
	missing := map[rollup.Scope]bool{}
	for _, s := range scopes {
		missing[s] = true
	}
	for _, s := range listed {
		delete(missing, s)
	}
	scopes = slices.DeleteFunc(scopes, func(s rollup.Scope) bool { return !missing[s] })
	for some := range slices.Chunk(scopes, deletionsAtOnce) {
		if err := m.to.Delete(ctx, some); err != nil {
			return err
		}
	}
	return nil
}
