package recorder_test

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/core/recorder"
	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/logtest"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// TestGiveUpShared gives up several damaged stretches of a journal whose counts are shared, often
// of one segment. Some of the segment was counted before, the engine fails and forgets meanwhile,
// and the process ends and gives up again. Everything else is counted once, with the cap and the
// deletions of the journal.
func TestGiveUpShared(t *testing.T) {
	t.Parallel()
	rng, gaps := seedtest.Rand(t), 0
	for range seedtest.Rounds(t, 20) {
		gaps += testGiveUpShared(t, rng)
	}
	if gaps == 0 {
		t.Error("no record between two stretches of a segment was counted when they were given up")
	}
}

// damagedRecord is a record of a journal that is damaged later.
type damagedRecord struct {
	start   uint64
	click   click.Click
	deleted []rollup.Scope
}

// testGiveUpShared returns the number of records that lie between two stretches that were given
// up, and in the same segment.
func testGiveUpShared(t *testing.T, rng *rand.Rand) (between int) {
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	most, fs, e := 1+rng.IntN(4), vfs.NewMem(), newSharedEngine(rng)
	j, err := journal.Open(journal.Options{Dir: "journal", FS: fs, SegmentSize: 2 << 10})
	must(err)
	id := j.ID()
	var records []damagedRecord
	for range 200 {
		r := damagedRecord{start: j.End(), click: capClick(rng)}
		data := recorder.Encode([]click.Click{r.click}, nil)
		if rng.IntN(50) == 0 {
			r.deleted = []rollup.Scope{{User: r.click.User, Link: r.click.Link}}
			data = recorder.EncodeDeleted(r.deleted)
		}
		_, err := j.Append(ctx, data)
		must(err)
		records = append(records, r)
	}
	counting := func(j *journal.Contents) recorder.Replay {
		return recorder.Replay{Journal: j, Counts: e, Shared: e, Now: func() time.Time { return begin }, Log: logtest.To(t)}.WithCap(uint64(most))
	}
	must(counting(&j.Contents).To(ctx, records[rng.IntN(len(records))].start))
	must(e.Sync(ctx))
	e.forget(true)
	segments := j.Segments()
	var files []string
	for _, s := range segments {
		file, err := j.File(s.Base)
		must(err)
		files = append(files, file)
	}
	must(j.Close())
	for range 2 + rng.IntN(4) {
		i := rng.IntN(len(segments))
		file := files[i]
		if _, err := fs.Stat(file); err != nil { // it was sealed when the journal was closed
			file = file[:len(file)-len("open")] + "sealed"
		}
		f, err := fs.OpenReadWrite(file, vfs.WriteCategoryUnspecified)
		must(err)
		_, err = f.WriteAt([]byte{0xff, 0xff}, segments[i].Size/10+rng.Int64N(segments[i].Size*8/10))
		must(errors.Join(err, f.Close()))
	}

	damaged, err := journal.Inspect(journal.Options{Dir: "journal", FS: fs}, id)
	must(err)
	position := func() store.Position {
		pos, _, err := e.Position(ctx, id)
		must(err)
		return pos
	}
	counted := position().Counted
	flaws, err := damaged.Flaws()
	must(err)
	var lost []journal.Hole
	for _, f := range flaws {
		if f.From < f.To && f.To > counted {
			lost = append(lost, journal.Hole{From: f.From, To: f.To})
		}
	}
	e.fails, e.loses = 10, 10
	for {
		err := counting(&damaged.Contents).GiveUp(ctx, lost)
		if err == nil {
			break
		}
		if !errors.Is(err, click.ErrUnavailable) {
			t.Fatal(err)
		}
		e.forget(true) // another process tries again
	}
	e.fails, e.loses = 0, 0
	_, err = damaged.Repair(position().Durable)
	must(err)

	want := newJournalModel(most)
	for _, r := range records {
		isLost := false
		for i, h := range lost {
			isLost = isLost || r.start >= counted && h.From <= r.start && r.start < h.To
			if i > 0 && r.start >= max(lost[i-1].To, counted) && r.start < h.From && segmentOf(segments, h.From) == segmentOf(segments, lost[i-1].From) {
				between++
			}
		}
		switch {
		case isLost:
		case r.deleted != nil:
			want.deleted[r.deleted[0]] = true
		default:
			want.add(r.click)
		}
	}
	s := openShared(t, fs, e, begin, most, 10)
	must(s.Record(ctx, records[0].click))
	want.add(records[0].click)
	awaitCounted(t, e, s.Recorder, s.journal)
	got, _ := e.cells(all)
	compare(t, got, want.cells)
	if late := e.source(id).late; late != want.late {
		t.Errorf("the late clicks are %v, want %v", late, want.late)
	}
	must(errors.Join(s.Close(ctx), s.journal.Close()))
	return between
}

// segmentOf returns the index of the segment that has a position.
func segmentOf(segments []journal.Segment, pos uint64) (i int) {
	for n, s := range segments {
		if s.Base <= pos {
			i = n
		}
	}
	return i
}

// TestGiveUpJournal: a missing journal is given up, although the engine forgets meanwhile.
func TestGiveUpJournal(t *testing.T) {
	t.Parallel()
	rng := seedtest.Rand(t)
	for range 20 {
		e, id := newSharedEngine(rng), store.JournalID{7}
		counting := recorder.Replay{Counts: e, Shared: e, Now: func() time.Time { return begin }, Log: logtest.To(t)}.WithCap(1000)
		if err := e.AddBatch(t.Context(), &store.Batch{Journal: id, To: 10}); err != nil {
			t.Fatal(err)
		}
		e.loses = 50
		for _, to := range []uint64{100, 100, 300} {
			if err := counting.GiveUpJournal(t.Context(), id, to); err != nil {
				t.Fatal(err)
			}
			if pos, _, err := e.Position(t.Context(), id); err != nil || pos.Durable != to {
				t.Errorf("the counts are durable up to %d (%v), want %d", pos.Durable, err, to)
			}
		}
	}
}
