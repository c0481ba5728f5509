package cli

import (
	"runtime"
	"testing"
)

// TestPercentFor: garbage is collected at minHeap or later if maxPercent allows that; with more
// memory in use at gcPercent; and with much, at largeHeap if leastPercent allows that.
func TestPercentFor(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		live, roots uint64
		want        int
	}{
		{0, 0, maxPercent}, // nothing to take a percentage of
		{minHeap / 8, 0, maxPercent},
		{minHeap / 2, 0, 100},
		{minHeap / 4, minHeap / 2, 100}, // the runtime takes the percentage of both
		{minHeap * 3 / 4, minHeap, gcPercent},
		{minHeap, 0, gcPercent},
		{largeHeap / 2, 0, gcPercent},
		{largeHeap * 10 / 14, 0, 40},
		{largeHeap * 10 / 12, 0, leastPercent},
		{largeHeap, 0, leastPercent},
		{1 << 40, 1 << 20, leastPercent},
	} {
		if got := percentFor(c.live, c.roots); got != c.want {
			t.Errorf("%d bytes in use, and %d of stacks and variables: %d %%, want %d", c.live, c.roots, got, c.want)
		}
	}
}

// TestMemoryFor: the limit leaves room for garbage, and for what is not in the heap.
func TestMemoryFor(t *testing.T) {
	t.Parallel()
	for heap, want := range map[uint64]int64{0: leastMemory, 320 << 20: leastMemory, 1600 << 20: 1716 << 20} {
		if got := memoryFor(heap); got != want {
			t.Errorf("the limit for a heap of %d bytes is %d, want %d", heap, got, want)
		}
	}
}

// TestAfterCollections: a call follows a collection, and not only the first one.
func TestAfterCollections(t *testing.T) {
	called := make(chan struct{}, 1)
	afterCollections(func() {
		select {
		case called <- struct{}{}:
		default:
		}
	})
	for range 3 {
		for waiting := true; waiting; {
			runtime.GC()
			select {
			case <-called:
				waiting = false
			default:
			}
		}
	}
}
