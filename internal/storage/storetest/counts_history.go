package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"

	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/seedtest"
	"pgregory.net/rapid"
)

// history is one random history, of two journals. Each step is done on every engine, and their
// answers are compared.
type history struct {
	*counts                   // the model
	engines []*counts         // the store under test, and others
	open    []store.Snapshot  // of the model and the engines
	ends    [2]uint64         // of what is counted of each journal
	deleted [2][]rollup.Scope // in Batch.Deleted of each journal
}

// journals are those of a history.
var journals = []store.JournalID{{0}, {1}}

// lawModel runs random histories on the model, on the store and on the other engines.
func lawModel(t *testing.T, c *counts) {
	seedtest.Check(t, func(r *rapid.T) {
		model := &MemoryCounts{}
		h := &history{counts: newCounts(func() io.Closer { return model }), engines: []*counts{c.open()}}
		for _, open := range c.others {
			h.engines = append(h.engines, open())
		}
		defer func() {
			h.closeSnapshots(r)
			for _, e := range h.engines {
				if err := e.Close(); err != nil {
					r.Errorf("Close: %v", err)
				}
			}
		}()
		tested := h.engines[0]
		actions := map[string]func(*rapid.T){
			"add a batch": h.addBatch,
			"counts":      h.askCounts,
			"sum":         h.askSum,
			"first":       h.askFirst,
			"delete": func(r *rapid.T) {
				scopes := rapid.SliceOfN(rapid.Custom(drawScope), 0, 5).Draw(r, "scopes")
				h.do(r, "Delete", func(c *counts) error { return c.Delete(c.ctx, scopes) })
			},
			"sync": func(r *rapid.T) {
				if rapid.IntRange(0, 3).Draw(r, "sync") == 0 {
					h.do(r, "Sync", func(c *counts) error { return c.Sync(c.ctx) })
				}
			},
		}
		if tested.JournalCounts != nil {
			actions["add a batch with deletions"] = func(r *rapid.T) {
				if rapid.IntRange(0, 3).Draw(r, "delete") == 0 {
					h.addDeletions(r)
				}
			}
			actions["counts of a journal"] = h.askJournal
		}
		if tested.Identity != nil {
			actions["identity"] = h.askIdentity
		}
		if tested.snapshot != nil {
			actions["snapshot"] = h.compareSnapshots
		}
		if tested.Progress != nil && tested.Proof != nil {
			actions[""] = func(r *rapid.T) {
				for i, e := range h.engines {
					if err := Same(e, model, journals...); err != nil {
						r.Fatalf("engine %d: %v", i, err)
					}
				}
			}
		}
		r.Repeat(actions)
	})
}

// ask asks each engine a question, and compares the answers.
func ask[A any](r *rapid.T, h *history, question string, equal func(want, got A) bool, f func(*counts) (A, error)) {
	r.Helper()
	want, wanted := f(h.counts)
	for i, e := range h.engines {
		got, err := f(e)
		for _, known := range []error{store.ErrGap, store.ErrOverlap, store.ErrGrain} {
			if errors.Is(wanted, known) != errors.Is(err, known) {
				r.Fatalf("engine %d: %s: error %v, want %v", i, question, err, wanted)
			}
		}
		if (wanted == nil) != (err == nil) {
			r.Fatalf("engine %d: %s: error %v, want %v", i, question, err, wanted)
		}
		if !equal(want, got) {
			r.Fatalf("engine %d: %s: %v, want %v", i, question, got, want)
		}
	}
}

func equal[A comparable](want, got A) bool { return want == got }

// do does something on each engine, and compares the errors.
func (h *history) do(r *rapid.T, what string, f func(*counts) error) {
	r.Helper()
	ask(r, h, what, equal[struct{}], func(c *counts) (struct{}, error) { return struct{}{}, f(c) })
}

// askShared is ask of the engines with JournalCounts.
func askShared[A any](r *rapid.T, h *history, question string, equal func(want, got A) bool, f func(store.JournalCounts) (A, error)) {
	r.Helper()
	shared := *h
	shared.engines = slices.DeleteFunc(slices.Clone(h.engines), func(c *counts) bool { return c.JournalCounts == nil })
	ask(r, &shared, question, equal, func(c *counts) (A, error) { return f(c.JournalCounts) })
}

// addBatch adds a batch to one of the journals. Sometimes the batch does not begin where the last
// one has ended.
func (h *history) addBatch(r *rapid.T) {
	i := rapid.IntRange(0, len(journals)-1).Draw(r, "source")
	from := h.ends[i] - min(h.ends[i], rapid.SampledFrom([]uint64{0, 0, 0, 0, 3, 10}).Draw(r, "back"))
	from += rapid.SampledFrom([]uint64{0, 0, 0, 0, 1}).Draw(r, "skip")
	b := DrawBatch(r, journals[i], from, from+rapid.Uint64Range(1, 10).Draw(r, "length"))
	h.do(r, "AddBatch", func(c *counts) error { return c.AddBatch(c.ctx, b) })
	p, _, err := h.Position(h.ctx, b.Journal)
	if err != nil {
		r.Fatal(err)
	}
	h.ends[i] = p.Counted
}

