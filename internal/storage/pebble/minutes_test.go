package pebble_test

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2"

	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// TestMinutesExpire: hours before MinutesFrom take no space, also if they come late.
func TestMinutesExpire(t *testing.T) {
	t.Parallel()
	s := open(t, memory())
	defer s.Close()
	minute := func(hour int64) rollup.Cell {
		return rollup.Cell{Key: rollup.Key{Scope: rollup.Scope{User: 1}, Facet: rollup.All, Slot: 3600*hour + 60}, Clicks: 1}
	}
	for i, step := range []struct {
		source byte
		from   int64 // hour
		hours  []int64
		kept   []uint32
	}{
		{1, 100, []int64{100, 101, 102}, []uint32{100, 101, 102}},
		{1, 101, []int64{102}, []uint32{101, 102}},
		{2, 101, []int64{100, 103}, []uint32{101, 102, 103}},
		{1, 99, []int64{98, 99}, []uint32{99, 101, 102, 103}}, // the clock was set back
		{2, 102, []int64{101}, []uint32{102, 103}},
		{1, 200, nil, nil},
	} {
		b := &store.Batch{Journal: store.JournalID{step.source}, From: uint64(i), To: uint64(i) + 1, MinutesFrom: 3600 * step.from}
		if p, known, _ := s.Position(t.Context(), b.Journal); known {
			b.From = p.Counted
		}
		for _, h := range step.hours {
			b.Minutes = append(b.Minutes, minute(h))
		}
		if err := s.AddBatch(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		it, err := s.DB().NewIter(&pebble.IterOptions{LowerBound: []byte("m"), UpperBound: []byte("n")})
		if err != nil {
			t.Fatal(err)
		}
		var kept []uint32
		for ok := it.First(); ok; ok = it.Next() {
			kept = append(kept, binary.BigEndian.Uint32(it.Key()[1:]))
		}
		if err := it.Close(); err != nil || !slices.Equal(kept, step.kept) {
			t.Errorf("step %d: hours %v are kept (%v), want %v", i, kept, err, step.kept)
		}
	}
}
