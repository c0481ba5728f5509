package journal_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// fate is a record, and the promise that the journal made about it.
type fate struct {
	to    uint64 // where it ends; 0 while unknown
	acked bool   // an Append returned, or a reader saw it
}

// history is a random use of a journal across crashes, and what must be true
// afterwards. The records of a writer are numbered.
type history struct {
	t      *testing.T
	rng    *rand.Rand // of the goroutine that drives the history
	faulty bool
	ops    atomic.Int64 // operations until the crash

	mu      sync.Mutex
	faults  *rand.Rand
	disk    *vfs.MemFS
	crashed *vfs.MemFS // what the power cut left
	id      *[16]byte
	fates   map[string]fate
	lost    map[string]bool // missing after a crash: must not come back
	trimmed uint64          // nothing after it may be missing
	end     uint64          // positions before must not be used again
	next    int             // number of the next writer
}

// before is the hook of the file system: it cuts the power at one operation.
func (h *history) before(op, name string) error {
	if h.ops.Add(-1) == 0 {
		h.crash()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.faulty && h.faults.IntN(12) == 0 {
		return fmt.Errorf("%s %s: %w", op, name, errInjected)
	}
	return nil
}

// crash copies the disk and keeps the promises made so far; later ones do not count.
func (h *history) crash() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.crashed != nil {
		return
	}
	percent := []int{0, 20, 50, 80, 100}[h.faults.IntN(5)]
	h.crashed = h.disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: h.faults})
}

// promise records something that must hold after the crash, unless the crash came
// before.
func (h *history) promise(note func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.crashed == nil {
		note()
	}
}

// generation opens the journal, checks it, uses it and cuts the power.
func (h *history) generation() {
	h.crashed = nil
	h.ops.Store(h.rng.Int64N(120) + 1)
	o := journal.Options{
		Dir:         "deep/journal",
		SegmentSize: 200 + h.rng.Int64N(20000),
		FS: &hookFS{FS: h.disk, before: h.before, truncates: h.rng.IntN(2) == 0, misused: func(op, name string) {
			h.t.Errorf("%s of %s after it failed before", op, name)
		}},
	}
	o = o.WithLeastAhead(20)
	faulty := h.faulty
	j, err := journal.Open(o)
	for attempt := 0; errors.Is(err, errInjected); attempt++ {
		h.mu.Lock()
		h.faulty = faulty && attempt < 5
		h.mu.Unlock()
		j, err = journal.Open(o)
	}
	if err != nil {
		h.t.Fatalf("open: %v\n%s", err, h.disk)
	}
	h.check(j)

	var wg sync.WaitGroup
	for range 1 + h.rng.IntN(8) {
		writer, rng := h.next, rand.New(rand.NewPCG(h.rng.Uint64(), 0))
		h.next++
		wg.Go(func() { h.write(j, writer, rng) })
	}
	steps := h.rng.IntN(6)
	for range steps {
		h.disturb(j)
	}
	wg.Wait()
	h.tail(j)
	if h.rng.IntN(3) == 0 {
		if err := j.Close(); err != nil && !errors.Is(err, errInjected) {
			h.t.Fatal(err)
		}
	}
	h.crash()
	j.Close()
	h.mu.Lock()
	h.faulty = faulty
	h.disk = h.crashed
	h.mu.Unlock()
}

func (h *history) write(j *journal.Journal, writer int, rng *rand.Rand) {
	for i := range 1 + rng.IntN(20) {
		size := rng.IntN(100)
		if rng.IntN(8) == 0 {
			size = rng.IntN(10000)
		}
		record := fmt.Sprintf("%d %d %s", writer, i, strings.Repeat("x", size))
		// Recorded as appended even if the crash comes first, because it may survive.
		h.mu.Lock()
		h.fates[record] = fate{}
		h.mu.Unlock()
		to, err := j.Append(context.Background(), []byte(record))
		if err == nil {
			h.promise(func() { h.fates[record] = fate{to, true}; h.end = max(h.end, to) })
		} else if !errors.Is(err, errInjected) {
			h.t.Errorf("append: %v", err)
		}
	}
}

