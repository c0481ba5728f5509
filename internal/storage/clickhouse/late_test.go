//go:build cluster

package clickhouse_test

import (
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/clickhouse"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/storage/storetest"
	"github.com/footfall/footfall/internal/testkit/clustertest"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// TestLateDeletion: the first row of a deletion arrives after a later deletion of the same link was
// carried out. It takes nothing: the clicks of the link left its user already.
func TestLateDeletion(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := clustertest.Start(t, clustertest.Options{Password: "secret"})
	s := openAt(t, c.Database(t), "one")
	model := &storetest.MemoryCounts{}
	for _, b := range drawJournal(seedtest.Rand(t), store.JournalID{1}, 8) {
		if err := s.AddBatch(ctx, b); err != nil {
			t.Fatal(err)
		}
		if err := model.AddBatch(ctx, b); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Sync(ctx); err != nil {
		t.Fatal(err)
	}
	gone := []rollup.Scope{{User: 1, Link: 10}, {User: 2, Link: 22}}
	late, err := s.PrepareDeletion(ctx, gone)
	if err != nil {
		t.Fatal(err)
	}
	for _, scopes := range [][]rollup.Scope{gone, {{User: 3, Link: 31}}} {
		if err := s.Delete(ctx, scopes); err != nil {
			t.Fatal(err)
		}
		if err := model.Delete(ctx, scopes); err != nil {
			t.Fatal(err)
		}
		if err := late(); err != nil {
			t.Fatal(err)
		}
	}
	compareAnswers(t, s, model)
	if err := s.Verify(ctx, nil, func(fault string) { t.Error(fault) }); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestSnapshotKeepsItsBounds: what a snapshot shows stays the same while later batches are sent, in
// answers that were begun before them, and also if the journal was to be read again when the snapshot was
// taken.
func TestSnapshotKeepsItsBounds(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := clustertest.Start(t, clustertest.Options{Password: "secret"})
	s := openAt(t, c.Database(t), "one")
	journal := drawJournal(seedtest.Rand(t), store.JournalID{1}, 3)
	scope := rollup.Scope{User: 1, Link: click.AllLinks}
	total := uint64(0)
	for i, b := range journal {
		b.Epoch = 0
		if i == 1 {
			if err := s.Sync(ctx); err != nil {
				t.Fatal(err)
			}
			s.Forget(b.Journal)
		}
		if i > 0 {
			snap, err := s.Snapshot(ctx)
			if err != nil {
				t.Fatal(err)
			}
			shown, err := snap.(*clickhouse.Snapshot).Rows(ctx, scope)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.AddBatch(ctx, b); err != nil {
				t.Fatal(err)
			}
			if n, err := shown(); i > 1 && n != total || err != nil { // those that are to be read again are not frozen
				t.Errorf("after batch %d an answer that was begun before it has %d clicks, %v; want %d", i, n, err, total)
			}
			if err := snap.Verify(ctx, nil, func(fault string) { t.Errorf("after batch %d: %s", i, fault) }); err != nil {
				t.Error(err)
			}
			_, found, err := snap.First(ctx, scope, rollup.All)
			if found != (total > 0) || err != nil {
				t.Errorf("after batch %d the snapshot has clicks: %v, %v", i, found, err)
			}
			if err := snap.Close(); err != nil {
				t.Error(err)
			}
		} else if err := s.AddBatch(ctx, b); err != nil {
			t.Fatal(err)
		}
		for _, cell := range b.Cells {
			if cell.Scope == scope && cell.Facet == rollup.All {
				total += cell.Clicks
			}
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
