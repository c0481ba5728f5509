package datadir

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/storage/storetest"
	"github.com/footfall/footfall/internal/testkit/await"
	"github.com/footfall/footfall/internal/testkit/logtest"
)

// memory is shared counts in memory, which can be away. Several directories may have
// them open.
type memory struct {
	*storetest.MemoryCounts
	away *atomic.Bool
}

func newMemory() memory { return memory{new(storetest.MemoryCounts), new(atomic.Bool)} }

func (m memory) answers() error {
	if m.away.Load() {
		return click.ErrUnavailable
	}
	return nil
}

func (m memory) AddBatch(ctx context.Context, b *store.Batch) error {
	if err := m.answers(); err != nil {
		return err
	}
	return m.MemoryCounts.AddBatch(ctx, b)
}

func (m memory) Position(ctx context.Context, j store.JournalID) (store.Position, bool, error) {
	if err := m.answers(); err != nil {
		return store.Position{}, false, err
	}
	return m.MemoryCounts.Position(ctx, j)
}

func (m memory) Note(ctx context.Context) ([]byte, error) {
	if err := m.answers(); err != nil {
		return nil, err
	}
	return m.MemoryCounts.Note(ctx)
}

func (m memory) Sync(ctx context.Context) error {
	if err := m.answers(); err != nil {
		return err
	}
	return m.MemoryCounts.Sync(ctx)
}

func (m memory) Deleted(ctx context.Context) ([]rollup.Scope, error) {
	if err := m.answers(); err != nil {
		return nil, err
	}
	return m.MemoryCounts.Deleted(ctx)
}

func (m memory) Lagging() (servers, deletions int) { return 0, 0 }

func (m memory) Close() error { return nil }

// options are those of a directory that uses the counts.
func (m memory) options(dir string, log *logtest.Log) Options {
	return Options{
		Path: dir, Create: true, Now: time.Now, Log: log.Logger(),
		Clicks: &SharedCounts{Engine: "memory", Open: func(context.Context, string) (SharedCountsStore, error) { return m, nil }},
	}
}

func (m memory) open(t *testing.T, dir string, log *logtest.Log) *Dir {
	t.Helper()
	d, err := Open(t.Context(), m.options(dir, log))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestOtherEngine: a start with other engines than the last one is refused, and
// changes nothing.
func TestOtherEngine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ first, second func(o *Options) }{
		"--clicks is left out": {func(*Options) {}, func(o *Options) { o.Clicks = nil }},
		"--clicks is new":      {func(o *Options) { o.Clicks = nil }, func(*Options) {}},
		"another engine":       {func(*Options) {}, func(o *Options) { o.Clicks = &SharedCounts{Engine: "other", Open: o.Clicks.Open} }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newMemory().options(filepath.Join(t.TempDir(), "data"), new(logtest.Log))
			first, second := o, o
			c.first(&first)
			c.second(&second)
			for range 2 {
				d, err := Open(t.Context(), first)
				if err != nil {
					t.Fatal(err)
				}
				d.mustClose(t)
				before, err := os.ReadDir(o.Path)
				if err != nil {
					t.Fatal(err)
				}
				_, err = Open(t.Context(), second)
				part := new(PartError)
				if !errors.As(err, &part) || part.Part != PartCounts || !errors.As(err, new(*EngineError)) {
					t.Errorf("a start with another engine: %v, want an EngineError about the counts", err)
				}
				if after, err := os.ReadDir(o.Path); err != nil || len(after) != len(before) {
					t.Errorf("the refused start left %v (%v), and there was %v", after, err, before)
				}
			}
		})
	}
}

