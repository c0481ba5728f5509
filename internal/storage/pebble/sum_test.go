package pebble_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/pebble"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// TestSumsAreBounded: a sum of 150,000 different values of 500 bytes holds no more
// than Options.Held, and has each value once, in order.
func TestSumsAreBounded(t *testing.T) {
	t.Parallel()
	const days, perDay, most = 30, 5000, 4 << 20
	padding := strings.Repeat("p", 490)
	values := func(yield func([]byte) bool) {
		var b []byte
		for day := range days {
			for i := range perDay {
				b = fmt.Appendf(b[:0], "%s%07d", padding, i*days+day)
				if !yield(b) {
					return
				}
			}
			for i := range perDay { // every tenth has clicks on the next day too
				if i%10 == 0 {
					b = fmt.Appendf(b[:0], "%s%07d", padding, i*days+day)
					if !yield(b) {
						return
					}
				}
			}
		}
	}
	next := 0
	passes, held, err := pebble.Sift(most, values, func(value string, clicks uint64) {
		want, twice := fmt.Sprintf("%s%07d", padding, next), uint64(1)
		if next/days%10 == 0 {
			twice = 2
		}
		if next++; value != want || clicks != twice {
			t.Fatalf("value %d is …%s with %d clicks, want …%s with %d", next, value[len(value)-9:], clicks, want[len(want)-9:], twice)
		}
	})
	if err != nil || next != days*perDay {
		t.Errorf("the sum has %d values, %v", next, err)
	}
	if held > 2*most || passes < days*perDay*500/most/2 {
		t.Errorf("%d bytes were held, want at most twice %d; in %d passes", held, most, passes)
	}
}

// TestSieve: whatever runs of values come, the sums are those of a map, in the order of the values.
func TestSieve(t *testing.T) {
	t.Parallel()
	seedtest.Check(t, func(t *rapid.T) {
		most := rapid.SampledFrom([]int{1, 200, 2000, 1 << 20}).Draw(t, "bytes to hold")
		// Many values are in several runs, and one may be the empty value.
		value := rapid.StringMatching(`[ab]{0,3}|[a-c]{60}`)
		run := rapid.Custom(func(t *rapid.T) []string {
			values := rapid.SliceOfNDistinct(value, 0, 30, rapid.ID).Draw(t, "values")
			slices.Sort(values)
			return values
		})
		runs := rapid.SliceOfN(run, 0, 20).Draw(t, "runs")
		want := map[string]uint64{}
		for _, value := range slices.Concat(runs...) {
			want[value]++
		}
		got, order := map[string]uint64{}, []string(nil)
		_, _, err := pebble.Sift(most, func(yield func([]byte) bool) {
			for _, value := range slices.Concat(runs...) {
				if !yield([]byte(value)) {
					return
				}
			}
		}, func(value string, clicks uint64) {
			got[value] += clicks
			order = append(order, value)
		})
		if err != nil || !maps.Equal(got, want) || !slices.Equal(order, slices.Sorted(maps.Keys(want))) {
			t.Fatalf("%d bytes: the sums are %v in the order %q, %v; want %v", most, got, order, err, want)
		}
	})
}

// BenchmarkSum measures questions about referrers or links, with Counts, which holds
// everything, for comparison.
func BenchmarkSum(b *testing.B) {
	ctx := context.Background()
	s := open(b, pebble.Options{Dir: "clicks", FS: vfs.NewMem()})
	defer s.Close()
	add := func(facet rollup.Facet, position uint64, days, values int, name func(i int) string) {
		for day := range days {
			batch := &store.Batch{From: position + uint64(day), To: position + uint64(day) + 1}
			for i := range values {
				batch.Cells = append(batch.Cells, rollup.Cell{Key: rollup.Key{
					Scope: rollup.Scope{User: 1}, Facet: facet, Slot: int64(19000+day) * rollup.Day, Value: name(i*days + day),
				}, Clicks: 1})
			}
			if err := s.AddBatch(ctx, batch); err != nil {
				b.Fatal(err)
			}
		}
	}
	add(rollup.Country, 0, 30, 200, func(i int) string { return fmt.Sprintf("%c%c", 'A'+i/30%26, 'A'+i/30/26) })
	add(rollup.Referrer, 30, 30, 5000, func(i int) string { return fmt.Sprintf("http://%s.example/%07d", strings.Repeat("p", 480), i) })
	add(rollup.Link, 60, 30, 50_000, func(i int) string { return fmt.Sprintf("%08d", i/30) })
	for _, f := range []rollup.Facet{rollup.Country, rollup.Referrer, rollup.Link} {
		edges := []int64{19000 * rollup.Day, 19040 * rollup.Day}
		b.Run(f.String()+"/sum", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				q := store.Sum{Parts: []store.Part{{Scope: rollup.Scope{User: 1}}}, Facet: f, Edges: edges}
				if err := s.Sum(ctx, q, func(store.Count) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(f.String()+"/counts", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Counts(ctx, store.Query{Scope: rollup.Scope{User: 1}, Facet: f, Edges: edges}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
