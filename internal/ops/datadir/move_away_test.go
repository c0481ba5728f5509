package datadir

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/logtest"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// calls counts the calls of an engine and of its snapshots. One of them fails.
type calls struct {
	mu     sync.Mutex
	all    []string // the methods
	fails  int      // the number of a call, from 1; 0 is none
	failed string
}

func (c *calls) call(method string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all = append(c.all, method); len(c.all) != c.fails {
		return nil
	}
	c.failed = method
	return fmt.Errorf("%s: %w", method, click.ErrUnavailable)
}

// tried calls f, except if this call fails.
func tried[T any](c *calls, method string, f func() (T, error)) (v T, err error) {
	if err := c.call(method); err != nil {
		return v, err
	}
	return f()
}

// proofCalls is what a move and its audit ask of counts and of snapshots alike.
type proofCalls struct {
	counts interface {
		store.Progress
		store.Proof
	}
	*calls
}

func (p proofCalls) Journals(ctx context.Context) ([]store.JournalID, error) {
	return tried(p.calls, "Journals", func() ([]store.JournalID, error) { return p.counts.Journals(ctx) })
}

func (p proofCalls) Deleted(ctx context.Context) ([]rollup.Scope, error) {
	return tried(p.calls, "Deleted", func() ([]rollup.Scope, error) { return p.counts.Deleted(ctx) })
}

func (p proofCalls) Ledger(ctx context.Context) (rollup.Ledger, error) {
	return tried(p.calls, "Ledger", func() (rollup.Ledger, error) { return p.counts.Ledger(ctx) })
}

func (p proofCalls) Journaled(ctx context.Context) (rollup.Ledger, error) {
	return tried(p.calls, "Journaled", func() (rollup.Ledger, error) { return p.counts.Journaled(ctx) })
}

func (p proofCalls) Removed(ctx context.Context) (rollup.Ledger, error) {
	return tried(p.calls, "Removed", func() (rollup.Ledger, error) { return p.counts.Removed(ctx) })
}

func (p proofCalls) Epochs(ctx context.Context, id store.JournalID) (map[uint64]rollup.Ledger, error) {
	return tried(p.calls, "Epochs", func() (map[uint64]rollup.Ledger, error) { return p.counts.Epochs(ctx, id) })
}

func (p proofCalls) Position(ctx context.Context, id store.JournalID) (pos store.Position, known bool, err error) {
	if err := p.call("Position"); err != nil {
		return pos, false, err
	}
	return p.counts.Position(ctx, id)
}

func (p proofCalls) EachMark(ctx context.Context, f func(store.Mark) error) error {
	if err := p.call("EachMark"); err != nil {
		return err
	}
	return p.counts.EachMark(ctx, f)
}

func (p proofCalls) Verify(ctx context.Context, part func() func(*rollup.Cell) error, report func(string)) error {
	if err := p.call("Verify"); err != nil {
		report("a finding of a check that did not end")
		return err
	}
	return p.counts.Verify(ctx, part, report)
}

func (p proofCalls) Cells(ctx context.Context) iter.Seq2[rollup.Cell, error] {
	return func(yield func(rollup.Cell, error) bool) {
		if err := p.call("Cells"); err != nil {
			yield(rollup.Cell{}, err)
			return
		}
		p.counts.Cells(ctx)(yield)
	}
}

func (p proofCalls) Marks(ctx context.Context, input [32]byte) ([]store.Mark, error) {
	return tried(p.calls, "Marks", func() ([]store.Mark, error) { return p.counts.Marks(ctx, input) })
}

func (p proofCalls) Highest(ctx context.Context) (click.UserID, click.LinkID, error) {
	return p.counts.Highest(ctx)
}

// calledCounts is shared counts whose calls are counted.
type calledCounts struct {
	proofCalls
	store.Questions
	store.Counting
	store.Identity
	store.JournalCounts
	memory memory
}

func newCalledCounts(m memory, c *calls) *calledCounts {
	return &calledCounts{proofCalls{m, c}, m, m, m, m, m}
}

func (c *calledCounts) Counts(ctx context.Context, q store.Query) ([]store.Count, error) {
	return tried(c.calls, "Counts", func() ([]store.Count, error) { return c.memory.Counts(ctx, q) })
}

func (c *calledCounts) AddBatch(ctx context.Context, b *store.Batch) error {
	if err := c.call("AddBatch"); err != nil {
		return err
	}
	return c.memory.AddBatch(ctx, b)
}

