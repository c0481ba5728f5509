package pebble_test

import (
	"testing"
	"time"

	engine "github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/pebble"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// TestDeleteMany: with a user, all aggregate links that only this user had
// are deleted. One batch for each of them would take longer the more there are,
// because the engine sorts all deleted ranges after each batch.
func TestDeleteMany(t *testing.T) {
	t.Parallel()
	const links, clicked = 2000, 300 // the other links have no clicks
	s := open(t, pebble.Options{Dir: t.TempDir()})
	defer s.Close()
	b := &store.Batch{To: 1, MinutesFrom: 0}
	var all, some uint64
	scopes := []rollup.Scope{}
	for l := range click.LinkID(links) {
		scopes = append(scopes, rollup.Scope{Link: 1 + l})
	}
	cells := map[rollup.Key]uint64{}
	for l := range click.LinkID(clicked + 1) { // one of them stays
		c := click.Click{Link: 1 + l, Time: 1_700_000_000_000, Referrer: "http://example.org/"}
		if all++; l == clicked {
			c.Link, some = links+1, some+1
		}
		rollup.Each(c, rollup.QuarterHour, func(k rollup.Key) { cells[k]++ })
	}
	for k, n := range cells {
		b.Cells = append(b.Cells, rollup.Cell{Key: k, Clicks: n})
	}
	b.Journaled.Add(b.Cells...)
	if err := s.AddBatch(t.Context(), b); err != nil {
		t.Fatal(err)
	}

	before := s.DB().NewSnapshot() // so that compactions keep the deleted data
	defer before.Close()
	done := make(chan error)
	go func() { done <- s.Delete(t.Context(), scopes) }()
	total := func() uint64 {
		counts, err := s.Counts(t.Context(), store.Query{Facet: rollup.All, Edges: []int64{0, 30_000_000 * 60}})
		if err != nil || len(counts) != 1 {
			t.Fatal(counts, err)
		}
		return counts[0].Clicks
	}
	for deleting := true; deleting; {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			deleting = false
		default:
		}
		if n := total(); n != all && n != some {
			t.Fatalf("%d clicks are left during a deletion, want all %d or the %d that stay", n, all, some)
		}
	}
	if n := total(); n != some {
		t.Errorf("%d clicks are left, want %d", n, some)
	}
	if err := s.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	levels, err := s.DB().SSTables(engine.WithProperties())
	if err != nil {
		t.Fatal(err)
	}
	ranges := uint64(0)
	for _, tables := range levels {
		for _, table := range tables {
			ranges += table.Properties.NumRangeDeletions
		}
	}
	if ranges == 0 || ranges > 2*clicked {
		t.Errorf("%d ranges were deleted, want one for the quarter-hours and one for the days of each of the %d links that have some", ranges, clicked)
	}
	if deleted, err := s.Deleted(t.Context()); len(deleted) != links || err != nil {
		t.Errorf("%d links were deleted (%v), want %d", len(deleted), err, links)
	}
}

// TestManyDeletionsAreFlushed: a rebuild repeats deletions one after the other. Their
// ranges in memory make each slower than the one before, unless they are flushed from
// time to time.
func TestManyDeletionsAreFlushed(t *testing.T) {
	t.Parallel()
	const links = 600
	gates := &gates{}
	s := open(t, pebble.Options{Dir: "clicks", FS: errorfs.Wrap(vfs.NewMem(), gates)})
	defer s.Close()
	b := &store.Batch{To: 1}
	cells := map[rollup.Key]uint64{}
	for l := range click.LinkID(links) {
		rollup.Each(click.Click{User: 1, Link: 1 + l, Time: 1_700_000_000_000}, rollup.QuarterHour, func(k rollup.Key) { cells[k]++ })
	}
	for k, n := range cells {
		b.Cells = append(b.Cells, rollup.Cell{Key: k, Clicks: n})
	}
	b.Journaled.Add(b.Cells...)
	if err := s.AddBatch(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	flushing, _ := gates.add(errorfs.OpCreate, ".sst", false)
	for l := range click.LinkID(links) {
		if err := s.Delete(t.Context(), []rollup.Scope{{User: 1, Link: 1 + l}}); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case <-flushing:
	case <-time.After(time.Minute):
		t.Errorf("after %d deletions nothing was flushed", links)
	}
}

// TestPurgeRanges: the files with deleted data are rewritten, and not the files of all
// other users if a user had many aggregate links.
func TestPurgeRanges(t *testing.T) {
	t.Parallel()
	rng := seedtest.Rand(t)
	for _, users := range []int{1, 3, 60, 100, 300} {
		for _, links := range []int{1, 40, 400} {
			var scopes []rollup.Scope
			for range links {
				scopes = append(scopes, rollup.Scope{User: 2 * click.UserID(rng.IntN(users)), Link: click.LinkID(rng.IntN(links))})
			}
			ranges, covers := pebble.PurgeRanges(scopes)
			if ranges > 129 {
				t.Errorf("%d ranges for %d links of %d users", ranges, links, users)
			}
			for _, s := range scopes {
				if !covers(s) || s.User != click.Nobody && !covers(rollup.Scope{User: s.User}) {
					t.Errorf("%+v is not covered, of %d links of %d users", s, links, users)
				}
				if other := (rollup.Scope{User: s.User + 1, Link: 1}); users < 25 && covers(other) {
					t.Errorf("%+v is covered, and was not deleted", other)
				}
			}
		}
	}
}
