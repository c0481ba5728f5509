package datadir

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/logtest"
)

// noBatches is shared counts that take no batch.
type noBatches struct{ memory }

func (noBatches) AddBatch(context.Context, *store.Batch) error { return errFailing }

// TestMoveStates: a directory whose move failed is opened by another move alone, or after the move
// is cancelled. A cluster with data is refused, and so is a directory that was moved.
func TestMoveStates(t *testing.T) {
	t.Parallel()
	dir, log := filepath.Join(t.TempDir(), "data"), new(logtest.Log)
	d, _ := openIn(t, dir)
	d.click(t, 5)
	d.mustClose(t)
	links, m := newSharedFile(t), newMemory()
	o := m.options(dir, log)
	o.Links = &SharedLinks{Engine: "file", Open: func(context.Context) (SharedLinksStore, error) { return links, nil }}
	bad := o
	bad.Clicks = &SharedCounts{Engine: "memory", Open: func(context.Context, string) (SharedCountsStore, error) { return noBatches{m}, nil }}
	report := func(finding string) { t.Error(finding) }
	fails := func(what string, err error, is bool) {
		t.Helper()
		if err == nil || !is {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err := MoveToCluster(t.Context(), bad, report)
	fails("a move that fails", err, errors.Is(err, errFailing))
	for _, open := range []Options{o, {Path: dir, Now: time.Now, Log: log.Logger()}} {
		_, err = Open(t.Context(), open)
		fails("a start after that", err, errors.As(err, new(*MovingError)))
	}
	if err := CancelMove(dir); err != nil {
		t.Fatal(err)
	}
	d, _ = openIn(t, dir)
	d.checks(t, 5, 0)
	d.click(t, 1)
	d.mustClose(t)
	_, err = MoveToCluster(t.Context(), o, report)
	fails("a move to a cluster that has data", err, errors.Is(err, ErrClusterNotEmpty))

	links = newSharedFile(t)
	_, err = MoveToCluster(t.Context(), bad, report)
	fails("a move that fails", err, errors.Is(err, errFailing))
	moved, err := MoveToCluster(t.Context(), o, report)
	if err != nil || len(moved.Rows) == 0 {
		t.Fatal(moved, err)
	}
	_, err = MoveToCluster(t.Context(), o, report)
	fails("a second move", err, errors.Is(err, ErrInCluster))
	fails("a cancelled move", CancelMove(dir), errors.Is(CancelMove(dir), ErrNotMoving))
	_, err = Open(t.Context(), Options{Path: dir, Now: time.Now, Log: log.Logger()})
	fails("a start without the cluster", err, errors.As(err, new(*EngineError)))
	if d, err = Open(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	d.click(t, 2)
	d.checks(t, 8, 0)
	d.mustClose(t)

	back := o
	back.Path = filepath.Join(t.TempDir(), "back")
	if moved, err = MoveFromCluster(t.Context(), back, report); err != nil {
		t.Fatal(moved, err)
	}
	_, err = MoveFromCluster(t.Context(), back, report)
	fails("a move to a directory that has data", err, errors.Is(err, ErrNotNew))
	d, _ = openIn(t, back.Path)
	d.click(t, 1)
	d.checks(t, 9, 3)
	d.mustClose(t)
}
