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

// largeHeap is the size of the heap, in bytes, above which garbage may take less than gcPercent: only what is left
// until the heap has largeHeap bytes, but at least leastPercent. So an import, which uses the most memory, stays near half
// a gigabyte. The least share keeps the collector from working all the time, as it would under a memory limit that is too low.
const (
	largeHeap    = 320 << 20
	leastPercent = 25
)

// minHeap is the size of the heap, in bytes, at which garbage is collected first. Later it is collected
// below that only if maxPercent requires it. A server that starts has little in use and makes much garbage:
// without minHeap there were ten collections before it was ready.
const minHeap = 32 << 20

// maxPercent is the largest percentage that is set. More memory may be in use before the next collection
// changes it.
const maxPercent = 400

// runtimeMinHeap is the memory in bytes, with a percentage of 100, below which the runtime collects
// nothing (runtime.heapMinimum).
const runtimeMinHeap = 4 << 20

// mostMemory is the largest memory limit that is set, in bytes; 0 if the program sets none. Near its limit
// the collector works harder.
var mostMemory atomic.Int64

// limitMemory sets the largest memory limit, in bytes, unless GOMEMLIMIT sets a limit.
func limitMemory(most int64) {
	if os.Getenv("GOMEMLIMIT") == "" {
		mostMemory.Store(most)
		debug.SetMemoryLimit(most)
	}
}

// mostMemoryLimit returns the largest memory limit, in bytes.
func mostMemoryLimit() int64 {
	if most := mostMemory.Load(); most > 0 {
		return most
	}
	return debug.SetMemoryLimit(-1)
}

// limitGarbage sets the share of garbage and the memory limit, now and after each collection. With GOGC it sets neither;
// with GOMEMLIMIT it sets the share alone.
func limitGarbage() {
	if os.Getenv("GOGC") != "" {
		return
	}
	limitMemory(math.MaxInt64)
	debug.SetGCPercent(minHeap * 100 / runtimeMinHeap) // the first collection comes at minHeap
	afterCollections(func() {
		live, roots := inUse()
		percent := percentFor(live, roots)
		debug.SetGCPercent(percent)
		if most := mostMemory.Load(); most > 0 {
			debug.SetMemoryLimit(min(most, memoryFor(live+(live+roots)*uint64(percent)/100)))
		}
	})
}

// leastMemory is the lowest memory limit that is set, in bytes.
const leastMemory = 384 << 20

// memoryFor returns the memory limit, in bytes, for a size of the heap at the next collection. It is so high that
// garbage is not collected sooner. But memory that is free then goes back to the system before the program takes more: tables and
// batches have many sizes, and none fits where another was.
func memoryFor(heap uint64) int64 { return int64(max(leastMemory, heap+heap/16+16<<20)) }

// afterCollections calls f soon after each collection.
func afterCollections(f func()) {
	// The pointer keeps it out of the allocator's blocks of tiny objects, where a cleanup may never run.
	type garbage struct{ _ *byte }
	runtime.AddCleanup(new(garbage), func(struct{}) {
		f()
		afterCollections(f)
	}, struct{}{})
}

// inUse returns the number of bytes that the last collection left, and of the other memory of which
// the runtime allows a percentage: stacks and variables.
func inUse() (live, roots uint64) {
	samples := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/scan/stack:bytes"}, {Name: "/gc/scan/globals:bytes"}}
	metrics.Read(samples)
	return samples[0].Value.Uint64(), samples[1].Value.Uint64() + samples[2].Value.Uint64()
}

// percentFor returns the percentage until the next collection: gcPercent; more, up to maxPercent, if the heap would not
// reach minHeap; less, down to leastPercent, if it would exceed largeHeap. live and roots are those of inUse, in bytes.
func percentFor(live, roots uint64) int {
	percentTo := func(heap uint64) uint64 { return (heap - min(live, heap)) * 100 / max(live+roots, 1) }
	if live < minHeap {
		return int(min(max(gcPercent, percentTo(minHeap)), maxPercent))
	}
	return int(max(leastPercent, min(gcPercent, percentTo(largeHeap))))
}
