package cli

import (
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
)

// gcPercent is how much garbage there may be, in percent of the memory in use, until it is
// collected. Most of the memory is caches and tables of bytes, which the collector need not look
// at: so collecting more often costs little, and the default of 100 would double them. GOGC
// overrides it.
const gcPercent = 50

// largeHeap is the number of bytes from which on garbage may take less than gcPercent, but at least leastPercent: as much
// as reaches largeHeap. So an import, which uses the most memory, takes about half a gigabyte; and the collector never
// works all the time, as with a limit of memory that is too low.
const (
	largeHeap    = 320 << 20
	leastPercent = 25
)

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

// mostMemory is the maximum of the memory limit, in bytes: above it, the collector works harder.
var mostMemory atomic.Int64

// limitMemory sets the maximum of the memory limit, in bytes, unless GOMEMLIMIT sets a limit.
func limitMemory(most int64) {
	if os.Getenv("GOMEMLIMIT") == "" {
		mostMemory.Store(most)
		debug.SetMemoryLimit(most)
	}
}

// mostMemoryLimit returns the maximum of the memory limit, in bytes.
func mostMemoryLimit() int64 {
	if most := mostMemory.Load(); most > 0 {
		return most
	}
	return debug.SetMemoryLimit(-1)
}

// limitGarbage sets how much garbage and how much memory there may be, now and after each collection. GOGC and GOMEMLIMIT
// replace that.
func limitGarbage() {
	if os.Getenv("GOGC") != "" {
		return
	}
	limitMemory(math.MaxInt64)
	debug.SetGCPercent(minHeap * 100 / runtimeMinHeap)
	afterCollections(func() {
		live, roots := inUse()
		percent := percentFor(live, roots)
		debug.SetGCPercent(percent)
		if most := mostMemory.Load(); most > 0 {
			debug.SetMemoryLimit(min(most, memoryFor(live+(live+roots)*uint64(percent)/100)))
		}
	})
}

// leastMemory is the least limit of memory that is set, in bytes.
const leastMemory = 384 << 20

// memoryFor returns the memory limit, in bytes, for a size of the heap at the next collection. It is so high that
// garbage is not collected sooner. But memory that is free then goes back to the system before the program takes more: tables and
// batches have many sizes, and none fits where another was.
func memoryFor(heap uint64) int64 { return int64(max(leastMemory, heap+heap/16+16<<20)) }

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

// percentFor is gcPercent; up to maxPercent if garbage would be collected below minHeap; or down to leastPercent
// if it would be collected above largeHeap.
func percentFor(live, roots uint64) int {
	to := func(heap uint64) uint64 { return (heap - min(live, heap)) * 100 / max(live+roots, 1) }
	if live < minHeap {
		return int(min(max(gcPercent, to(minHeap)), maxPercent))
	}
	return int(max(leastPercent, min(gcPercent, to(largeHeap))))
}
