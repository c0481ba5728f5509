package metrics_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/footfall/footfall/internal/base/calendar"
	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/core/metrics"
	"github.com/footfall/footfall/internal/storage/store"
)

// manyCities is the counts of one click in each of many cities, and of one in no city.
type manyCities struct {
	cities int
	sums   map[rollup.Facet]int // how often they were summed
}

func (m manyCities) Counts(context.Context, store.Query) ([]store.Count, error) { return nil, nil }

func (m manyCities) Snapshot(context.Context) (manyCities, error) { return m, nil }

func (m manyCities) Close() error { return nil }

func (m manyCities) First(context.Context, rollup.Scope, rollup.Facet) (int64, bool, error) {
	return click.Earliest.Unix(), true, nil
}

func (m manyCities) Sum(_ context.Context, q store.Sum, f func(store.Count) error) error {
	if m.sums[q.Facet]++; q.Facet == rollup.Country {
		return f(store.Count{Value: "US", Clicks: uint64(m.cities) + 1})
	}
	for i := range m.cities {
		if err := f(store.Count{Value: fmt.Sprintf("US/TX/City %06d", i), Clicks: 1}); err != nil {
			return err
		}
	}
	return nil
}

// TestManyCities: however many cities there are, they are read once.
func TestManyCities(t *testing.T) {
	counts := manyCities{cities: 200_000, sums: map[rollup.Facet]int{}}
	zone, err := calendar.Fixed(0)
	if err != nil {
		t.Fatal(err)
	}
	w := metrics.Window{Zone: zone, Unit: calendar.Day, Units: metrics.AllTime, Reference: click.Latest.Unix() - 1}
	for _, p := range rollup.Projections() {
		if p.List != "cities" {
			continue
		}
		top, err := metrics.New(counts).TopBy(t.Context(), metrics.Subject{{User: 1}}, p, w, metrics.Ranking{Limit: counts.cities + 2})
		if err != nil || len(top) != counts.cities+1 {
			t.Fatalf("there are %d cities, want %d: %v", len(top), counts.cities+1, err)
		}
		if first, last := p.Parts(top[0].Name), p.Parts(top[counts.cities].Name); first[0] != "City 000000" || last[0] != click.Unknown {
			t.Errorf("the first city is %q, the last one %q", first, last)
		}
	}
	if counts.sums[rollup.Place] != 1 || counts.sums[rollup.Country] != 1 {
		t.Errorf("the counts were read several times: %v", counts.sums)
	}
}
