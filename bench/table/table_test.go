package table_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/footfall/footfall/bench/table"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{
		{[]float64{3}, 3},
		{[]float64{3, 1}, 2},
		{[]float64{9, 1, 4}, 4},
		{[]float64{4, 1, 9, 2}, 3},
	} {
		given := slices.Clone(c.values)
		if got := table.Median(c.values); got != c.want || !slices.Equal(given, c.values) {
			t.Errorf("the median of %v is %v, want %v; the values are then %v", given, got, c.want, c.values)
		}
	}
	if got := table.Median(nil); !math.IsNaN(got) {
		t.Errorf("the median of nothing is %v, want NaN", got)
	}
}

func TestQuantile(t *testing.T) {
	var hundred []float64
	for i := range 100 {
		hundred = append(hundred, float64(100-i)) // 100 to 1
	}
	for _, c := range []struct {
		values     []float64
		part, want float64
	}{
		{hundred, 0.99, 99}, {hundred, 1, 100}, {hundred, 0.5, 50}, {hundred, 0, 1},
		{[]float64{7}, 0.99, 7},
		{[]float64{2, 1}, 0.99, 2}, {[]float64{2, 1}, 0.5, 1},
	} {
		if got := table.Quantile(c.values, c.part); got != c.want {
			t.Errorf("the quantile %v of %d values is %v, want %v", c.part, len(c.values), got, c.want)
		}
	}
}

// TestRow: what is compared, and whether the median of it meets the goal, not the comparison
// of medians.
func TestRow(t *testing.T) {
	ours, theirs := []float64{10, 90, 40}, []float64{20, 100, 10}
	for _, c := range []struct {
		by       table.Comparison
		goal     table.Goal
		compared []float64
		met      bool
	}{
		{table.Ratio, table.AtLeast(0.9), []float64{0.5, 0.9, 4}, true},
		{table.Ratio, table.AtLeast(0.91), []float64{0.5, 0.9, 4}, false},
		{table.Ratio, table.AtMost(0.9), []float64{0.5, 0.9, 4}, true},
		{table.Ratio, table.AtMost(0.89), []float64{0.5, 0.9, 4}, false},
		{table.Speedup, table.AtLeast(2), []float64{2, 10. / 9, 0.25}, false},
		{table.Difference, table.AtMost(-10), []float64{-10, -10, 30}, true},
		{table.Value, table.AtMost(39), ours, false},
		{table.Value, table.Goal{}, ours, true},
	} {
		r := table.Row{By: c.by, Goal: c.goal, Ours: table.Side{Values: ours}, Theirs: table.Side{Values: theirs}}
		if got := r.Compared(); !slices.Equal(got, c.compared) {
			t.Errorf("comparison %v of %v and %v is %v, want %v", c.by, ours, theirs, got, c.compared)
		}
		if got := r.Met(); got != c.met {
			t.Errorf("comparison %v, goal %v: met is %v, want %v", c.by, c.goal, got, c.met)
		}
	}
}

func TestWrite(t *testing.T) {
	rows := []table.Row{
		{
			Work: "redirects", Against: "bare", Unit: "requests/s", Goal: table.AtLeast(0.8),
			Ours:   table.Side{Values: []float64{54_321, 60_000, 50_000}, Peak: 123.4, Disk: 5e6, Promise: table.PowerCut},
			Theirs: table.Side{Values: []float64{100_000, 100_000, 100_000}, Promise: table.Nothing},
		},
		{Work: "lag", Unit: "s", By: table.Value, Goal: table.AtMost(2), Ours: table.Side{Values: []float64{0.0123}, Promise: table.PowerCut}},
		{Work: "more", Goal: table.AtMost(2), Failed: "no wrk"},
	}
	var b strings.Builder
	if err := table.Write(&b, rows); err != nil {
		t.Fatal(err)
	}
	want := strings.TrimPrefix(`
| work      | against | ours              | theirs             | compared | spread       | goal   | met    | memory | disk   | survives            |
|-----------|---------|-------------------|--------------------|----------|--------------|--------|--------|--------|--------|---------------------|
| redirects | bare    | 54,300 requests/s | 100,000 requests/s | 0.54     | 0.50 to 0.60 | ≥ 0.80 | **no** | 123 MB | 5.0 MB | power cut / nothing |
| lag       | –       | 0.0123 s          | –                  | –        | one run      | ≤ 2.00 | yes    | –      | –      | power cut           |
| more      | –       | failed: no wrk    | –                  | –        | –            | ≤ 2.00 | **no** | –      | –      | –                   |
`, "\n")
	if b.String() != want {
		t.Errorf("the table is\n%s\nwant\n%s", b.String(), want)
	}
}