// addDeletions adds a batch that records deletions, and makes them durable.
func (h *history) addDeletions(r *rapid.T) {
	i := rapid.IntRange(0, len(journals)-1).Draw(r, "source")
	from := h.ends[i]
	h.ends[i] += rapid.Uint64Range(1, 10).Draw(r, "length")
	b := DrawBatch(r, journals[i], from, h.ends[i])
	b.Deleted = rapid.SliceOfN(rapid.Custom(drawScope), 1, 3).Draw(r, "deleted")
	h.deleted[i] = append(h.deleted[i], b.Deleted...)
	h.do(r, "AddBatch with deletions", func(c *counts) error {
		err := c.AddBatch(c.ctx, b)
		if err == nil && c.JournalCounts == nil {
			err = c.Delete(c.ctx, b.Deleted)
		}
		return errors.Join(err, c.Sync(c.ctx))
	})
}

// askJournal asks what a journal has added, except to the scopes of deletions that it records.
func (h *history) askJournal(r *rapid.T) {
	i := rapid.IntRange(0, len(journals)-1).Draw(r, "source")
	e := store.Earlier{Journal: journals[i], Before: (h.ends[i] + 49) / 50 * 50}
	e.Before -= min(e.Before, rapid.SampledFrom([]uint64{0, 50}).Draw(r, "earlier"))
	gone := func(s rollup.Scope) bool {
		return slices.Contains(h.deleted[i], s) || slices.Contains(h.deleted[i], rollup.Scope{User: s.User})
	}
	var days []store.ScopeDay
	for _, s := range rapid.SliceOfN(rapid.Custom(drawScope), 1, 4).Draw(r, "scopes") {
		if !gone(s) {
			days = append(days, store.ScopeDay{Scope: s, Day: noon - noon%rollup.Day + rollup.Day*rapid.Int64Range(-2, 1).Draw(r, "day")})
		}
	}
	askShared(r, h, "DayClicks", slices.Equal, func(c store.JournalCounts) ([]uint64, error) { return c.DayClicks(h.ctx, e, days) })
	for _, d := range days {
		f := rapid.SampledFrom(rollup.Facets()).Draw(r, "facet")
		askShared(r, h, "DayValues", slices.Equal, func(c store.JournalCounts) ([]string, error) {
			values, err := c.DayValues(h.ctx, e, d, f)
			slices.Sort(values)
			return values, err
		})
	}
	askShared(r, h, "JournalDeleted", slices.Equal, func(c store.JournalCounts) ([]rollup.Scope, error) {
		deleted, err := c.JournalDeleted(h.ctx, e)
		slices.SortFunc(deleted, byUserAndLink)
		return deleted, err
	})
}

func (h *history) askCounts(r *rapid.T) {
	q := drawQuery(r)
	ask(r, h, fmt.Sprintf("Counts(%+v)", q), slices.Equal, func(c *counts) ([]store.Count, error) { return c.Counts(c.ctx, q) })
}

func (h *history) askSum(r *rapid.T) {
	q := drawSum(r)
	ask(r, h, fmt.Sprintf("Sum(%+v)", q), slices.Equal, func(c *counts) (all []store.Count, err error) {
		err = c.Sum(c.ctx, q, collect(&all))
		return all, err
	})
}

func (h *history) askFirst(r *rapid.T) {
	s, f := drawScope(r), rapid.SampledFrom(rollup.Facets()).Draw(r, "facet")
	type first struct {
		second int64
		found  bool
	}
	ask(r, h, fmt.Sprintf("First(%+v, %s)", s, f), equal[first], func(c *counts) (a first, err error) {
		a.second, a.found, err = c.First(c.ctx, s, f)
		return a, err
	})
}

// askIdentity offers an installation, and replaces the note.
func (h *history) askIdentity(r *rapid.T) {
	offer := [16]byte{rapid.Byte().Draw(r, "offer")}
	ask(r, h, "Installation", equal[[16]byte], func(c *counts) ([16]byte, error) { return c.Installation(c.ctx, offer) })
	note := rapid.SliceOfN(rapid.Byte(), 0, 3).Draw(r, "note")
	if rapid.Bool().Draw(r, "set") {
		h.do(r, "SetNote", func(c *counts) error { return c.SetNote(c.ctx, note) })
	}
	ask(r, h, "Note", bytes.Equal, func(c *counts) ([]byte, error) { return c.Note(c.ctx) })
}

// compareSnapshots compares the snapshots that the last call left open, and closes them, or takes
// new ones.
func (h *history) compareSnapshots(r *rapid.T) {
	if len(h.open) == 0 {
		for _, c := range append([]*counts{h.counts}, h.engines...) {
			snap, err := c.snapshot(c.ctx)
			if err != nil {
				r.Fatalf("Snapshot: %v", err)
			}
			h.open = append(h.open, snap)
		}
		if rapid.IntRange(0, 7).Draw(r, "keep") == 0 {
			return
		}
	}
	for i, snap := range h.open[1:] {
		if err := Same(snap, h.open[0], journals...); err != nil {
			r.Fatalf("snapshot of engine %d: %v", i, err)
		}
	}
	h.closeSnapshots(r)
}

func (h *history) closeSnapshots(r *rapid.T) {
	for _, snap := range h.open {
		if err := snap.Close(); err != nil {
			r.Errorf("Close of a snapshot: %v", err)
		}
	}
	h.open = nil
}