// disturb rotates, trims, skips or reads meanwhile.
func (h *history) disturb(j *journal.Journal) {
	var err error
	switch h.rng.IntN(5) {
	case 0:
		err = j.Rotate()
	case 1:
		list := j.Segments()
		before := list[h.rng.IntN(len(list))].End
		h.promise(func() { h.trimmed = max(h.trimmed, before) })
		err = j.Trim(before)
	case 2:
		to := j.End() + h.rng.Uint64N(3000)
		if err = j.SkipTo(to); err == nil {
			h.promise(func() { h.end = max(h.end, to) })
		}
		if errors.Is(err, journal.ErrPosition) {
			err = nil // a writer was faster
		}
	default:
		h.tail(j)
	}
	if err != nil && !errors.Is(err, errInjected) {
		h.t.Error(err)
	}
}

// tail reads durable records: a record that a reader returned must stay.
func (h *history) tail(j *journal.Journal) {
	r, err := j.Reader(j.First())
	if err != nil {
		h.t.Error(err)
		return
	}
	defer func() { r.Close() }()
	for {
		rec, err := across(j, &r)
		if errors.Is(err, journal.ErrEnd) {
			return
		}
		if err != nil {
			h.t.Errorf("tail: %v", err)
			return
		}
		data := string(rec.Data)
		h.promise(func() { h.fates[data] = fate{rec.To, true}; h.end = max(h.end, rec.To) })
	}
}

// across reads the next record, and starts a new reader after a hole.
func across(j *journal.Journal, r **journal.Reader) (journal.Record, error) {
	for {
		rec, err := (*r).TryNext()
		var hole *journal.HoleError
		if !errors.As(err, &hole) {
			return rec, err
		}
		(*r).Close()
		if *r, err = j.Reader(hole.To); err != nil {
			return rec, err
		}
	}
}

// check compares the journal with the promises, and drops the records that it was
// allowed to lose.
func (h *history) check(j *journal.Journal) {
	if id := j.ID(); h.id != nil && *h.id != id {
		h.t.Fatalf("the id was %x and is %x", *h.id, id)
	} else {
		h.promise(func() { h.id = &id })
	}
	first, end := j.First(), j.End()
	if end < h.end {
		h.t.Fatalf("the end was %d and is %d", h.end, end)
	}
	r, err := j.Reader(first)
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { r.Close() }()
	present := map[string]bool{}
	numbers := map[int]int{}
	for {
		rec, err := across(j, &r)
		if errors.Is(err, journal.ErrEnd) {
			break
		}
		if err != nil {
			h.t.Fatal(err)
		}
		data := string(rec.Data)
		var writer, number int
		fmt.Sscan(data, &writer, &number)
		f, appended := h.fates[data]
		last, wrote := numbers[writer]
		switch {
		case h.lost[data]:
			h.t.Fatalf("%.20q can be read again after it was lost", data)
		case !appended:
			h.t.Fatalf("%.20q was never appended", data)
		case present[data]:
			h.t.Fatalf("%.20q is read twice", data)
		case wrote && number <= last:
			h.t.Fatalf("record %d of writer %d comes after %d", number, writer, last)
		case f.acked && f.to != rec.To:
			h.t.Fatalf("%.20q was at %d and is at %d", data, f.to, rec.To)
		}
		present[data], numbers[writer] = true, number
		h.promise(func() { h.fates[data] = fate{rec.To, true} })
	}
	for data, f := range h.fates {
		if present[data] {
			continue
		}
		if f.acked && f.to > h.trimmed {
			h.t.Fatalf("%.20q, acknowledged at %d, is missing from %d-%d", data, f.to, first, end)
		}
		// Everything that was answered before the crash has been recorded.
		h.promise(func() { h.lost[data] = true; delete(h.fates, data) })
	}
	h.promise(func() { h.end = max(h.end, end) })
}

func TestCrashes(t *testing.T) {
	t.Parallel()
	for i := range seedtest.Rounds(t, 40) {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seedtest.Seed(t), uint64(i)))
			h := &history{
				t: t, rng: rng, faults: rand.New(rand.NewPCG(rng.Uint64(), 1)), faulty: i%2 == 1,
				disk: vfs.NewCrashableMem(), fates: map[string]fate{}, lost: map[string]bool{},
			}
			for range 6 {
				h.generation()
				if t.Failed() {
					return
				}
			}
		})
	}
}
