package metrics_test

import (
	"fmt"
	"maps"
	"testing"

	"github.com/footfall/footfall/internal/base/calendar"
	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/core/metrics"
)

// TestAtReadsOnce: answers about one instant read each sum once, unless it is large, and are the
// same as those of other Metrics. Other edges or scopes are other sums.
func TestAtReadsOnce(t *testing.T) {
	zone, err := calendar.Fixed(0)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ cities, places int }{{1000, 1}, {200_000, 2}} { // 200,000 cities are not kept
		counts := manyCities{cities: c.cities, sums: map[rollup.Facet]int{}}
		alone := metrics.New(manyCities{cities: c.cities, sums: map[rollup.Facet]int{}})
		at, done, err := metrics.New(counts).At(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer done()
		w := metrics.Window{Zone: zone, Unit: calendar.Day, Units: metrics.AllTime, Reference: click.Latest.Unix() - 1}
		ask := func(lists string, of metrics.Subject) {
			t.Helper()
			for _, p := range rollup.Projections() {
				if p.List != lists {
					continue
				}
				got, err := at.TopBy(t.Context(), of, p, w, metrics.Ranking{Limit: 20})
				want, wantErr := alone.TopBy(t.Context(), of, p, w, metrics.Ranking{Limit: 20})
				if err != nil || wantErr != nil || len(want) == 0 || fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("%d cities by %s are %v, want %v: %v, %v", c.cities, p.List, got, want, err, wantErr)
				}
			}
		}
		read := func(what string, want map[rollup.Facet]int) {
			t.Helper()
			if !maps.Equal(counts.sums, want) {
				t.Errorf("%d cities: after %s the sums were read %v times, want %v", c.cities, what, counts.sums, want)
			}
		}
		user := metrics.Subject{{User: 1}}
		ask("cities", user)
		ask("regions", user)
		read("two lists of places", map[rollup.Facet]int{rollup.Place: c.places, rollup.Country: 1})
		w.Units = 7
		ask("cities", user)
		read("another week", map[rollup.Facet]int{rollup.Place: c.places + 1, rollup.Country: 2})
		ask("cities", metrics.Subject{{User: 1, Link: 2}})
		read("a link", map[rollup.Facet]int{rollup.Place: c.places + 2, rollup.Country: 3})
		ask("cities", metrics.Subject{{User: 1, Link: 2, Since: 900}})
		read("a link from an instant on", map[rollup.Facet]int{rollup.Place: c.places + 3, rollup.Country: 4})
	}
}
