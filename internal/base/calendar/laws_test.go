package calendar_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/footfall/footfall/internal/base/calendar"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

var dateUnits = []calendar.Unit{calendar.Day, calendar.Week, calendar.MWeek, calendar.Month}

// TestEveryEdge checks every edge of dates of every zone from 1980 to 2099: against the
// oracle near changes of clocks, and at midnight elsewhere. Zones with the same clocks
// in that time are checked once.
func TestEveryEdge(t *testing.T) {
	t.Parallel()
	seen, picks := map[string]bool{}, seedtest.Sample(t, 4)
	for _, l := range locations(t) {
		if !picks() {
			continue
		}
		offset := offsetOf(l.loc)
		changes := changesOf(offset)
		clock := fmt.Sprint(offset(earliest))
		for _, change := range changes {
			clock += fmt.Sprint(" ", change, offset(change))
		}
		if seen[clock] {
			continue
		}
		seen[clock] = true
		zone := load(t, l.name)
		days := zone.Edges(calendar.Day, latest-1, math.MaxInt32)
		if days[0] > earliest || days[1] <= earliest || days[len(days)-1] < latest {
			t.Fatalf("%s: days from %s to %s", l.name, show(days[:2]), show(days[len(days)-1:]))
		}
		for i, e := range days {
			if e%900 != 0 || i > 0 && e <= days[i-1] {
				t.Fatalf("%s: a day starts at%s", l.name, show(days[max(i-1, 0):i+1]))
			}
		}
		plain := make([]bool, len(days))
		for i := range plain {
			h, m, s := time.Unix(days[i], 0).In(l.loc).Clock()
			plain[i] = h+m+s == 0 && (i == 0 || days[i]-days[i-1] == 86400)
		}
		for _, change := range changes {
			want := oracle(l.loc, calendar.Day, change+86400, 4)
			i, _ := slices.BinarySearch(days, want[0])
			if end := i + len(want); end > len(days) || !slices.Equal(days[i:end], want) {
				t.Fatalf("%s: days around%s\n got%s\nwant%s", l.name, show([]int64{change}), show(days[i:min(end, len(days))]), show(want))
			}
			for j := i; j < i+len(want); j++ {
				plain[j] = true
			}
		}
		if i := slices.Index(plain, false); i >= 0 {
			t.Fatalf("%s: far from changes of clocks, a day starts at%s", l.name, show(days[i:i+1]))
		}
		longerUnits(t, l, zone, days)
	}
}

// longerUnits compares weeks and months with their days.
func longerUnits(t *testing.T, l location, zone *calendar.Zone, days []int64) {
	t.Helper()
	dates := make([]time.Time, len(days))
	for i, e := range days {
		dates[i] = dateOf(l.loc, e)
	}
	for _, u := range dateUnits[1:] {
		got := zone.Edges(u, latest-1, math.MaxInt32)
		var want []int64
		begun := unitOf(u, dates[0])
		for i, date := range dates {
			if unit := unitOf(u, date); unit != begun {
				want = append(want, days[i])
				begun = unit
			}
		}
		// The first and the last day may be inside a unit.
		first, last := slices.Index(got, want[0]), slices.Index(got, want[len(want)-1])
		if first < 0 || first > 1 || last < len(got)-2 || !slices.Equal(got[first:last+1], want) {
			t.Fatalf("%s: the %s edges differ from the days'", l.name, u)
		}
	}
}

// TestEdges compares Edges with the oracle in any zone, at any reference.
func TestEdges(t *testing.T) {
	t.Parallel()
	locs := locations(t)
	seedtest.Check(t, func(t *rapid.T) {
		l := rapid.SampledFrom(locs).Draw(t, "zone")
		ref := rapid.Int64Range(earliest, latest-1).Draw(t, "ref")
		if changes := changesOf(offsetOf(l.loc)); len(changes) > 0 && rapid.Bool().Draw(t, "near a change") {
			ref = rapid.SampledFrom(changes).Draw(t, "change") + rapid.Int64Range(-2*86400, 40*86400).Draw(t, "after")
			ref = min(max(ref, earliest), latest-1)
		}
		zone, err := calendar.Load(l.name)
		if err != nil {
			t.Fatal(err)
		}
		check(t, zone, l.loc, ref)
	})
}

