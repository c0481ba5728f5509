package datadir

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/pebble"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/storage/storetest"
	"github.com/footfall/footfall/internal/testkit/logtest"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// randomCounts gives counts clicks of two journals, import marks and deletions. It returns the second
// journal, whose first segments were trimmed.
func randomCounts(t *testing.T, rng *rand.Rand, counts store.ClickCounts, now time.Time) store.JournalID {
	t.Helper()
	var home store.JournalID
	for j := range 2 {
		id, at := store.JournalID{byte(1 + j)}, uint64(100*j)
		for n := range 12 {
			b := &store.Batch{Journal: id, Epoch: at - at%200, From: at, To: at + 50, MinutesFrom: minutesFrom(now)}
			quarters, byMinute := map[rollup.Key]uint64{}, map[rollup.Key]uint64{}
			for range rng.IntN(60) {
				minutes := []int{3 * 60, 72 * 60}[rng.IntN(2)]
				c := click.Click{Time: now.Add(-time.Duration(rng.IntN(minutes)) * time.Minute).UnixMilli(), User: click.UserID(1 + rng.IntN(4)), Bot: rng.IntN(5) == 0}
				c.Link = click.LinkID(10*int(c.User) + rng.IntN(3))
				rollup.Each(c, rollup.QuarterHour, func(k rollup.Key) { quarters[k]++ })
				if c.Time/1000 >= b.MinutesFrom {
					rollup.Each(c, rollup.Minute, func(k rollup.Key) { byMinute[k]++ })
				}
			}
			for k, n := range quarters {
				b.Cells = append(b.Cells, rollup.Cell{Key: k, Clicks: n})
			}
			for k, n := range byMinute {
				b.Minutes = append(b.Minutes, rollup.Cell{Key: k, Clicks: n})
			}
			b.Journaled.Add(b.Cells...)
			b.Marks = []store.Mark{{Input: [32]byte{byte(rng.IntN(3))}, Offset: uint64(n + 1), Clicks: uint64(n), Notes: fmt.Sprint(j, n)}}
			if err := counts.AddBatch(t.Context(), b); err != nil {
				t.Fatal(err)
			}
			at = b.To
		}
		home = id
	}
	if err := counts.Delete(t.Context(), []rollup.Scope{{User: 1}, {User: 2, Link: 21}, {User: 9, Link: 9}}); err != nil {
		t.Fatal(err)
	}
	return home
}

// contents is everything that questions and proofs see of counts.
type contents struct {
	cells                      map[rollup.Key]uint64
	minutes                    map[string][]store.Count
	ledger, journaled, removed rollup.Ledger
	deleted                    []rollup.Scope
	marks                      []store.Mark
	positions                  map[store.JournalID]uint64
	epochs                     map[store.JournalID]map[uint64]rollup.Ledger
}

