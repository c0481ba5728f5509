package pebble_test

import (
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"github.com/footfall/footfall/internal/storage/pebble"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/storage/storetest"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// TestCrash loses power in random histories of batches and syncs. After that, the
// store must hold what it held after some batch, not before the last one that was
// reported as durable, and counting must go on.
func TestCrash(t *testing.T) {
	t.Parallel()
	seedtest.Check(t, func(r *rapid.T) {
		ctx := t.Context()
		disk := vfs.NewCrashableMem()
		options := pebble.Options{
			Dir: "clicks", FS: disk, Cache: 1 << 20,
			// Some tables hold many batches, and some batches do not fit into one.
			MemTable: rapid.SampledFrom([]int{8 << 10, 32 << 10, 1 << 20}).Draw(r, "MemTable"),
		}
		source := store.JournalID{byte(1)}
		var batches []*store.Batch
		drawNext := func(r *rapid.T) *store.Batch {
			from := uint64(0)
			if n := len(batches); n > 0 {
				from = batches[n-1].To
			}
			b := storetest.DrawBatch(r, source, from, from+rapid.Uint64Range(1, 10).Draw(r, "length"))
			batches = append(batches, b)
			return b
		}
		for range rapid.IntRange(1, 3).Draw(r, "lives") {
			s, err := pebble.Open(options)
			if err != nil {
				r.Fatalf("Open after a crash: %v", err)
			}
			for range rapid.IntRange(0, 15).Draw(r, "steps") {
				switch rapid.IntRange(0, 4).Draw(r, "step") {
				case 0:
					if err := s.Sync(ctx); err != nil {
						r.Fatalf("Sync: %v", err)
					}
				default:
					if err := s.AddBatch(ctx, drawNext(r)); err != nil {
						r.Fatalf("AddBatch: %v", err)
					}
				}
			}
			before, _, err := s.Position(ctx, source)
			if err != nil {
				r.Fatalf("Position: %v", err)
			}
			crashed := disk.CrashClone(vfs.CrashCloneCfg{
				UnsyncedDataPercent: rapid.IntRange(0, 100).Draw(r, "kept"),
				RNG:                 rand.New(rand.NewPCG(rapid.Uint64().Draw(r, "seed"), 0)),
			})
			if err := s.Close(); err != nil {
				r.Fatalf("Close: %v", err)
			}
			disk, options.FS = crashed, crashed

			// The batches up to Counted are left.
			s, err = pebble.Open(options)
			if err != nil {
				r.Fatalf("Open after a crash: %v", err)
			}
			after, known, err := s.Position(ctx, source)
			if err != nil || after.Counted < before.Durable || after.Counted > before.Counted || after.Durable != after.Counted {
				r.Fatalf("position %+v (%v, %v) after a crash, before it %+v", after, known, err, before)
			}
			model := &storetest.MemoryCounts{}
			for _, b := range batches {
				if b.To <= after.Counted {
					if err := model.AddBatch(ctx, b); err != nil {
						r.Fatal(err)
					}
				}
			}
			if err := storetest.Same(s, model, source); err != nil {
				r.Fatalf("after a crash, counted to %d: %v", after.Counted, err)
			}
			// The journal is read again, from a position before Counted.
			for _, b := range batches {
				for _, c := range []store.ClickCounts{s, model} {
					if err := c.AddBatch(ctx, b); err != nil {
						r.Fatalf("AddBatch again: %v", err)
					}
				}
			}
			if err := storetest.Same(s, model, source); err != nil {
				r.Fatalf("after the journal was read again: %v", err)
			}
			if err := s.Close(); err != nil {
				r.Fatalf("Close: %v", err)
			}
		}
	})
}

// TestCloseIsDurable: after Close nothing must be read again.
func TestCloseIsDurable(t *testing.T) {
	t.Parallel()
	disk := vfs.NewCrashableMem()
	o := pebble.Options{Dir: "clicks", FS: disk}
	s := open(t, o)
	if err := s.AddBatch(t.Context(), &store.Batch{From: 5, To: 9}); err != nil {
		t.Fatal(err)
	}
	if p, _, _ := s.Position(t.Context(), store.JournalID{}); p.Durable != 0 || p.Counted != 9 {
		t.Errorf("position %+v before anything was flushed", p)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	o.FS = disk.CrashClone(vfs.CrashCloneCfg{})
	s = open(t, o)
	defer s.Close()
	if p, _, err := s.Position(t.Context(), store.JournalID{}); err != nil || p.Durable != 9 || p.Counted != 9 {
		t.Errorf("position %+v, %v after Close and Open, want 9", p, err)
	}
}
