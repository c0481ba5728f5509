package pebble_test

import (
	"errors"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/pebble"
	"github.com/footfall/footfall/internal/storage/store"
)

// TestCacheBesideTables: a question that is asked again is answered from the cache of blocks, although tables also
// take memory of that cache.
func TestCacheBesideTables(t *testing.T) {
	t.Parallel()
	const size = 512 << 10
	s := open(t, pebble.Options{Dir: "clicks", FS: vfs.NewMem(), Cache: size, MemTable: size})
	// The engine's first tables are smaller than later ones.
	for i := range uint64(4) {
		cells := []rollup.Cell{{Key: rollup.Key{Scope: rollup.Scope{User: 1}, Facet: rollup.All, Slot: rollup.Day}, Clicks: 1}}
		if err := errors.Join(s.AddBatch(t.Context(), &store.Batch{From: i, To: i + 1, Cells: cells}), s.Sync(t.Context())); err != nil {
			t.Fatal(err)
		}
	}
	ask := func() {
		got, err := s.Counts(t.Context(), store.Query{Scope: rollup.Scope{User: 1}, Facet: rollup.All, Edges: []int64{0, 2 * rollup.Day}})
		if err != nil || len(got) != 1 || got[0].Clicks != 4 {
			t.Fatalf("got %v (%v)", got, err)
		}
	}
	ask()
	before := s.DB().Metrics().BlockCache
	for range 50 {
		ask()
	}
	// With the race detector, the engine forgets a block now and then, to test itself.
	after := s.DB().Metrics().BlockCache
	if hits, misses := after.Hits-before.Hits, after.Misses-before.Misses; hits < 2*misses || hits == 0 {
		t.Errorf("the next answers found %d blocks in the cache, and missed %d", hits, misses)
	}
}