// TestEdgesOfWildZones does so in zones with larger changes than any real one.
func TestEdgesOfWildZones(t *testing.T) {
	t.Parallel()
	const from, months = 1000000000 - 1000000000%900, 4
	seedtest.Check(t, func(t *rapid.T) {
		quarters := rapid.IntRange(-56, 56)
		at, offsets := []int64{from}, []int{quarters.Draw(t, "offset")}
		for at[len(at)-1] < from+months*31*86400 {
			gap := rapid.Int64Range(1, rapid.SampledFrom([]int64{8, 200, 3000}).Draw(t, "scale")).Draw(t, "gap")
			at = append(at, at[len(at)-1]+900*gap)
			offsets = append(offsets, quarters.Draw(t, "offset"))
		}
		loc, err := time.LoadLocationFromTZData("", tzif(at, offsets))
		if err != nil {
			t.Fatal(err)
		}
		check(t, calendar.NewZone(loc), loc, from+rapid.Int64Range(-10*86400, (months+1)*31*86400).Draw(t, "ref"))
	})
}

// check draws a unit and a number, and compares all functions about edges with each
// other and with the oracle.
func check(t *rapid.T, zone *calendar.Zone, loc *time.Location, ref int64) {
	u := calendar.Unit(rapid.IntRange(int(calendar.Minute), int(calendar.Month)).Draw(t, "unit"))
	n := rapid.IntRange(1, map[calendar.Unit]int{calendar.Week: 6, calendar.MWeek: 6, calendar.Month: 3}[u]+12).Draw(t, "n")
	got, want := zone.Edges(u, ref, n), oracle(loc, u, ref, n)
	if !slices.Equal(got, want) {
		t.Fatalf("%d %s before %d\n got%s\nwant%s", n, u, ref, show(got), show(want))
	}
	if start, end := zone.Span(u, ref, n); start != got[0] || end != got[len(got)-1] {
		t.Fatalf("Start is %s, Edges has %s", show([]int64{start, end}), show(got))
	}
	// Many units back: Edges walks and Start computes.
	n = rapid.IntRange(1, 3000).Draw(t, "far")
	got = zone.Edges(u, ref, n)
	if start, end := zone.Span(u, ref, n); start != got[0] || end != got[len(got)-1] || len(got) > n+1 {
		t.Fatalf("far: Start is %s, Edges has %s", show([]int64{start, end}), show(got[:1]))
	}
	if u == calendar.Minute || u == calendar.Hour || got[0] <= earliest {
		return
	}
	older := zone.Edges(u, got[0]-1, 3)
	if whole := zone.Edges(u, ref, len(got)+2); !slices.Equal(whole, append(older, got[1:]...)) {
		t.Fatalf("paging back from%s gives%s", show(got[:1]), show(older))
	}
}

func offsetOf(loc *time.Location) func(int64) int {
	return func(t int64) int {
		_, offset := time.Unix(t, 0).In(loc).Zone()
		return offset
	}
}

// tzif is a zone in the format of RFC 8536, version 2 with an empty block of version 1.
// From each instant on it is a number of quarter-hours east of UTC, −56 to 56.
func tzif(at []int64, quarters []int) []byte {
	header := append([]byte("TZif2"), make([]byte, 15)...)
	counts := func(b []byte, times, types int) []byte {
		for _, n := range []int{0, 0, 0, times, types, 1} {
			b = binary.BigEndian.AppendUint32(b, uint32(n))
		}
		return b
	}
	b := append(counts(slices.Clone(header), 0, 1), make([]byte, 6+1)...)
	b = counts(append(b, header...), len(at), 113)
	for _, t := range at {
		b = binary.BigEndian.AppendUint64(b, uint64(t))
	}
	for _, q := range quarters {
		b = append(b, byte(q+56))
	}
	for q := -56; q <= 56; q++ {
		b = append(binary.BigEndian.AppendUint32(b, uint32(int32(q*900))), 0, 0)
	}
	return append(b, 0, '\n', '\n')
}
