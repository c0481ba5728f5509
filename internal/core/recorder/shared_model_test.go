package recorder_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync/atomic"
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

// process is the engine for one process.
type process struct {
	*sharedEngine
	dead atomic.Bool
}

var errDead = errors.New("the process has ended")

func (p *process) AddBatch(ctx context.Context, b *store.Batch) error {
	if p.dead.Load() {
		return errDead
	}
	return p.sharedEngine.AddBatch(ctx, b)
}

func (p *process) Delete(ctx context.Context, scopes []rollup.Scope) error {
	if p.dead.Load() {
		return errDead
	}
	return p.sharedEngine.Delete(ctx, scopes)
}

// journalModel is what a journal must have added to the counts.
type journalModel struct {
	most           int
	kept           map[rollup.Key]map[string]bool
	deleted        map[rollup.Scope]bool
	cells, minutes map[rollup.Key]uint64
	late           rollup.Ledger
	marks          []store.Mark
}

func newJournalModel(most int) *journalModel {
	return &journalModel{most: most, kept: map[rollup.Key]map[string]bool{}, deleted: map[rollup.Scope]bool{}, cells: map[rollup.Key]uint64{}, minutes: map[rollup.Key]uint64{}}
}

func (m *journalModel) add(clicks ...click.Click) {
	for _, c := range clicks {
		if m.deleted[rollup.Scope{User: c.User}] || m.deleted[rollup.Scope{User: c.User, Link: c.Link}] {
			rollup.Each(c, rollup.QuarterHour, func(k rollup.Key) { m.late.Add(rollup.Cell{Key: k, Clicks: 1}) })
			continue
		}
		rollup.Each(c, rollup.QuarterHour, func(k rollup.Key) { m.cells[m.capped(k)]++ })
		rollup.Each(c, rollup.Minute, func(k rollup.Key) { m.minutes[m.capped(k)]++ })
	}
}

// capped returns the key under which a click counts.
func (m *journalModel) capped(k rollup.Key) rollup.Key {
	other := k.Facet.Other(k.Value)
	if k.Value == "" || other == k.Value {
		return k
	}
	day := k
	day.Slot, day.Value = k.Slot-k.Slot%rollup.Day, ""
	switch seen := m.kept[day]; {
	case seen[k.Value]:
	case len(seen) == m.most:
		k.Value = other
	case seen == nil:
		m.kept[day] = map[string]bool{k.Value: true}
	default:
		seen[k.Value] = true
	}
	return k
}

// TestSharedCounts runs random histories of a server whose counts are shared: the engine forgets
// what is not durable, or is away; the process ends; other servers count clicks of the same days
// and delete scopes, of which this server finds out later. At the end the counts of the journal are
// those of its records, and no others.
func TestSharedCounts(t *testing.T) {
	t.Parallel()
	rng := seedtest.Rand(t)
	for range seedtest.Rounds(t, 15) {
		testSharedCounts(t, rng)
	}
}

// sharedServer is a server whose counts are shared.
type sharedServer struct {
	*recorder.Recorder
	journal *journal.Journal
	process *process
}

