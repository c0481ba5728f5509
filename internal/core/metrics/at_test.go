package metrics_test

import (
	"context"
	"testing"

	"github.com/footfall/footfall/internal/base/calendar"
	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/core/metrics"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/storage/storetest"
)

// TestAt: answers about one instant do not see later clicks, and lists do not close it.
func TestAt(t *testing.T) {
	ctx := context.Background()
	counts := new(storetest.MemoryCounts)
	add := func(from uint64) {
		b := &store.Batch{From: from, To: from + 1}
		rollup.Each(click.Click{Time: 1_300_000_000_000, User: 1, Link: 1}, rollup.QuarterHour, func(k rollup.Key) {
			b.Cells = append(b.Cells, rollup.Cell{Key: k, Clicks: 1})
		})
		if err := counts.AddBatch(ctx, b); err != nil {
			t.Fatal(err)
		}
	}
	add(0)
	zone, err := calendar.Load("UTC")
	if err != nil {
		t.Fatal(err)
	}
	w := metrics.Window{Zone: zone, Unit: calendar.Day, Units: 1, Reference: 1_300_000_000}
	user := metrics.Subject{{User: 1}}
	now := metrics.New(counts)
	at, done, err := now.At(ctx)
	if err != nil {
		t.Fatal(err)
	}
	add(1)
	for range 2 { // also after a list
		total, err := at.Total(ctx, user, w)
		if err != nil || total != 1 {
			t.Errorf("before the second click there are %d clicks (%v)", total, err)
		}
		top, err := at.Top(ctx, user, rollup.Country, w, metrics.Ranking{Limit: 9})
		if err != nil || len(top) != 1 || top[0].Clicks != 1 {
			t.Errorf("before the second click the countries are %v (%v)", top, err)
		}
	}
	if total, err := now.Total(ctx, user, w); err != nil || total != 2 {
		t.Errorf("now there are %d clicks (%v)", total, err)
	}
	if err := done(); err != nil {
		t.Error(err)
	}
}