func (c *calledCounts) Sync(ctx context.Context) error {
	if err := c.call("Sync"); err != nil {
		return err
	}
	return c.memory.Sync(ctx)
}

func (c *calledCounts) Delete(ctx context.Context, scopes []rollup.Scope) error {
	if err := c.call("Delete"); err != nil {
		return err
	}
	return c.memory.Delete(ctx, scopes)
}

func (c *calledCounts) Installation(ctx context.Context, offer [16]byte) ([16]byte, error) {
	return tried(c.calls, "Installation", func() ([16]byte, error) { return c.memory.Installation(ctx, offer) })
}

func (c *calledCounts) Snapshot(ctx context.Context) (store.Snapshot, error) {
	return tried(c.calls, "Snapshot", func() (store.Snapshot, error) {
		snap, err := c.memory.Snapshot(ctx)
		return calledSnapshot{proofCalls{snap, c.calls}, snap, snap}, err
	})
}

func (*calledCounts) Lagging() (servers, deletions int) { return 0, 0 }
func (*calledCounts) Close() error                      { return nil }

type calledSnapshot struct {
	proofCalls
	store.Questions
	snap store.Snapshot
}

func (s calledSnapshot) Close() error { return s.snap.Close() }

// moveOnce moves a directory into a cluster and back, while a call of the counts of the cluster fails.
// It returns the calls of each direction.
func moveOnce(t *testing.T, failsOut, failsBack int) (out, back *calls) {
	dir, log := filepath.Join(t.TempDir(), "data"), new(logtest.Log)
	d, _ := openIn(t, dir)
	d.click(t, 5)
	d.mustClose(t)
	m, links := newMemory(), newSharedFile(t)
	o := m.options(dir, log)
	o.Links = links.engine()
	move := func(what string, fails int, f func(context.Context, Options, func(string)) (Moved, error)) *calls {
		c := &calls{fails: fails}
		o.Clicks = &SharedCounts{Engine: "memory", Open: func(context.Context, string) (SharedCountsStore, error) { return newCalledCounts(m, c), nil }}
		moved, err := f(t.Context(), o, func(finding string) { t.Error(finding) })
		if err != nil || len(moved.Rows) == 0 || !moved.same() {
			t.Fatalf("%s, while call %d (%s) fails: %+v, %v", what, fails, c.failed, moved.Rows, err)
		}
		return c
	}
	out = move("to a cluster", failsOut, MoveToCluster)
	o.Path = filepath.Join(t.TempDir(), "back")
	back = move("from a cluster", failsBack, MoveFromCluster)
	d, _ = openIn(t, o.Path)
	d.click(t, 1)
	d.checks(t, 6, 3)
	d.mustClose(t)
	return out, back
}

// edges returns the numbers, from 1, of the first and the last call of each method in each list,
// and some of the others.
func edges(rng *rand.Rand, others int, lists ...[]string) map[int]bool {
	chosen := map[int]bool{}
	for _, list := range lists {
		for i, method := range list {
			if !slices.Contains(list[:i], method) || !slices.Contains(list[i+1:], method) {
				chosen[i+1] = true
			}
		}
		for range others {
			chosen[1+rng.IntN(len(list))] = true
		}
	}
	return chosen
}

// TestMoveWaitsAnywhere: a move in each direction goes on after any one call of the cluster's counts
// failed, from the first question to the audit: the first and the last of each method, and some
// others.
func TestMoveWaitsAnywhere(t *testing.T) {
	t.Parallel()
	out, back := moveOnce(t, 0, 0)
	var mu sync.Mutex
	failed := map[string]bool{}
	t.Run("each call", func(t *testing.T) {
		for n := range edges(seedtest.Rand(t), seedtest.Rounds(t, 3), out.all, back.all) {
			t.Run(fmt.Sprint(n), func(t *testing.T) {
				t.Parallel()
				out, back := moveOnce(t, n, n)
				mu.Lock()
				defer mu.Unlock()
				failed[out.failed+" out"], failed[back.failed+" back"] = true, true
			})
		}
	})
	for _, call := range []string{
		"Journals out", "Installation out", "AddBatch out", "Snapshot out", "Verify out", "Epochs out",
		"Installation back", "Ledger back", "Journals back", "Position back", "Cells back",
	} {
		if !failed[call] {
			t.Errorf("the call %s was to fail: %v", call, failed)
		}
	}
}
