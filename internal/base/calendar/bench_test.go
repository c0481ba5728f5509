package calendar_test

import (
	"math"
	"testing"

	"github.com/footfall/footfall/internal/base/calendar"
)

const spring2024 = 1713000000

func BenchmarkEdges(b *testing.B) {
	zone := load(b, "America/New_York")
	for _, u := range append([]calendar.Unit{calendar.Hour}, dateUnits...) {
		b.Run(u.String(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				zone.Edges(u, spring2024, 1000)
			}
		})
	}
}

func BenchmarkStart(b *testing.B) {
	zone := load(b, "America/New_York")
	b.ReportAllocs()
	for b.Loop() {
		zone.Span(calendar.Day, spring2024, math.MaxInt32)
	}
}

func BenchmarkWalk(b *testing.B) {
	zone := load(b, "America/New_York")
	b.ReportAllocs()
	for b.Loop() {
		w := zone.Walk(calendar.Day, spring2024)
		for range 1000 {
			w.Next()
		}
	}
}

func BenchmarkOffset(b *testing.B) {
	zone := load(b, "America/New_York")
	b.ReportAllocs()
	for b.Loop() {
		zone.Offset(spring2024)
	}
}
