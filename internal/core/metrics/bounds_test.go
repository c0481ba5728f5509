package metrics_test

import (
	"context"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/footfall/footfall/internal/base/calendar"
	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/core/metrics"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/storage/storetest"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// TestBounds: in every answer about a window with bounds, each click within them
// counts once, in its unit, and no other click counts.
func TestBounds(t *testing.T) {
	zones := calendar.Zones()
	seedtest.Check(t, func(t *rapid.T) {
		const from, quarterHour = 1_299_999_600, 900
		spread := rapid.SampledFrom([]int64{10_000, 1_000_000, 100_000_000}).Draw(t, "spread")
		var times []int64
		cells := map[rollup.Key]uint64{}
		for range rapid.IntRange(0, 30).Draw(t, "clicks") {
			at := from + rapid.Int64Range(0, spread).Draw(t, "time")
			times = append(times, at)
			c := click.Click{Time: at * 1000, User: 1, Link: 1, Country: click.Country{'U', 'S'}}
			rollup.Each(c, rollup.QuarterHour, func(k rollup.Key) { cells[k]++ })
		}
		b := &store.Batch{To: 1}
		for k, n := range cells {
			b.Cells = append(b.Cells, rollup.Cell{Key: k, Clicks: n})
		}
		kept := new(storetest.MemoryCounts)
		ctx := context.Background()
		if err := kept.AddBatch(ctx, b); err != nil {
			t.Fatal(err)
		}
		m, of := metrics.New(kept), metrics.Subject{{User: 1}}
		zone, err := calendar.Load(rapid.SampledFrom(zones).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		instant := func(name string) int64 {
			return from + rapid.Int64Range(-200, spread/quarterHour+200).Draw(t, name)*quarterHour
		}
		w := metrics.Window{
			Zone: zone, Units: metrics.AllTime,
			Unit: rapid.SampledFrom([]calendar.Unit{calendar.Hour, calendar.Day, calendar.Week, calendar.MWeek, calendar.Month}).Draw(t, "unit"),
		}
		w.Until = instant("until")
		w.Reference = w.Until - 1
		if rapid.Bool().Draw(t, "from") {
			w.From = min(instant("at"), w.Until)
		}
		limit := rapid.SampledFrom([]int{1, 5, 1 << 17}).Draw(t, "limit")

		// The expected answer, from the edges of the calendar and each click.
		_, end := zone.Span(w.Unit, w.Reference, 1)
		var want []metrics.Point
		sum, oldest := uint64(0), int64(from-1_000_000)
		if w.From > 0 {
			oldest = w.From
		}
		edges := zone.Walk(w.Unit, w.Reference)
		edges.Next()
		for end > oldest && w.From < w.Until {
			start, _ := edges.Next()
			p := metrics.Point{Start: start}
			for _, at := range times {
				if start <= at && at < end && w.From <= at && at < w.Until {
					p.Count++
				}
			}
			if sum += p.Count; len(want) < limit && (w.From > 0 || p.Count > 0) {
				want = append(want, p)
			}
			end = start
		}
		if got, err := m.Series(ctx, of, w, limit); err != nil || !slices.Equal(got, want) {
			t.Fatalf("%+v: the series is %v, %v; want %v", w, got, err, want)
		}
		if got, err := m.Total(ctx, of, w); err != nil || got != sum {
			t.Fatalf("%+v: the total is %d, %v; want %d", w, got, err, sum)
		}
		top, err := m.Top(ctx, of, rollup.Country, w, metrics.Ranking{Limit: 1})
		if err != nil || len(top) != min(1, int(sum)) || sum > 0 && top[0] != (metrics.Value{Name: "US", Clicks: sum}) {
			t.Fatalf("%+v: by country %v, %v; want %d", w, top, err, sum)
		}
	})
}