// TestFailedFirstStart: after a first start that failed, a start with other engines makes the
// directory.
func TestFailedFirstStart(t *testing.T) {
	t.Parallel()
	links := newSharedFile(t)
	for name, change := range map[string]func(o *Options){
		"the same engines":     func(*Options) {},
		"--clicks is left out": func(o *Options) { o.Clicks = nil },
		"another engine":       func(o *Options) { o.Clicks.Engine = "other" },
	} {
		for _, shared := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/--links %v", name, shared), func(t *testing.T) {
				t.Parallel()
				o := newMemory().options(filepath.Join(t.TempDir(), "data"), new(logtest.Log))
				first := o
				first.Clicks = &SharedCounts{Engine: "memory", Open: func(context.Context, string) (SharedCountsStore, error) { return nil, errors.New("wrong password") }}
				if shared {
					first.Links = links.engine()
				}
				if _, err := Open(t.Context(), first); err == nil || !strings.Contains(err.Error(), "wrong password") {
					t.Fatalf("a start with wrong options: %v", err)
				}
				change(&o)
				for range 2 {
					d, err := Open(t.Context(), o)
					if err != nil {
						t.Fatal(err)
					}
					d.mustClose(t)
				}
			})
		}
	}
}

// TestCountsAway: a directory opens while shared counts are away, and takes clicks.
// They are counted once the counts are back, each once.
func TestCountsAway(t *testing.T) {
	t.Parallel()
	m, log, dir := newMemory(), new(logtest.Log), filepath.Join(t.TempDir(), "data")
	record := func(d *Dir, n int) {
		t.Helper()
		for range n {
			if err := d.Recorder.Record(t.Context(), click.Click{Time: time.Now().UnixMilli(), User: 1, Link: 1}); err != nil {
				t.Fatal(err)
			}
		}
	}
	m.away.Store(true)
	for range 2 { // the second one has a journal of which nothing was counted
		d := m.open(t, dir, log)
		if d.Created {
			if _, err := d.AddUser(t.Context(), "ann"); err != nil {
				t.Fatal(err)
			}
			if _, err := d.AddLink(t.Context(), "ann", "http://example.org/"); err != nil {
				t.Fatal(err)
			}
		}
		record(d, 3)
		now, cancel := context.WithTimeout(t.Context(), 0)
		defer cancel()
		if err := d.Close(now); err != nil {
			t.Errorf("a stop while the counts are away: %v", err)
		}
	}
	d := m.open(t, dir, log)
	record(d, 3)
	if _, err := d.userClicks(t.Context(), "ann"); !errors.Is(err, click.ErrUnavailable) {
		t.Errorf("the number of clicks while the counts are away: %v, want click.ErrUnavailable", err)
	}
	m.away.Store(false)
	if err := d.Recorder.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, err := d.userClicks(t.Context(), "ann"); err != nil || n != 9 {
		t.Errorf("%d clicks were counted (%v), want 9", n, err)
	}
	d.checks(t, 9, 0)
	d.mustClose(t)
}

// TestForeignCounts: counts that were away when the directory was opened, and belong
// to other links and users, get no clicks.
func TestForeignCounts(t *testing.T) {
	t.Parallel()
	m, log := newMemory(), new(logtest.Log)
	d := m.open(t, filepath.Join(t.TempDir(), "one"), log)
	d.mustClose(t)
	if _, err := Open(t.Context(), m.options(filepath.Join(t.TempDir(), "two"), log)); !errors.Is(err, ErrMixed) {
		t.Errorf("counts of another installation: %v, want ErrMixed", err)
	}
	m.away.Store(true)
	d = m.open(t, filepath.Join(t.TempDir(), "two"), log)
	if err := d.Recorder.Record(t.Context(), click.Click{Time: time.Now().UnixMilli(), User: 1, Link: 1}); err != nil {
		t.Fatal(err)
	}
	m.away.Store(false)
	await.Until(t, "counting fails because the counts are of another installation", func() (string, bool) {
		err := d.Recorder.Stalled()
		return fmt.Sprint(err), errors.Is(err, ErrMixed)
	})
	if l, err := m.Ledger(t.Context()); err != nil || l.Total() != 0 {
		t.Errorf("%d clicks were counted (%v)", l.Total(), err)
	}
	now, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	if err := d.Close(now); err != nil {
		t.Error(err)
	}
}