func openShared(t *testing.T, fs vfs.FS, e *sharedEngine, now time.Time, most, room int) *sharedServer {
	t.Helper()
	s := &sharedServer{process: &process{sharedEngine: e}}
	var err error
	cuts := rand.New(rand.NewPCG(uint64(most), uint64(room)))
	if s.journal, err = journal.Open(journal.Options{Dir: "journal", FS: fs, SegmentSize: 2 << 10}); err != nil {
		t.Fatal(err)
	}
	s.Recorder, err = recorder.Open(t.Context(), recorder.Options{
		Journal: s.journal, Counts: s.process, Shared: s.process, Now: func() time.Time { return now }, Log: logtest.To(t),
	}.WithCap(uint64(most), room).WithPause(time.Microsecond).WithVerifyEvery(time.Millisecond).WithCut(func() bool { return cuts.IntN(5) == 0 }))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// kill ends the server at once.
func (s *sharedServer) kill(t *testing.T) {
	t.Helper()
	s.process.dead.Store(true)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_ = s.Close(ended) // it says that clicks are not counted
	if err := s.journal.Close(); err != nil {
		t.Fatal(err)
	}
	s.process.forget(true)
}

// capClick is a click of few days, users and links, and of more values than the cap allows.
func capClick(rng *rand.Rand) click.Click {
	c := click.Click{
		Time: begin.UnixMilli() - rng.Int64N(2)*24*3600_000 - rng.Int64N(3600_000),
		User: click.UserID(1 + rng.IntN(3)), Link: click.LinkID(1 + rng.IntN(3)), Bot: rng.IntN(20) == 0,
	}
	if n := rng.IntN(8); n > 0 {
		c.Referrer = click.Referrer(fmt.Sprintf("http://%d/", n))
	}
	if n := rng.IntN(8); n > 0 {
		c.Country, c.City = click.Country{'A', byte('A' + n%2)}, click.City(fmt.Sprint(n))
	}
	return c
}

func testSharedCounts(t *testing.T, rng *rand.Rand) {
	ctx := t.Context()
	most, now := 1+rng.IntN(4), begin
	e := newSharedEngine(rng)
	e.fails = 5
	fs := vfs.NewCrashableMem()
	want := newJournalModel(most)
	input := [32]byte{1}
	s := openShared(t, fs, e, now, most, rng.IntN(40))
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for range 200 {
		switch rng.IntN(24) {
		case 0: // a replica fails
			e.forget(false)
		case 1:
			_ = e.Sync(ctx) // it may fail
		case 2:
			e.set(func(e *sharedEngine) { e.away = click.ErrUnavailable })
		case 3, 4:
			e.set(func(e *sharedEngine) { e.away = nil })
		case 5: // the process ends
			crashed := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: rng.IntN(101), RNG: rng})
			s.kill(t)
			fs = crashed
			now = now.Add(time.Duration(rng.IntN(2)) * time.Hour)
			s = openShared(t, fs, e, now, most, rng.IntN(40))
		case 6: // another server counts
			rollup.Each(capClick(rng), rollup.QuarterHour, func(k rollup.Key) {
				e.set(func(e *sharedEngine) { e.rows[row{k, store.JournalID{9}, rng.Uint64N(5000)}] += rng.Uint64N(5) })
			})
		case 7: // another server deletes
			scope := rollup.Scope{User: 1 + click.UserID(rng.IntN(3)), Link: click.LinkID(1 + rng.IntN(3))}
			e.set(func(e *sharedEngine) { e.deleted[scope] = true })
		case 8: // the server finds out about deletions, or deletes itself
			if rng.IntN(3) > 0 {
				continue
			}
			var scopes []rollup.Scope
			e.set(func(e *sharedEngine) { e.away = nil; scopes = slices.Collect(maps.Keys(e.deleted)) })
			must(s.Recorder.Delete(ctx, scopes))
			for _, s := range scopes {
				want.deleted[s] = true
			}
		case 9: // an import begins, perhaps when a replica has failed
			e.set(func(e *sharedEngine) { e.away = nil })
			if rng.IntN(2) == 0 {
				e.forget(false)
			}
			marks, end, err := s.BeginImport(ctx, input)
			must(err)
			end()
			if len(marks) != len(want.marks) {
				t.Fatalf("an import finds %d marks, want %d", len(marks), len(want.marks))
			}
		case 10, 11:
			clicks := make([]click.Click, rng.IntN(12))
			for i := range clicks {
				clicks[i] = capClick(rng)
			}
			mark := store.Mark{Input: input, Offset: uint64(1 + len(want.marks))}
			must(s.Import(ctx, clicks, mark))
			want.add(clicks...)
			want.marks = append(want.marks, mark)
		default:
			c := capClick(rng)
			must(s.Record(ctx, c))
			want.add(c)
		}
	}
	e.set(func(e *sharedEngine) { e.away = nil })
	awaitCounted(t, e, s.Recorder, s.journal)
	got, _ := e.cells(func(r row) bool { return r.journal == s.journal.ID() })
	compare(t, got, want.cells)
	e.set(func(e *sharedEngine) {
		from := now.Truncate(time.Hour).Add(-rollup.MinutesKept * time.Second).Unix()
		for k, n := range want.minutes {
			if got := e.minute(s.journal.ID(), k); got > n || k.Slot >= from && got != n {
				t.Fatalf("minute %+v has %d clicks, want %d", k, got, n)
			}
		}
		src := e.source(s.journal.ID()) // it may have been forgotten after everything was durable
		if src.late != want.late {
			t.Errorf("the late clicks are %v, want %v", src.late, want.late)
		}
		for epoch, err := range recorder.Recount(ctx, &s.journal.Contents, s.journal.End()) {
			if must(err); src.journaled[epoch.Base] != epoch.Ledger {
				t.Errorf("segment %d: %+v was counted, and its records add up to %+v", epoch.Base, src.journaled[epoch.Base], epoch.Ledger)
			}
		}
		for scope := range want.deleted {
			if !e.deleted[scope] {
				t.Errorf("%v was not deleted", scope)
			}
		}
	})
	must(errors.Join(s.Close(ctx), s.journal.Close()))
}
