package recorder_test

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/recorder"
	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/storage/pebble"
	"github.com/footfall/footfall/internal/testkit/logtest"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// TestGiveUp cuts the power, damages journals, gives up what cannot be read and was
// not counted, and repairs: everything else is counted once.
func TestGiveUp(t *testing.T) {
	t.Parallel()
	rng := seedtest.Rand(t)
	for range 20 {
		fs := vfs.NewCrashableMem()
		h := open(t, fs, 1<<10+rng.Int64N(4<<10))
		starts := map[uint64]click.Click{}
		const clicks = 200
		syncAt := rng.IntN(clicks)
		for i := range clicks {
			c := randomClick(rng)
			starts[h.journal.End()] = c
			if err := h.Record(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			if i == syncAt {
				if err := errors.Join(h.Drain(t.Context()), h.counts.Sync(t.Context())); err != nil {
					t.Fatal(err)
				}
			}
		}
		segments := h.journal.Segments()
		cut := fs.CrashClone(vfs.CrashCloneCfg{})
		h.close(t)

		for range 1 + rng.IntN(3) {
			s := segments[rng.IntN(len(segments))]
			path := fmt.Sprintf("journal/%020d.sealed", s.Base)
			if _, err := cut.Stat(path); err != nil {
				path = strings.Replace(path, ".sealed", ".open", 1)
			}
			f, err := cut.OpenReadWrite(path, vfs.WriteCategoryUnspecified)
			if err != nil {
				t.Fatal(err)
			}
			b := []byte{0xff, 0xff, 0xff}
			if _, err := f.WriteAt(b, rng.Int64N(max(s.Size-60, 1))); err != nil { // damage of the last record looks like a torn tail
				t.Fatal(err)
			}
			f.Close()
		}
		clicked, err := pebble.Open(pebble.Options{Dir: "clicks", FS: cut})
		if err != nil {
			t.Fatal(err)
		}
		id := h.journal.ID()
		j, err := journal.Inspect(journal.Options{Dir: "journal", FS: cut}, id)
		if err != nil {
			t.Fatal(err)
		}
		position := func() uint64 {
			p, _, err := clicked.Position(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			return p.Counted
		}
		counted := position()
		var doubt []journal.Hole
		flaws, err := j.Flaws()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range flaws {
			if f.From < f.To && f.To > counted {
				doubt = append(doubt, journal.Hole{From: f.From, To: f.To})
			}
		}
		counting := recorder.Replay{Journal: &j.Contents, Counts: clicked, Now: func() time.Time { return begin }, Log: slog.New(slog.DiscardHandler)}
		if err := counting.GiveUp(t.Context(), doubt); err != nil {
			t.Fatal(err)
		}
		if err := clicked.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := j.Repair(position()); err != nil {
			t.Fatal(err)
		}
		var want []click.Click
		for at, c := range starts {
			lost := false
			for _, d := range doubt {
				lost = lost || at >= counted && d.From <= at && at < d.To
			}
			if !lost {
				want = append(want, c)
			}
		}
		if lost := clicks - len(want); lost > 3*2 { // three bytes lie in two records at most
			t.Errorf("%d clicks were lost to %v", lost, doubt)
		}
		again := openWith(t, cut, 1<<20, clicked)
		compare(t, again.cells(t), expected(want))
		again.close(t)
	}
}

// TestGiveUpResumes: giving up the end of a journal goes on after shared counts lost what was
// counted.
func TestGiveUpResumes(t *testing.T) {
	t.Parallel()
	rng := seedtest.Rand(t)
	for range 10 {
		e := newSharedEngine(rng)
		j, err := journal.Open(journal.Options{Dir: "journal", FS: vfs.NewMem(), SegmentSize: 1 << 10})
		if err != nil {
			t.Fatal(err)
		}
		var clicks []click.Click
		for range 50 {
			c := randomClick(rng)
			if _, err := j.Append(t.Context(), recorder.Encode([]click.Click{c}, nil)); err != nil {
				t.Fatal(err)
			}
			clicks = append(clicks, c)
		}
		e.loses = 50
		counting := recorder.Replay{Journal: &j.Contents, Counts: e, Shared: e, Now: func() time.Time { return begin }, Log: logtest.To(t)}.WithCap(1000)
		lost := journal.Hole{From: j.End(), To: j.End() + 100}
		if err := counting.GiveUp(t.Context(), []journal.Hole{lost}); err != nil {
			t.Fatal(err)
		}
		if pos, _, err := e.Position(t.Context(), j.ID()); err != nil || pos.Durable != lost.To {
			t.Errorf("the counts are durable up to %d (%v), want %d", pos.Durable, err, lost.To)
		}
		got, _ := e.cells(all)
		compare(t, got, expected(clicks))
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestReplayUnreadable: counting in the foreground fails if the journal cannot
// be read, and is not tried again.
func TestReplayUnreadable(t *testing.T) {
	t.Parallel()
	mem := vfs.NewMem()
	h := open(t, mem, 1<<10)
	for range 100 {
		if err := h.Record(t.Context(), randomClick(rand.New(rand.NewPCG(1, 2)))); err != nil {
			t.Fatal(err)
		}
	}
	second := mem.PathBase(must(h.journal.File(h.journal.Segments()[1].Base))(t))
	h.close(t)
	var failing atomic.Bool // after all headers were read
	j, err := journal.Open(journal.Options{Dir: "journal", FS: errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if failing.Load() && op.Kind == errorfs.OpFileReadAt && mem.PathBase(op.Path) == second {
			return syscall.EIO
		}
		return nil
	}))})
	if err != nil {
		t.Fatal(err)
	}
	counts, err := pebble.Open(pebble.Options{Dir: "again", FS: mem, Cache: 1 << 20, MemTable: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	failing.Store(true)
	counting := recorder.Replay{
		Journal: &j.Contents, Counts: counts, Known: true, Now: func() time.Time { return begin }, Log: slog.New(slog.DiscardHandler),
	}
	if err := counting.To(t.Context(), j.End()); !errors.Is(err, syscall.EIO) {
		t.Errorf("counting an unreadable journal: %v", err)
	}
	// The records before are counted, and the next try goes on after them.
	if pos, _, err := counts.Position(t.Context(), j.ID()); err != nil || pos.Counted != j.Segments()[1].Base {
		t.Errorf("counted up to %d, %v; want %d", pos.Counted, err, j.Segments()[1].Base)
	}
	failing.Store(false)
	if err := counting.To(t.Context(), j.End()); err != nil {
		t.Error(err)
	}
	if pos, _, err := counts.Position(t.Context(), j.ID()); err != nil || pos.Counted != j.End() {
		t.Errorf("counted up to %d, %v; want %d", pos.Counted, err, j.End())
	}
	if err := errors.Join(j.Close(), counts.Close()); err != nil {
		t.Fatal(err)
	}
}
