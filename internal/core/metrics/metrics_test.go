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

// TestLaws: all counts of a scope agree, in any zone, unit and form.
func TestLaws(t *testing.T) {
	zones := calendar.Zones()
	user := metrics.Subject{{User: 1}}
	any := metrics.Ranking{Limit: 1 << 30, Unnamed: "none"}
	seedtest.Check(t, func(t *rapid.T) {
		const from = 1_300_000_000
		spread := rapid.SampledFrom([]int64{50_000, 1_000_000, 100_000_000}).Draw(t, "spread")
		m := new(storetest.MemoryCounts)
		b := &store.Batch{To: 1}
		n := rapid.IntRange(0, 30).Draw(t, "clicks")
		cells := map[rollup.Key]uint64{}
		for range n {
			c := click.Click{
				Time: (from + rapid.Int64Range(0, spread).Draw(t, "time")) * 1000, User: 1, Link: click.LinkID(rapid.Uint64Range(1, 3).Draw(t, "link")),
				Country:  rapid.SampledFrom([]click.Country{{}, {'U', 'S'}, {'D', 'E'}}).Draw(t, "country"),
				Referrer: rapid.SampledFrom([]click.Referrer{"", "http://t.co/"}).Draw(t, "referrer"),
				City:     rapid.SampledFrom([]click.City{"", "A", "B"}).Draw(t, "city"),
				Agent:    click.Agent{Device: click.Device(rapid.Uint8Range(0, 2).Draw(t, "device"))},
				Bot:      rapid.IntRange(0, 9).Draw(t, "bot") == 0,
			}
			rollup.Each(c, rollup.QuarterHour, func(k rollup.Key) { cells[k]++ })
		}
		for k, clicks := range cells {
			b.Cells = append(b.Cells, rollup.Cell{Key: k, Clicks: clicks})
		}
		ctx := context.Background()
		if err := m.AddBatch(ctx, b); err != nil {
			t.Fatal(err)
		}
		ask := metrics.New(m)
		zone, err := calendar.Load(rapid.SampledFrom(zones).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		w := metrics.Window{
			Zone: zone, Reference: rapid.Int64Range(from-1e5, from+spread+1e5).Draw(t, "reference"),
			Unit:  rapid.SampledFrom([]calendar.Unit{calendar.Hour, calendar.Day, calendar.Week, calendar.MWeek, calendar.Month}).Draw(t, "unit"),
			Units: rapid.SampledFrom([]int{metrics.AllTime, 1, 7, 500, 1 << 30}).Draw(t, "units"),
		}
		must := func(err error) {
			if err != nil {
				t.Fatal(err)
			}
		}
		total, err := ask.Total(ctx, user, w)
		must(err)

		// The links of a user add up to the user, in every form.
		links := metrics.Subject{{User: 1, Link: 1}, {User: 1, Link: 2}, {User: 1, Link: 3}}
		ofLinks, err := ask.Total(ctx, links, w)
		must(err)
		limit := rapid.SampledFrom([]int{1, 2, 5, 100}).Draw(t, "limit")
		want, err := ask.Series(ctx, user, w, limit)
		must(err)
		got, err := ask.Series(ctx, links, w, limit)
		must(err)
		if ofLinks != total || !slices.Equal(got, want) {
			t.Fatalf("the links have %d clicks, %v; the user %d, %v", ofLinks, got, total, want)
		}

		series, err := ask.Series(ctx, user, w, 1<<17)
		must(err)
		var sum uint64
		for i, p := range series {
			sum += p.Count
			if i > 0 && p.Start >= series[i-1].Start {
				t.Fatalf("the series does not run newest first: %v", series)
			}
			if w.Units == metrics.AllTime && p.Count == 0 {
				t.Fatalf("all time lists a unit without clicks: %v", p)
			}
		}
		// 1<<30 hours are cut by the limit, not by 1980.
		if sum != total && !(w.Unit == calendar.Hour && w.Units == 1<<30) {
			t.Fatalf("the series of %+v adds up to %d, the total is %d", w, sum, total)
		}
		for _, p := range rollup.Projections() {
			by, err := ask.TopBy(ctx, user, p, w, any)
			must(err)
			sum = 0
			for _, v := range by {
				sum += v.Clicks
			}
			want := total
			if p.Facet == rollup.Bot {
				want, err = ask.Bots(ctx, user, w)
				must(err)
			}
			if sum != want {
				t.Fatalf("the %s have %d clicks, want %d: %v", p.List, sum, want, by)
			}
			if byLinks, err := ask.TopBy(ctx, links, p, w, any); err != nil || !slices.Equal(byLinks, by) {
				t.Fatalf("the links have %s %v, %v; the user %v", p.List, byLinks, err, by)
			}
		}
		for _, f := range []rollup.Facet{rollup.Country, rollup.Referrer, rollup.Link} {
			top, err := ask.Top(ctx, user, f, w, any)
			must(err)
			sum = 0
			for i, v := range top {
				sum += v.Clicks
				if i > 0 && (v.Clicks > top[i-1].Clicks || v.Clicks == top[i-1].Clicks && v.Name <= top[i-1].Name) {
					t.Fatalf("%v is not ranked", top)
				}
			}
			if sum != total {
				t.Fatalf("by %s there are %d clicks, in all %d", f, sum, total)
			}
			few, err := ask.Top(ctx, user, f, w, metrics.Ranking{Limit: limit, Unnamed: "none"})
			must(err)
			if want := top[:min(len(top), limit)]; !slices.Equal(few, want) {
				t.Fatalf("the first %d of %v are %v", limit, top, few)
			}
			nameless := ""
			if len(top) > 0 {
				nameless = rapid.SampledFrom(top).Draw(t, "nameless").Name
			}
			looked, err := ask.Top(ctx, user, f, w, metrics.Ranking{
				Limit: limit, Names: func(_ context.Context, values []string) ([]string, error) {
					names := make([]string, len(values))
					for i, v := range values {
						if v == "" {
							v = "none"
						}
						if v != nameless {
							names[i] = "the " + v
						}
					}
					return names, nil
				},
			})
			must(err)
			var named []metrics.Value
			for _, v := range top {
				if v.Name != nameless {
					named = append(named, metrics.Value{Name: "the " + v.Name, Clicks: v.Clicks})
				}
			}
			if want := named[:min(len(named), limit)]; !slices.Equal(looked, want) {
				t.Fatalf("the first %d of %v without %q are, with names that are looked up, %v", limit, top, nameless, looked)
			}
			if f == rollup.Link {
				continue
			}
			if byLinks, err := ask.Top(ctx, links, f, w, any); err != nil || !slices.Equal(byLinks, top) {
				t.Fatalf("the links have %v by %s, %v; the user %v", byLinks, f, err, top)
			}
			one, err := ask.Top(ctx, user, f, w, metrics.Ranking{Limit: 2, Group: func(v string) (name, lead string) { return "all", v }})
			must(err)
			if total > 0 && (len(one) != 1 || one[0].Clicks != total || one[0].Lead != lead(top)) {
				t.Fatalf("values of one group are %v, in all %d: %v", one, total, top)
			}
		}

		l := metrics.Legacy{Zone: zone, Reference: w.Reference, Days: rapid.IntRange(1, 30).Draw(t, "days")}
		days, err := ask.Days(ctx, user, l)
		must(err)
		byCountry, err := ask.TopByDay(ctx, user, rollup.Country, l, any)
		must(err)
		if len(days) != l.Days || len(byCountry) != l.Days {
			t.Fatalf("%d days and %d, want %d", len(days), len(byCountry), l.Days)
		}
		for i, d := range days {
			sum = 0
			for _, v := range byCountry[i] {
				sum += v.Clicks
			}
			if sum != d.Count || i > 0 && days[i-1].Start-d.Start != 86400 {
				t.Fatalf("day %d: %+v, by country %d", i, d, sum)
			}
		}
	})
}

// lead is the first name in the list that is not "none".
func lead(top []metrics.Value) string {
	for _, v := range top {
		if v.Name != "none" {
			return v.Name
		}
	}
	return ""
}
