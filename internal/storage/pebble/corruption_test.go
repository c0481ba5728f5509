package pebble_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	engine "github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/core/audit"
	"github.com/footfall/footfall/internal/core/recorder"
	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/storage/pebble"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/logtest"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// faulty counts one batch wrongly.
type faulty struct {
	store.ClickCounts
	spoil func(*store.Batch)
	left  int // batches before that one
}

func (f *faulty) AddBatch(ctx context.Context, b *store.Batch) error {
	if len(b.Cells) == 0 {
		return f.ClickCounts.AddBatch(ctx, b)
	}
	if f.left--; f.left == 0 && f.spoil != nil {
		spoilt := *b
		f.spoil(&spoilt)
		b = &spoilt
	}
	return f.ClickCounts.AddBatch(ctx, b)
}

// counted is a file system with a journal of several segments and its counts: clicks
// of several days, and deletions.
func counted(t *testing.T, rng *rand.Rand, spoil func(*store.Batch)) vfs.FS {
	t.Helper()
	fs := vfs.NewMem()
	j, err := journal.Open(journal.Options{Dir: "journal", FS: fs, SegmentSize: 1 << 10})
	if err != nil {
		t.Fatal(err)
	}
	s, err := pebble.Open(pebble.Options{Dir: "clicks", FS: fs, Cache: 1 << 20, MemTable: 1 << 20}.BusyFrom(5))
	if err != nil {
		t.Fatal(err)
	}
	r, err := recorder.Open(t.Context(), recorder.Options{
		Journal: j, Counts: &faulty{s, spoil, 1 + rng.IntN(8)}, Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		for range 20 {
			c := click.Click{
				Time: (1_360_000_000 + rng.Int64N(90*86400)) * 1000, User: click.UserID(1 + rng.IntN(3)), Link: click.LinkID(1 + rng.IntN(5)),
				Country:  []click.Country{{}, {'U', 'S'}, {'D', 'E'}}[rng.IntN(3)],
				Referrer: []click.Referrer{"", "http://t.co/", "http://example.org/a"}[rng.IntN(3)], Bot: rng.IntN(9) == 0,
			}
			if err := r.Record(t.Context(), c); err != nil {
				t.Fatal(err)
			}
		}
		if err := r.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Delete(t.Context(), []rollup.Scope{{User: 2, Link: 3}}); err != nil {
		t.Fatal(err)
	}
	late := click.Click{Time: 1_360_000_000_000, User: 2, Link: 3}
	if err := errors.Join(r.Record(t.Context(), late), r.Close(t.Context()), j.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	return fs
}

// findings opens the store and the journal, and checks them. An error of opening is a
// finding too.
func findings(t *testing.T, fs vfs.FS, tamper func(*pebble.Store)) (list []string) {
	t.Helper()
	s, err := pebble.Open(pebble.Options{Dir: "clicks", FS: fs, Cache: 1 << 20, MemTable: 1 << 20}.BusyFrom(5))
	if err != nil {
		return []string{err.Error()}
	}
	defer s.Close()
	tamper(s)
	j, err := journal.Open(journal.Options{Dir: "journal", FS: fs, SegmentSize: 1 << 10})
	if err != nil {
		return []string{err.Error()}
	}
	defer j.Close()
	if _, err := audit.Check(t.Context(), s, &j.Contents, func(f string) { list = append(list, f) }); err != nil {
		t.Fatal(err)
	}
	return list
}

// spoilRow changes a random row of a grain: the clicks of a slot, or the key; or it
// deletes the row.
func spoilRow(t *testing.T, rng *rand.Rand, s *pebble.Store, grain byte, slots int) {
	t.Helper()
	it, err := s.DB().NewIter(&engine.IterOptions{LowerBound: []byte{grain}, UpperBound: []byte{grain + 1}})
	if err != nil {
		t.Fatal(err)
	}
	var keys, values [][]byte
	for ok := it.First(); ok; ok = it.Next() {
		if _, _, err := pebble.DecodeVector(it.Value(), slots); err != nil {
			continue // an earlier call spoiled it
		}
		keys, values = append(keys, append([]byte{}, it.Key()...)), append(values, append([]byte{}, it.Value()...))
	}
	if err := it.Close(); err != nil {
		t.Fatal(err)
	}
	i := rng.IntN(len(keys))
	at, clicks, err := pebble.DecodeVector(values[i], slots)
	switch rng.IntN(4) {
	case 0:
		err = errors.Join(err, s.DB().Delete(keys[i], engine.NoSync))
	case 1: // move it to a link without clicks
		err = errors.Join(err, s.DB().Delete(keys[i], engine.NoSync))
		keys[i][9+7] ^= 0x40
		if keys[i][17] == byte(rollup.Link) {
			keys[i][9+7] ^= 0x40
			keys[i][8] ^= 0x40
		}
		err = errors.Join(err, s.DB().Set(keys[i], values[i], engine.NoSync))
	case 2:
		clicks[rng.IntN(len(clicks))] += 1 + rng.Uint64N(100)
		err = errors.Join(err, s.DB().Set(keys[i], pebble.EncodeVector(at, clicks), engine.NoSync))
	case 3: // bytes that are no vector
		err = errors.Join(err, s.DB().Set(keys[i], []byte{0xff, 0xff}, engine.NoSync))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// flip changes a bit of a random byte of a random segment.
func flip(t *testing.T, rng *rand.Rand, fs vfs.FS) {
	t.Helper()
	names, err := fs.List("journal")
	if err != nil {
		t.Fatal(err)
	}
	name := "journal/" + names[rng.IntN(len(names))]
	b := content(t, fs, name)
	if len(b) == 0 {
		t.Fatalf("%s is empty", name)
	}
	b[rng.IntN(len(b))] ^= 1 << rng.IntN(8)
	write(t, fs, name, b)
}

func content(t *testing.T, fs vfs.FS, name string) []byte {
	t.Helper()
	f, err := fs.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(f)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	return b
}

func write(t *testing.T, fs vfs.FS, name string, b []byte) {
	t.Helper()
	f, err := fs.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Write(b)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestCorruptionsAreNamed corrupts a hundred stores, each in one way. check names the
// place.
func TestCorruptionsAreNamed(t *testing.T) {
	t.Parallel()
	dropped := func(b *store.Batch) {
		b.Cells, b.Minutes, b.Journaled, b.Late = nil, nil, rollup.Ledger{}, rollup.Ledger{}
	}
	lost := func(b *store.Batch) { b.Cells, b.Minutes = nil, nil }
	doubled := func(b *store.Batch) {
		b.Cells = append(append([]rollup.Cell{}, b.Cells...), b.Cells...)
		b.Journaled.AddLedger(&b.Journaled)
	}
	twice := func(b *store.Batch) { b.Cells = append(append([]rollup.Cell{}, b.Cells...), b.Cells...) }
	nothing := func(*pebble.Store) {}
	for _, c := range []struct {
		name   string
		rounds int
		spoil  func(*store.Batch)
		tamper func(*rand.Rand, vfs.FS, *pebble.Store)
		names  []string // a finding has one of them
	}{
		{"nothing", 10, nil, nil, nil},
		{"a changed cell", 30, nil, func(rng *rand.Rand, _ vfs.FS, s *pebble.Store) { spoilRow(t, rng, s, 'q', 96) }, []string{"link ", "user ", "key 71"}},
		{"a changed day sum", 25, nil, func(rng *rand.Rand, _ vfs.FS, s *pebble.Store) { spoilRow(t, rng, s, 'd', 31) }, []string{"the sum of the day", "month 2013-"}},
		{"a dropped batch", 10, dropped, nil, []string{"journal segment"}},
		{"a batch whose cells were lost", 5, lost, nil, []string{"were counted of the journal"}},
		{"a doubled batch", 10, doubled, nil, []string{"journal segment"}},
		{"a batch whose cells were doubled", 5, twice, nil, []string{"were counted of the journal"}},
		{"a flipped bit of the journal", 25, nil, func(rng *rand.Rand, fs vfs.FS, _ *pebble.Store) { flip(t, rng, fs) }, []string{"journal/0"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			rng := seedtest.Rand(t)
			for range c.rounds {
				fs := counted(t, rng, c.spoil)
				tamper := nothing
				if c.tamper != nil {
					tamper = func(s *pebble.Store) { c.tamper(rng, fs, s) }
				}
				list := findings(t, fs, tamper)
				all, named := strings.Join(list, "\n"), len(c.names) == 0
				for _, name := range c.names {
					named = named || strings.Contains(all, name)
				}
				if !named || (len(list) > 0) != (len(c.names) > 0) {
					t.Fatalf("found %q, want a sentence with one of %q", list, c.names)
				}
			}
		})
	}
}

// TestDamagedTable: a file of the engine with a flipped bit is one finding with its
// name, whichever check reads it, and cannot be repaired.
func TestDamagedTable(t *testing.T) {
	t.Parallel()
	rng := seedtest.Rand(t)
	fs := vfs.NewMem()
	o := pebble.Options{Dir: "clicks", FS: fs, Cache: 1 << 20, MemTable: 1 << 20}.BusyFrom(5)
	var cells []rollup.Cell
	for link := range click.LinkID(3000) { // several blocks
		for day := range 3 {
			c := click.Click{Time: (1_360_000_000 + int64(day)*rollup.Day) * 1000, User: 1, Link: 1 + link, Referrer: "http://example.org/"}
			rollup.Each(c, rollup.QuarterHour, func(k rollup.Key) {
				if k.Scope.Link != click.AllLinks {
					cells = append(cells, rollup.Cell{Key: k, Clicks: 1})
				}
			})
		}
	}
	s := open(t, o)
	if err := errors.Join(s.AddBatch(t.Context(), &store.Batch{To: 1, Cells: cells}), s.Close()); err != nil {
		t.Fatal(err)
	}
	names, err := fs.List("clicks")
	if err != nil {
		t.Fatal(err)
	}
	name := names[slices.IndexFunc(names, func(name string) bool { return strings.HasSuffix(name, ".sst") })]
	b := content(t, fs, "clicks/"+name)
	b[len(b)/8+rng.IntN(len(b)/2)] ^= 1 << rng.IntN(8) // in the counts, not in the index
	write(t, fs, "clicks/"+name, b)

	var log logtest.Log
	o.Logger = log.Logger()
	s = open(t, o)
	j, err := journal.Open(journal.Options{Dir: "journal", FS: fs})
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	sum, err := audit.Check(t.Context(), s, &j.Contents, func(finding string) {
		if strings.Contains(finding, name) || strings.ContainsAny(finding, "<\n") {
			found = append(found, finding)
		}
	})
	if err != nil || len(found) != 1 || !strings.HasPrefix(found[0], "clicks/"+name+" is damaged: ") || sum.Wrong.Counts == 0 {
		t.Errorf("the check reports %q, of %+v, %v", found, sum.Wrong, err)
	}
	if _, err := s.Repair(t.Context()); !errors.As(err, new(*store.CorruptError)) {
		t.Errorf("the repair fails with %v", err)
	}
	if n := strings.Count(log.String(), "is damaged"); n != 1 {
		t.Errorf("the log names the damage %d times:\n%s", n, log.String())
	}
	if err := errors.Join(j.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestRepair repairs the sums of days, and nothing else.
func TestRepair(t *testing.T) {
	t.Parallel()
	rng := seedtest.Rand(t)
	for range 10 {
		list := findings(t, counted(t, rng, nil), func(s *pebble.Store) {
			if n, err := s.Repair(t.Context()); n != 0 || err != nil {
				t.Fatalf("RepairDays of sound sums repaired %d months, %v", n, err)
			}
			for range 3 {
				spoilRow(t, rng, s, 'd', 31)
			}
			if n, err := s.Repair(t.Context()); n == 0 || err != nil {
				t.Fatalf("RepairDays repaired %d months, %v", n, err)
			}
		})
		if len(list) > 0 {
			t.Fatalf("after a repair Verify reports %q", list)
		}
	}
}
