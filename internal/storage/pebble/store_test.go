package pebble_test

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/footfall/footfall/internal/storage/pebble"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/storage/storetest"
)

func open(t testing.TB, o pebble.Options) *pebble.Store {
	t.Helper()
	s, err := pebble.Open(o)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	return s
}

func TestClicksOnDisk(t *testing.T) {
	t.Parallel()
	storetest.Counts(t, func(t *testing.T) store.ClickCounts {
		return open(t, pebble.Options{Dir: t.TempDir()})
	})
}

// TestInMemory has tables so small that the engine flushes and compacts all the
// time, some batches do not fit into one, and sums take many passes.
func TestInMemory(t *testing.T) {
	t.Parallel()
	storetest.Counts(t, func(t *testing.T) store.ClickCounts {
		return open(t, pebble.Options{Dir: "clicks", FS: vfs.NewMem(), MemTable: 16 << 10, Cache: 1 << 20, Held: 100}.BusyFrom(1))
	})
}

// TestBusyMonths has months that become busy in the middle of most tests.
func TestBusyMonths(t *testing.T) {
	t.Parallel()
	storetest.Counts(t, func(t *testing.T) store.ClickCounts { return open(t, memory().BusyFrom(5)) })
}
