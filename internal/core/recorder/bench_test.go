package recorder_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/recorder"
)

// BenchmarkFillBatch makes cells of 20,000 clicks: of one quarter-hour, with minutes, as under
// load; and of 90 days, as in an import.
func BenchmarkFillBatch(b *testing.B) {
	for _, over := range []time.Duration{time.Second, 90 * 24 * time.Hour} {
		b.Run(over.String(), func(b *testing.B) {
			const clicks = 20_000
			records := zipfRecords(clicks, over)
			fill := recorder.NewFill(context.Background())
			b.ReportAllocs()
			cells := 0
			for b.Loop() {
				cells = fill(records, over == time.Second)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/clicks, "ns/click")
			b.ReportMetric(float64(cells)/clicks, "cells/click")
		})
	}
}

// BenchmarkRecount sums up 20,000 clicks, as a check does.
func BenchmarkRecount(b *testing.B) {
	const clicks = 20_000
	records := zipfRecords(clicks, 90*24*time.Hour)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := recorder.Sum(records); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/clicks, "ns/click")
}

// zipfRecords returns records of clicks with the frequencies of Zipf's law: 1,000 users,
// 100,000 links, 200 countries, 1,000 referrers, 100 agents and 1,000 places.
func zipfRecords(clicks int, over time.Duration) [][]byte {
	rng := rand.New(rand.NewPCG(1, 2))
	zipf := func(n int) int {
		return min(int(math.Exp(rng.Float64()*math.Log(float64(n)+1)))-1, n-1)
	}
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
	var records [][]byte
	var list []click.Click
	for i := range clicks {
		link := zipf(100_000)
		list = append(list, click.Click{
			Time: start + int64(over/time.Millisecond)*int64(i)/int64(clicks),
			User: click.UserID(1 + link%1000), Link: click.LinkID(1 + link),
			Country:  click.Country{byte('A' + zipf(20)), byte('A' + zipf(10))},
			Referrer: click.Referrer(fmt.Sprintf("http://site%d.example/", zipf(1000))),
			Region:   click.Region(fmt.Sprintf("R%d", zipf(10))), City: click.City(fmt.Sprintf("City %d", zipf(10))),
			Agent: click.Agent{Device: click.Device(1 + zipf(3)), Browser: click.Browser(1 + zipf(6)), System: click.System(1 + zipf(6))},
		})
		if len(list) == 500 {
			records = append(records, recorder.Encode(list, nil))
			list = nil
		}
	}
	return records
}
