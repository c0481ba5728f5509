package pebble_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/pebble"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/seedtest"
	"github.com/footfall/footfall/internal/testkit/tracetest"
)

// word is random, so that no other data has a part of it.
func word(rng *rand.Rand) string {
	const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	b := make([]byte, 24)
	for i := range b {
		b[i] = letters[rng.IntN(len(letters))]
	}
	return string(b)
}

// history counts clicks of users and their links, with referrers of their own, in
// many files of the engine.
type history struct {
	t     *testing.T
	s     *pebble.Store
	rng   *rand.Rand
	at    uint64
	words map[rollup.Scope][]string // of each link
	gone  []string
}

func (h *history) addBatches(batches int) {
	h.t.Helper()
	for range batches {
		cells := map[rollup.Key]uint64{}
		minutes := map[rollup.Key]uint64{}
		for range 40 {
			link := rollup.Scope{User: click.UserID(1 + h.rng.IntN(6)), Link: click.LinkID(1 + h.rng.IntN(4))}
			link.Link += 10 * click.LinkID(link.User)
			w := word(h.rng)
			h.words[link] = append(h.words[link], w)
			c := click.Click{User: link.User, Link: link.Link, Time: 1_700_000_000_000 + int64(h.rng.IntN(40*86400_000)), Referrer: click.Referrer("http://" + w)}
			rollup.Each(c, rollup.QuarterHour, func(k rollup.Key) { cells[k]++ })
			rollup.Each(c, rollup.Minute, func(k rollup.Key) { minutes[k]++ })
		}
		b := &store.Batch{Journal: store.JournalID{1}, From: h.at, To: h.at + 10}
		h.at = b.To
		for k, n := range cells {
			b.Cells = append(b.Cells, rollup.Cell{Key: k, Clicks: n})
		}
		for k, n := range minutes {
			b.Minutes = append(b.Minutes, rollup.Cell{Key: k, Clicks: n})
		}
		b.Journaled.Add(b.Cells...)
		if err := errors.Join(h.s.AddBatch(h.t.Context(), b), h.s.Sync(h.t.Context())); err != nil {
			h.t.Fatal(err)
		}
	}
}

func (h *history) delete(s rollup.Scope) {
	h.t.Helper()
	if err := h.s.Delete(h.t.Context(), []rollup.Scope{s}); err != nil {
		h.t.Fatal(err)
	}
	for link, words := range h.words {
		if link.User == s.User && (s.Link == click.AllLinks || link.Link == s.Link) {
			h.gone = append(h.gone, words...)
			delete(h.words, link)
		}
	}
}

// TestPurge: nothing that was deleted is left in the files, whatever the engine did
// with it before, and the rest stays.
func TestPurge(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, pebble.Options{Dir: dir})
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	h := &history{t: t, s: s, rng: seedtest.Rand(t), words: map[rollup.Scope][]string{}}
	check := func(what string) {
		t.Helper()
		if left := tracetest.Count(t, dir, h.gone); left > 0 {
			t.Fatalf("%s: the files have %d of %d deleted referrers", what, left, len(h.gone))
		}
		for link, words := range h.words {
			counts, err := s.Counts(t.Context(), store.Query{Scope: link, Facet: rollup.Referrer, Edges: []int64{0, 900 * 4_000_000}})
			if err != nil || len(counts) != len(words) {
				t.Fatalf("%s: link %v has %d of %d referrers, %v", what, link, len(counts), len(words), err)
			}
		}
		if err := s.Verify(t.Context(), nil, func(finding string) { t.Errorf("%s: %s", what, finding) }); err != nil {
			t.Fatal(err)
		}
	}
	h.addBatches(12)
	h.delete(rollup.Scope{User: 1})
	h.delete(rollup.Scope{User: 2, Link: 21})
	if tracetest.Count(t, dir, h.gone) == 0 {
		t.Error("the deleted referrers were never in the files")
	}
	purge := func(everything bool) {
		t.Helper()
		if err := s.Purge(t.Context(), everything); err != nil {
			t.Fatal(err)
		}
	}
	purge(false)
	check("a user and a link")
	h.addBatches(6)
	for link := range click.LinkID(4) {
		h.delete(rollup.Scope{User: 3, Link: 31 + link})
	}
	h.addBatches(1) // also of deleted ids: here they are new
	h.delete(rollup.Scope{User: 1})
	h.delete(rollup.Scope{User: 3})
	purge(false)
	check("links, one after the other")

	h.delete(rollup.Scope{User: 4})
	if err := s.Close(); err != nil { // before anything is purged
		t.Fatal(err)
	}
	s = open(t, pebble.Options{Dir: dir})
	h.s = s
	purge(true)
	check("after a restart")
}

// TestPurgeWaits: Purge waits for snapshots that still have the deleted data.
func TestPurgeWaits(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, pebble.Options{Dir: dir})
	defer s.Close()
	h := &history{t: t, s: s, rng: seedtest.Rand(t), words: map[rollup.Scope][]string{}}
	h.addBatches(5)
	snap, err := s.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	h.delete(rollup.Scope{User: 1})
	cut, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Purge(cut, false); !errors.Is(err, context.Canceled) {
		t.Errorf("Purge with an open snapshot: %v", err)
	}
	purged := make(chan error)
	go func() { purged <- s.Purge(t.Context(), false) }()
	if clicks, err := snap.Counts(t.Context(), store.Query{Scope: rollup.Scope{User: 1}, Facet: rollup.All, Edges: []int64{0, 900 * 4_000_000}}); err != nil || len(clicks) != 1 {
		t.Errorf("the snapshot has %v, %v", clicks, err)
	}
	if err := errors.Join(snap.Close(), <-purged); err != nil {
		t.Fatal(err)
	}
	if left := tracetest.Count(t, dir, h.gone); left > 0 {
		t.Errorf("the files have %d of %d deleted referrers", left, len(h.gone))
	}
}
