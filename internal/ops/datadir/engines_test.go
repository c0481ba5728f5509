package datadir

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/storage/storetest"
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

func (m memory) Close() error { return nil }

// options are those of a directory that uses the counts.
func (m memory) options(dir string, log *logtest.Log) Options {
	return Options{
		Path: dir, Create: true, Now: time.Now, Log: log.Logger(),
		Clicks: &SharedCounts{Engine: "memory", Open: func(context.Context, string) (SharedCountsStore, error) { return m, nil }},
	}
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
