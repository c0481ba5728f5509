package recorder_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/core/recorder"
	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/logtest"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// TestForeign counts the journal of a server that died before all its clicks were counted, and
// before it recorded a deletion by another server: each click counts once, however often that is
// done, and the journal is not written.
func TestForeign(t *testing.T) {
	t.Parallel()
	rng := seedtest.Rand(t)
	readOnly := errors.New("the journal of another server is written")
	for range seedtest.Rounds(t, 10) {
		const most = 3
		e, fs, want := newSharedEngine(rng), vfs.NewMem(), newJournalModel(most)
		s := openShared(t, fs, e, begin, most, rng.IntN(20))
		clicks, durable := 0, uint64(0)
		for range 100 {
			c := capClick(rng)
			if err := s.Record(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			want.add(c)
			clicks++
			switch rng.IntN(40) {
			case 0:
				e.set(func(e *sharedEngine) { e.away = click.ErrUnavailable })
			case 1:
				_ = e.Sync(t.Context()) // it may fail
			}
		}
		s.kill(t)
		e.set(func(e *sharedEngine) {
			e.away, e.fails, e.loses = nil, 10, 20
			if d := e.durable[s.journal.ID()]; d != nil {
				durable = d.to
			}
			e.deleted[rollup.Scope{User: 1, Link: 2}], e.deleted[rollup.Scope{User: 8}] = true, true
		})

		j, err := journal.Inspect(journal.Options{Dir: "journal", FS: errorfs.Wrap(fs, errorfs.InjectorFunc(func(op errorfs.Op) error {
			if op.Kind.ReadOrWrite() == errorfs.OpIsWrite {
				return fmt.Errorf("%w: %v", readOnly, op)
			}
			return nil
		}))})
		if err != nil {
			t.Fatal(err)
		}
		replay := recorder.Replay{
			Journal: &j.Contents, Counts: e, Shared: e, Known: true, Now: func() time.Time { return begin }, Log: logtest.To(t),
		}.WithCap(most)
		uncounted := 0
		for rec, err := range j.Records(0) {
			if err != nil {
				t.Fatal(err)
			}
			if rec.From >= durable {
				uncounted++
			}
		}
		for i := range 2 {
			deletes := len(e.deletes)
			got, err := replay.Foreign(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			wantResult := recorder.ForeignResult{Clicks: uint64(clicks), Counted: uint64(uncounted * (1 - i)), Deleted: []rollup.Scope{{User: 1, Link: 2}}}
			if fmt.Sprint(got) != fmt.Sprint(wantResult) {
				t.Errorf("call %d returns %+v, want %+v", i, got, wantResult)
			}
			if !slices.Equal(e.deletes[deletes:], wantResult.Deleted) {
				t.Errorf("call %d deletes %v, want %v", i, e.deletes[deletes:], wantResult.Deleted)
			}
			if pos, _, err := e.Position(t.Context(), s.journal.ID()); err != nil || pos.Durable != j.End() {
				t.Errorf("after call %d the position is %+v (%v), want %d", i, pos, err, j.End())
			}
			cells, _ := e.cells(all)
			compare(t, cells, want.cells)
			e.forget(rng.IntN(2) == 0) // nothing that it counted is lost
		}
	}
}

// TestReplayResumes: counting in the foreground goes on where an engine that loses clicks says.
func TestReplayResumes(t *testing.T) {
	t.Parallel()
	rng := seedtest.Rand(t)
	e, fs, want := newSharedEngine(rng), vfs.NewMem(), newJournalModel(3)
	e.away = click.ErrUnavailable
	s := openShared(t, fs, e, begin, 3, 10)
	for range 300 {
		c := capClick(rng)
		if err := s.Record(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		want.add(c)
	}
	s.kill(t)
	e.away, e.loses = nil, 30
	replay := recorder.Replay{
		Journal: &s.journal.Contents, Counts: e, Shared: e, Now: func() time.Time { return begin }, Log: logtest.To(t),
	}.WithCap(3)
	if err := replay.To(t.Context(), s.journal.End()); err != nil {
		t.Fatal(err)
	}
	got, _ := e.cells(all)
	compare(t, got, want.cells)
}

// TestForeignUnknown: a journal of which the counts have nothing is refused, because it may be of
// another installation.
func TestForeignUnknown(t *testing.T) {
	t.Parallel()
	e, fs := newSharedEngine(seedtest.Rand(t)), vfs.NewMem()
	e.durable[store.JournalID{7}] = &settled{known: true}
	e.away = click.ErrUnavailable
	s := openShared(t, fs, e, begin, 3, 10)
	if err := s.Record(t.Context(), click.Click{User: 1, Link: 1}); err != nil {
		t.Fatal(err)
	}
	s.kill(t)
	e.away = nil
	j, err := journal.Inspect(journal.Options{Dir: "journal", FS: fs})
	if err != nil {
		t.Fatal(err)
	}
	replay := recorder.Replay{Journal: &j.Contents, Counts: e, Shared: e, Now: func() time.Time { return begin }, Log: logtest.To(t)}
	if _, err := replay.Foreign(t.Context()); !errors.Is(err, recorder.ErrForeign) {
		t.Errorf("an unknown journal: %v, want %v", err, recorder.ErrForeign)
	}
	if got, _ := e.cells(all); len(got) > 0 {
		t.Errorf("%d cells were counted", len(got))
	}
}
