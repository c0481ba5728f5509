package cli

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// gcPercent is how much garbage there may be, in percent of the memory in use, until it is
// collected. Most of the memory is caches and tables of bytes, which the collector need not look
// at: so collecting more often costs little, and the default of 100 would double them. GOGC
// overrides it.
const gcPercent = 50

// minHeap is the number of bytes at which garbage is collected first; and later, if maxPercent
// allows that. A server that starts has little
// in use and makes much garbage: ten collections took more than half of its processor time.
const minHeap = 32 << 20

// maxPercent bounds the percentage after a collection: it holds until the next one, or a little
// longer, and more may be in use then.
const maxPercent = 400

// runtimeMinHeap is the memory in bytes, with a percentage of 100, below which the runtime collects
// nothing (runtime.heapMinimum).
const runtimeMinHeap = 4 << 20

// limitGarbage sets how much garbage there may be, now and after each collection, unless GOGC does.
func limitGarbage() {
	if os.Getenv("GOGC") != "" {
		return
	}
	debug.SetGCPercent(minHeap * 100 / runtimeMinHeap)
	afterCollections(func() {
		debug.SetGCPercent(percentFor(inUse()))
	})
}

// afterCollections calls f soon after each collection.
func afterCollections(f func()) {
	type garbage struct{ _ *byte } // a pointer keeps it apart from other small objects
	runtime.AddCleanup(new(garbage), func(struct{}) {
		f()
		afterCollections(f)
	}, struct{}{})
}

// inUse returns the number of bytes that the last collection left, and of the other memory of which
// the runtime allows a percentage: stacks and variables.
func inUse() (live, roots uint64) {
	of := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/scan/stack:bytes"}, {Name: "/gc/scan/globals:bytes"}}
	metrics.Read(of)
	return of[0].Value.Uint64(), of[1].Value.Uint64() + of[2].Value.Uint64()
}

// percentFor is gcPercent, or up to maxPercent if garbage would be collected below minHeap.
func percentFor(live, roots uint64) int {
	if live >= minHeap {
		return gcPercent
	}
	return int(min(max(gcPercent, (minHeap-live)*100/max(live+roots, 1)), maxPercent))
}