// contentsOf returns what counts have, without the moved journal.
func contentsOf(t *testing.T, counts store.ClickCounts, now time.Time, moved store.JournalID) contents {
	t.Helper()
	c := contents{cells: map[rollup.Key]uint64{}, minutes: map[string][]store.Count{}, positions: map[store.JournalID]uint64{}, epochs: map[store.JournalID]map[uint64]rollup.Ledger{}}
	ctx := t.Context()
	var errs [6]error
	for cell, err := range counts.Cells(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		c.cells[cell.Key] = cell.Clicks
		var edges []int64
		for at := minutesFrom(now); at <= now.Unix()+60; at += 60 {
			edges = append(edges, at)
		}
		for _, f := range rollup.Facets() {
			if what := fmt.Sprint(cell.Scope, f); f.ByMinute() && c.minutes[what] == nil {
				if c.minutes[what], err = counts.Counts(ctx, store.Query{Scope: cell.Scope, Facet: f, Edges: edges}); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	c.ledger, errs[0] = counts.Ledger(ctx)
	c.journaled, errs[1] = counts.Journaled(ctx)
	c.removed, errs[2] = counts.Removed(ctx)
	c.deleted, errs[3] = counts.Deleted(ctx)
	errs[4] = counts.EachMark(ctx, func(m store.Mark) error { c.marks = append(c.marks, m); return nil })
	journals, err := counts.Journals(ctx)
	errs[5] = err
	for _, id := range journals {
		if id == moved {
			continue
		}
		pos, _, err := counts.Position(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		c.positions[id] = pos.Counted
		if c.epochs[id], err = counts.Epochs(ctx, id); err != nil {
			t.Fatal(err)
		}
	}
	errs[5] = errors.Join(errs[5], counts.Verify(ctx, nil, func(finding string) { t.Error(finding) }))
	if err := errors.Join(errs[:]...); err != nil {
		t.Fatal(err)
	}
	return c
}

// failing is counts whose AddBatch fails now and then, before or after it counted.
type failing struct {
	store.ClickCounts
	rng *rand.Rand
	one int // of so many calls fails
}

var errFailing = errors.New("the move is killed here")

func (f *failing) AddBatch(ctx context.Context, b *store.Batch) error {
	if f.rng.IntN(2*f.one) == 0 {
		return errFailing
	}
	err := f.ClickCounts.AddBatch(ctx, b)
	if err == nil && (f.rng.IntN(2*f.one) == 0 || len(b.Minutes) > 0 && f.rng.IntN(4) == 0) {
		return errFailing
	}
	return err
}

// away is counts each of whose methods that a move calls fails once, as if the engine were away.
type away struct {
	store.ClickCounts
	failed map[string]bool
}

func (a *away) once(method string) error {
	if a.failed[method] {
		return nil
	}
	a.failed[method] = true
	return fmt.Errorf("%s: %w", method, click.ErrUnavailable)
}

func (a *away) AddBatch(ctx context.Context, b *store.Batch) error {
	if err := a.once("AddBatch"); err != nil {
		return err
	}
	return a.ClickCounts.AddBatch(ctx, b)
}

func (a *away) Sync(ctx context.Context) error {
	if err := a.once("Sync"); err != nil {
		return err
	}
	return a.ClickCounts.Sync(ctx)
}

func (a *away) Delete(ctx context.Context, scopes []rollup.Scope) error {
	if err := a.once("Delete"); err != nil {
		return err
	}
	return a.ClickCounts.Delete(ctx, scopes)
}

func (a *away) Position(ctx context.Context, id store.JournalID) (store.Position, bool, error) {
	if err := a.once("Position"); err != nil {
		return store.Position{}, false, err
	}
	return a.ClickCounts.Position(ctx, id)
}

func (a *away) Counts(ctx context.Context, q store.Query) ([]store.Count, error) {
	if err := a.once("Counts"); err != nil {
		return nil, err
	}
	return a.ClickCounts.Counts(ctx, q)
}

func (a *away) Epochs(ctx context.Context, id store.JournalID) (map[uint64]rollup.Ledger, error) {
	if err := a.once("Epochs"); err != nil {
		return nil, err
	}
	return a.ClickCounts.Epochs(ctx, id)
}

func (a *away) Ledger(ctx context.Context) (rollup.Ledger, error) {
	if err := a.once("Ledger"); err != nil {
		return rollup.Ledger{}, err
	}
	return a.ClickCounts.Ledger(ctx)
}

// Cells fails after some cells.
func (a *away) Cells(ctx context.Context) iter.Seq2[rollup.Cell, error] {
	return func(yield func(rollup.Cell, error) bool) {
		n := 0
		for c, err := range a.ClickCounts.Cells(ctx) {
			if n++; n == 100 {
				if err := a.once("Cells"); err != nil {
					yield(rollup.Cell{}, err)
					return
				}
			}
			if !yield(c, err) {
				return
			}
		}
	}
}

// TestMoveWaits: a move goes on after each part of it failed because an engine was away.
func TestMoveWaits(t *testing.T) {
	t.Parallel()
	now := time.Now()
	from, to := &away{openPebble(t), allFailed()}, &away{openPebble(t), map[string]bool{}}
	home := randomCounts(t, seedtest.Rand(t), from, now)
	moved := movedJournal(home)
	want := contentsOf(t, from, now, moved)
	from.failed = map[string]bool{}
	log := new(logtest.Log)
	m := &countsMove{from: from, to: to, home: home, moved: moved, now: func() time.Time { return now }, log: log.Logger(), size: 50}
	var proof Moved
	if err := m.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := m.waiting(t.Context(), func(ctx context.Context) error { return proof.addCounts(ctx, from, to) }); err != nil || !proof.same() {
		t.Errorf("the proof is %+v, %v", proof.Rows, err)
	}
	for side, methods := range map[*away][]string{from: {"Cells", "Counts", "Position", "Epochs", "Ledger"}, to: {"AddBatch", "Position", "Sync", "Delete", "Ledger"}} {
		for _, method := range methods {
			if !side.failed[method] || !strings.Contains(log.String(), method+": ") {
				t.Errorf("the move was to wait for %s: %s", method, log)
			}
		}
		side.failed = allFailed()
	}
	if got := contentsOf(t, to, now, moved); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Error("the counts differ after the move")
	}
}

func openPebble(t *testing.T) *pebble.Store {
	t.Helper()
	counts, err := pebble.Open(pebble.Options{Dir: filepath.Join(t.TempDir(), "clicks"), Logger: logtest.To(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { counts.Close() })
	return counts
}

// allFailed is that no method fails.
func allFailed() map[string]bool {
	failed := map[string]bool{}
	for _, method := range []string{"AddBatch", "Position", "Sync", "Delete", "Cells", "Counts", "Epochs", "Ledger"} {
		failed[method] = true
	}
	return failed
}

// byMinute is counts that read all minutes at once, and answer no question.
type byMinute struct{ store.ClickCounts }

func (*byMinute) Counts(context.Context, store.Query) ([]store.Count, error) {
	return nil, errors.New("a question for the minutes of one scope")
}

func (b *byMinute) Minutes(ctx context.Context, from int64) iter.Seq2[rollup.Cell, error] {
	return func(yield func(rollup.Cell, error) bool) {
		scope, edges := rollup.Scope{}, []int64{}
		for at := from; at <= from+rollup.MinutesKept+2*3600; at += rollup.Minute {
			edges = append(edges, at)
		}
		for quarter, err := range b.Cells(ctx) {
			if quarter.Scope == scope && err == nil {
				continue
			}
			scope = quarter.Scope
			for _, f := range rollup.Facets() {
				if !f.ByMinute() || !f.In(scope) {
					continue
				}
				counts, err2 := b.ClickCounts.Counts(ctx, store.Query{Scope: scope, Facet: f, Edges: edges})
				if err = errors.Join(err, err2); err != nil {
					yield(rollup.Cell{}, err)
					return
				}
				for _, c := range counts {
					k := rollup.Key{Scope: scope, Facet: f, Slot: edges[c.Interval], Value: c.Value}
					if !yield(rollup.Cell{Key: k, Clicks: c.Clicks}, nil) {
						return
					}
				}
			}
		}
	}
}

// neverDurable is counts that take all batches, and lose them.
type neverDurable struct{ store.ClickCounts }

func (neverDurable) AddBatch(context.Context, *store.Batch) error { return nil }
func (neverDurable) Sync(context.Context) error                   { return store.ErrResume }

// TestMoveGivesUp: batches that are added again are no progress, and the pauses of the move grow.
func TestMoveGivesUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		from := new(storetest.MemoryCounts)
		home := randomCounts(t, seedtest.Rand(t), from, now)
		m := &countsMove{from: from, to: neverDurable{new(storetest.MemoryCounts)}, home: home, moved: movedJournal(home), now: time.Now, log: logtest.To(t)}
		ctx, stop := context.WithTimeout(t.Context(), time.Hour)
		defer stop()
		if err := m.run(ctx); !errors.Is(err, store.ErrResume) {
			t.Errorf("the move returns %v, want ErrResume", err)
		}
		if waited := time.Since(now); waited < 9*time.Minute || waited > 11*time.Minute {
			t.Errorf("the move waited for %v, want about ten minutes", waited)
		}
	})
}

// TestMoveCounts: counts are the same in another engine, after a move that failed often, and in a
// third engine, for which all minutes are read at once.
func TestMoveCounts(t *testing.T) {
	t.Parallel()
	rng, now := seedtest.Rand(t), time.Now()
	for range seedtest.Rounds(t, 3) {
		first := openPebble(t)
		home := randomCounts(t, rng, first, now)
		moved := movedJournal(home)
		want := contentsOf(t, first, now, moved)
		for i, to := range []store.ClickCounts{new(storetest.MemoryCounts), openPebble(t)} {
			from := []store.ClickCounts{first, &byMinute{first}}[i]
			size := []int{1, 3, 50, 400}[rng.IntN(4)]
			to := &failing{to, rng, 3 + len(want.cells)/size/20}
			m := &countsMove{from: from, to: to, home: home, moved: moved, now: func() time.Time { return now }, log: logtest.To(t), size: uint64(size)}
			for err := m.run(t.Context()); err != nil; err = m.run(t.Context()) {
				if !errors.Is(err, errFailing) {
					t.Fatal(err)
				}
			}
			got := contentsOf(t, to, now, moved)
			for f := range reflect.TypeFor[contents]().NumField() {
				g, w := reflect.ValueOf(got).Field(f), reflect.ValueOf(want).Field(f)
				if fmt.Sprint(g) != fmt.Sprint(w) {
					t.Errorf("move %d: %s is %v\nwant %v", i+1, reflect.TypeFor[contents]().Field(f).Name, g, w)
				}
			}
		}
	}
}
