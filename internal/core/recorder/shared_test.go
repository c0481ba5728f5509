package recorder_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/recorder"
	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/await"
	"github.com/footfall/footfall/internal/testkit/logtest"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// all passes every row.
func all(row) bool { return true }

// awaitCounted waits until the engine has everything in the journal: the recorder finds out later
// that the engine has lost something.
func awaitCounted(t *testing.T, e *sharedEngine, r *recorder.Recorder, j *journal.Journal) {
	t.Helper()
	await.Until(t, "the position", func() (string, bool) {
		if err := r.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		pos, _, err := e.Position(t.Context(), j.ID())
		return fmt.Sprintf("%+v (%v), want %d", pos, err, j.End()), pos.Counted == j.End()
	})
}

// TestResumes: an engine forgets what is not durable, fails in the middle of batches, and is
// away at times. At the end it has every click once, and the recorder says how many there were.
func TestResumes(t *testing.T) {
	t.Parallel()
	rng := seedtest.Rand(t)
	for range 10 {
		e := newSharedEngine(rng)
		e.fails = 20
		j, err := journal.Open(journal.Options{Dir: "journal", FS: vfs.NewMem(), SegmentSize: 1 << 10})
		if err != nil {
			t.Fatal(err)
		}
		log := new(logtest.Log)
		r, err := recorder.Open(t.Context(), recorder.Options{
			Journal: j, Counts: e, Shared: e, Now: func() time.Time { return begin }, Log: log.Logger(),
		}.WithPause(time.Microsecond).WithVerifyEvery(time.Millisecond))
		if err != nil {
			t.Fatal(err)
		}
		var clicks []click.Click
		for range 300 {
			c := randomClick(rng)
			if err := r.Record(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			clicks = append(clicks, c)
			switch rng.IntN(30) {
			case 0:
				e.forget(false)
			case 1:
				_ = e.Sync(t.Context()) // it may fail
			case 2:
				e.set(func(e *sharedEngine) { e.away = click.ErrUnavailable })
			case 3:
				e.set(func(e *sharedEngine) { e.away = nil })
			}
		}
		e.set(func(e *sharedEngine) { e.away = nil })
		awaitCounted(t, e, r, j)
		got, _ := e.cells(all)
		compare(t, got, expected(clicks))
		if n := r.CountedClicks(); n != uint64(len(clicks)) {
			t.Errorf("the recorder says that it counted %d clicks, want %d", n, len(clicks))
		}
		if err := errors.Join(r.Close(t.Context()), j.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestLostWhileIdle: clicks that the engine loses are counted again, although no other click
// comes.
func TestLostWhileIdle(t *testing.T) {
	t.Parallel()
	e := newSharedEngine(seedtest.Rand(t))
	s := openShared(t, vfs.NewMem(), e, begin, 3, 10)
	c := click.Click{Time: begin.UnixMilli(), User: 1, Link: 1}
	for _, lose := range []func(){func() {}, func() { e.forget(false) }, func() { e.forget(false); _ = e.Sync(t.Context()) }} {
		if err := errors.Join(s.Record(t.Context(), c), s.Drain(t.Context())); err != nil {
			t.Fatal(err)
		}
		lose()
		awaitCounted(t, e, s.Recorder, s.journal)
	}
	got, _ := e.cells(all)
	compare(t, got, expected([]click.Click{c, c, c}))
	if err := errors.Join(s.Close(t.Context()), s.journal.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestAwayAtStart: while the counts are away, a server starts and records clicks. They are
// counted when the counts are back; the log has one line when they are away, and one when they are
// back.
func TestAwayAtStart(t *testing.T) {
	t.Parallel()
	e := newSharedEngine(seedtest.Rand(t))
	fs := vfs.NewMem()
	var clicks []click.Click
	for range 2 { // a new journal, and one with clicks
		e.away = click.ErrUnavailable
		j, err := journal.Open(journal.Options{Dir: "journal", FS: fs})
		if err != nil {
			t.Fatal(err)
		}
		log := new(logtest.Log)
		r, err := recorder.Open(t.Context(), recorder.Options{
			Journal: j, Counts: e, Shared: e, Now: func() time.Time { return begin }, Log: log.Logger(),
		}.WithPause(time.Millisecond))
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			c := randomClick(seedtest.Rand(t))
			if err := r.Record(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			clicks = append(clicks, c)
		}
		if err := r.Settle(t.Context()); !errors.Is(err, recorder.ErrStalled) || !errors.Is(err, click.ErrUnavailable) {
			t.Errorf("Settle without counts: %v", err)
		}
		if err := r.Stalled(); !errors.Is(err, click.ErrUnavailable) {
			t.Errorf("counting is stalled by %v", err)
		}
		e.set(func(e *sharedEngine) { e.away = nil })
		if err := r.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		got, _ := e.cells(all)
		compare(t, got, expected(clicks))
		await.Until(t, "the end of the stall", func() (string, bool) { return log.String(), r.Stalled() == nil })
		if n, m := log.Count("the counts cannot be reached"), log.Count("counting goes on"); n != 1 || m != 1 {
			t.Errorf("the log has %d lines that the counts are away, and %d that counting goes on:\n%s", n, m, log)
		}
		if err := errors.Join(e.Sync(t.Context()), r.Close(t.Context()), j.Close()); err != nil {
			t.Fatal(err)
		}
		e.forget(true)
	}
}

// TestCountedElsewhere: counting stops if another process counts the journal. If the counts come
// back with clicks that this process did not record, those that it recorded have the same
// positions.
func TestCountedElsewhere(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*sharedEngine, store.JournalID){
		"another process": func(e *sharedEngine, id store.JournalID) {
			e.away = nil
			e.durable[id] = &settled{to: 10, known: true}
		},
		store.ErrTaken.Error(): func(e *sharedEngine, _ store.JournalID) { e.away = store.ErrTaken },
	} {
		e := newSharedEngine(seedtest.Rand(t))
		e.away = click.ErrUnavailable
		s := openShared(t, vfs.NewMem(), e, begin, 3, 10)
		if err := s.Record(t.Context(), click.Click{User: 1, Link: 1}); err != nil {
			t.Fatal(err)
		}
		e.set(func(e *sharedEngine) { change(e, s.journal.ID()) })
		if err := s.Drain(t.Context()); err == nil || !strings.Contains(err.Error(), "counting has stopped: ") || !strings.Contains(err.Error(), name) {
			t.Errorf("counting did not stop: %v", err)
		}
		s.kill(t)
	}
}

// lagging is an engine whose next answers are those of a replica that lacks everything.
type lagging struct {
	*sharedEngine
	answers atomic.Int32
}

func (e *lagging) Position(ctx context.Context, id store.JournalID) (store.Position, bool, error) {
	if e.answers.Add(-1) >= 0 {
		return store.Position{}, false, nil
	}
	return e.sharedEngine.Position(ctx, id)
}

// TestCountsComeBack: the counts seem to have lost all clicks, and have them when counting begins again. This
// process has recorded these clicks, so that counting goes on.
func TestCountsComeBack(t *testing.T) {
	t.Parallel()
	e := &lagging{sharedEngine: newSharedEngine(seedtest.Rand(t))}
	j, err := journal.Open(journal.Options{Dir: "journal", FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	r, err := recorder.Open(t.Context(), recorder.Options{
		Journal: j, Counts: e, Shared: e, Now: func() time.Time { return begin }, Log: logtest.To(t),
	}.WithPause(time.Microsecond).WithVerifyEvery(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	var clicks []click.Click
	for range 2 {
		c := randomClick(seedtest.Rand(t))
		if err := errors.Join(r.Record(t.Context(), c), r.Drain(t.Context())); err != nil {
			t.Fatal(err)
		}
		clicks = append(clicks, c)
		e.answers.Store(2) // an import asks, and then the counter, which begins again
		_, end, err := r.BeginImport(t.Context(), [32]byte{1})
		if err != nil {
			t.Fatal(err)
		}
		end()
	}
	got, _ := e.cells(all)
	compare(t, got, expected(clicks))
	if n := r.CountedClicks(); n != uint64(len(clicks)) {
		t.Errorf("the recorder says that it counted %d clicks, want %d", n, len(clicks))
	}
	if err := errors.Join(r.Close(t.Context()), j.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestTakenWhileIdle: counting stops if another process counts the journal, although no other click
// comes.
func TestTakenWhileIdle(t *testing.T) {
	t.Parallel()
	e := newSharedEngine(seedtest.Rand(t))
	s := openShared(t, vfs.NewMem(), e, begin, 3, 10)
	if err := errors.Join(s.Record(t.Context(), click.Click{User: 1, Link: 1}), s.Drain(t.Context())); err != nil {
		t.Fatal(err)
	}
	e.set(func(e *sharedEngine) { e.away = store.ErrTaken })
	await.Until(t, "counting stops", func() (string, bool) {
		_, err := s.Counted()
		return fmt.Sprint(err), errors.Is(err, store.ErrTaken)
	})
	s.kill(t)
}
