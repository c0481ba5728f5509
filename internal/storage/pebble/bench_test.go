package pebble_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/pebble"
	"github.com/footfall/footfall/internal/storage/store"
)

// BenchmarkAddBatch adds batches of clicks with the frequencies of Zipf's law: half seconds and
// longer ones under load, with minutes, and days of an import.
func BenchmarkAddBatch(b *testing.B) {
	for _, batch := range []struct {
		clicks int
		over   time.Duration
	}{{20_000, 500 * time.Millisecond}, {50_000, 1250 * time.Millisecond}, {50_000, 24 * time.Hour}} {
		b.Run(fmt.Sprintf("%d/%s", batch.clicks, batch.over), func(b *testing.B) {
			s := open(b, pebble.Options{Dir: b.TempDir()})
			rng := rand.New(rand.NewPCG(1, 2))
			at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
			b.ReportAllocs()
			for i := range uint64(b.N) {
				b.StopTimer()
				next := &store.Batch{From: i, To: i + 1}
				next.Cells, next.Minutes = zipfCells(rng, batch.clicks, at, batch.over)
				at = at.Add(batch.over)
				b.StartTimer()
				if err := s.AddBatch(b.Context(), next); err != nil {
					b.Fatal(err)
				}
			}
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*batch.clicks), "ns/click")
		})
	}
}

// zipfCells returns the cells of clicks with the frequencies of Zipf's law: 1,000 users,
// 100,000 links, 200 countries, 1,000 referrers, 100 agents and 1,000 places.
func zipfCells(rng *rand.Rand, clicks int, at time.Time, over time.Duration) (quarters, minutes []rollup.Cell) {
	zipf := func(n int) int {
		return min(int(math.Exp(rng.Float64()*math.Log(float64(n)+1)))-1, n-1)
	}
	var f rollup.Fold
	for i := range clicks {
		link := zipf(100_000)
		f.Add(&click.Click{
			Time: at.Add(over * time.Duration(i) / time.Duration(clicks)).UnixMilli(),
			User: click.UserID(1 + link%1000), Link: click.LinkID(1 + link),
			Country:  click.Country{byte('A' + zipf(20)), byte('A' + zipf(10))},
			Referrer: click.Referrer(fmt.Sprintf("http://site%d.example/", zipf(1000))),
			Region:   click.Region(fmt.Sprintf("R%d", zipf(10))), City: click.City(fmt.Sprintf("City %d", zipf(10))),
			Agent: click.Agent{Device: click.Device(1 + zipf(3)), Browser: click.Browser(1 + zipf(6)), System: click.System(1 + zipf(6))},
		}, over < time.Hour, nil)
	}
	return f.Cells()
}
