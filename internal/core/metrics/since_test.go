package metrics_test

import (
	"context"
	"reflect"
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

// TestSince: a scope with Since has the clicks of a scope without earlier clicks, in
// any zone, unit and form.
func TestSince(t *testing.T) {
	zones := calendar.Zones()
	seedtest.Check(t, func(t *rapid.T) {
		const from, quarterHour = 1_299_999_600, 900
		spread := rapid.SampledFrom([]int64{10_000, 1_000_000, 100_000_000}).Draw(t, "spread")
		since := from + rapid.Int64Range(0, spread/quarterHour).Draw(t, "since")*quarterHour
		ctx := context.Background()
		count := func(clicks []click.Click) *metrics.Metrics {
			cells := map[rollup.Key]uint64{}
			for _, c := range clicks {
				rollup.Each(c, rollup.QuarterHour, func(k rollup.Key) { cells[k]++ })
			}
			b := &store.Batch{To: 1}
			for k, n := range cells {
				b.Cells = append(b.Cells, rollup.Cell{Key: k, Clicks: n})
			}
			m := new(storetest.MemoryCounts)
			if err := m.AddBatch(ctx, b); err != nil {
				t.Fatal(err)
			}
			return metrics.New(m)
		}
		var all, left []click.Click
		for range rapid.IntRange(0, 30).Draw(t, "clicks") {
			c := click.Click{
				Time: (from + rapid.Int64Range(0, spread).Draw(t, "time")) * 1000, User: 1, Link: click.LinkID(rapid.Uint64Range(1, 2).Draw(t, "link")),
				Country: rapid.SampledFrom([]click.Country{{}, {'U', 'S'}, {'D', 'E'}}).Draw(t, "country"),
			}
			if all = append(all, c); c.Link != 1 || c.Time >= since*1000 {
				left = append(left, c)
			}
		}
		zone, err := calendar.Load(rapid.SampledFrom(zones).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		w := metrics.Window{
			Zone: zone, Reference: rapid.Int64Range(from-1e5, from+spread+1e5).Draw(t, "reference"),
			Unit:  rapid.SampledFrom([]calendar.Unit{calendar.Hour, calendar.Day, calendar.Week, calendar.Month}).Draw(t, "unit"),
			Units: rapid.SampledFrom([]int{metrics.AllTime, 1, 7, 500}).Draw(t, "units"),
		}
		limit := rapid.SampledFrom([]int{1, 5, 1000}).Draw(t, "limit")
		days := metrics.Legacy{Zone: zone, Reference: w.Reference, Days: rapid.IntRange(1, 30).Draw(t, "days")}
		scopes := rapid.IntRange(1, 2).Draw(t, "scopes")
		answers := func(m *metrics.Metrics, since int64) (list []any) {
			of := metrics.Subject{{User: 1, Link: 1, Since: since}, {User: 1, Link: 2}}
			of = of[:scopes]
			ranking := metrics.Ranking{Limit: limit, Unnamed: "none"}
			for _, answer := range []func() (any, error){
				func() (any, error) { return m.Total(ctx, of, w) },
				func() (any, error) { return m.Series(ctx, of, w, limit) },
				func() (any, error) { return m.Days(ctx, of, days) },
				func() (any, error) {
					top, err := m.Top(ctx, of, rollup.Country, w, ranking)
					return append([]metrics.Value{}, top...), err
				},
				func() (any, error) { return m.TopByDay(ctx, of, rollup.Country, days, ranking) },
			} {
				a, err := answer()
				if err != nil {
					t.Fatal(err)
				}
				list = append(list, a)
			}
			return list
		}
		if got, want := answers(count(all), since), answers(count(left), 0); !reflect.DeepEqual(got, want) {
			t.Fatalf("since %d: %v\nand without the clicks before: %v", since, got, want)
		}
	})
}
