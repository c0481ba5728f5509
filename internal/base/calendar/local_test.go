package calendar_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/footfall/footfall/internal/base/calendar"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// when is a slow and obvious When: it goes second by second until the clock shows local
// or a later time. No clock is more than 15 hours ahead of UTC.
func when(loc *time.Location, local int64) int64 {
	t := local - 15*3600
	for {
		_, offset := time.Unix(t, 0).In(loc).Zone()
		if t+int64(offset) >= local {
			return t
		}
		t++
	}
}

// TestWhen compares When with the oracle in any zone, mostly near a change of clocks.
func TestWhen(t *testing.T) {
	t.Parallel()
	locs := locations(t)
	seedtest.Check(t, func(t *rapid.T) {
		l := rapid.SampledFrom(locs).Draw(t, "zone")
		local := rapid.Int64Range(earliest, latest-1).Draw(t, "local")
		offset := offsetOf(l.loc)
		if changes := changesOf(offset); len(changes) > 0 && rapid.IntRange(0, 3).Draw(t, "near a change") > 0 {
			change := rapid.SampledFrom(changes).Draw(t, "change")
			local = change + int64(offset(change)) + rapid.Int64Range(-7200, 7200).Draw(t, "after")
		}
		zone, err := calendar.Load(l.name)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := zone.When(local), when(l.loc, local); got != want {
			t.Fatalf("%s shows %s at%s, want%s", l.name, time.Unix(local, 0).UTC().Format(time.DateTime), show([]int64{got}), show([]int64{want}))
		}
	})
}

// TestWhenInWildZones does so in zones with larger changes than any real one.
func TestWhenInWildZones(t *testing.T) {
	t.Parallel()
	const from = 1000000000 - 1000000000%900
	seedtest.Check(t, func(t *rapid.T) {
		quarters := rapid.IntRange(-56, 56)
		at, offsets := []int64{from}, []int{quarters.Draw(t, "offset")}
		for len(at) < 30 {
			at = append(at, at[len(at)-1]+900*rapid.Int64Range(1, 300).Draw(t, "gap"))
			offsets = append(offsets, quarters.Draw(t, "offset"))
		}
		loc, err := time.LoadLocationFromTZData("", tzif(at, offsets))
		if err != nil {
			t.Fatal(err)
		}
		local := rapid.Int64Range(from-86400, at[len(at)-1]+86400).Draw(t, "local")
		zone := calendar.NewZone(loc)
		if got, want := zone.When(local), when(loc, local); got != want {
			t.Fatalf("the clock shows %d at %d, want %d", local, got, want)
		}
		// A date begins when the clock shows its midnight.
		date := local / 86400
		if start, end := zone.Dates(date, date+2); start != zone.When(date*86400) || end != zone.When((date+3)*86400) {
			t.Fatalf("three dates from %d are from %d to %d", date, start, end)
		}
	})
}

// TestDates: Dates contains an instant if Date of the instant is one of the dates.
func TestDates(t *testing.T) {
	t.Parallel()
	locs := locations(t)
	seedtest.Check(t, func(t *rapid.T) {
		l := rapid.SampledFrom(locs).Draw(t, "zone")
		if rapid.IntRange(0, 3).Draw(t, "a zone that skipped a date") == 0 {
			i := slices.IndexFunc(locs, func(l location) bool { return l.name == "Pacific/Apia" || l.name == "Pacific/Kiritimati" })
			l = locs[i]
		}
		around := rapid.Int64Range(earliest+10*86400, latest-10*86400).Draw(t, "around")
		if changes := changesOf(offsetOf(l.loc)); len(changes) > 0 && rapid.Bool().Draw(t, "near a change") {
			around = rapid.SampledFrom(changes).Draw(t, "change")
		}
		zone, err := calendar.Load(l.name)
		if err != nil {
			t.Fatal(err)
		}
		from := around/86400 + rapid.Int64Range(-3, 3).Draw(t, "from")
		to := from + rapid.Int64Range(0, 4).Draw(t, "days")
		start, end := zone.Dates(from, to)
		begun := int64(0)
		for at := (from-3)*86400 - 86400; at < (to+3)*86400; at += 900 {
			begun = max(begun, dateOf(l.loc, at).Unix()/86400)
			if got := zone.Date(at); got != begun {
				t.Fatalf("%s: the date of %d is %d, want %d", l.name, at, got, begun)
			}
			if got, want := start <= at && at < end, from <= begun && begun <= to; got != want {
				t.Fatalf("%s: %d is within %d to %d: %t, want %t", l.name, at, from, to, got, want)
			}
		}
	})
}

// TestCount: Count is the number of units that Edges needs to reach an instant.
func TestCount(t *testing.T) {
	t.Parallel()
	locs := locations(t)
	seedtest.Check(t, func(t *rapid.T) {
		l := rapid.SampledFrom(locs).Draw(t, "zone")
		ref := rapid.Int64Range(earliest+400*86400, latest-1).Draw(t, "ref")
		at := ref - rapid.Int64Range(0, 100*86400).Draw(t, "before")
		zone, err := calendar.Load(l.name)
		if err != nil {
			t.Fatal(err)
		}
		for u := calendar.Minute; u <= calendar.Month; u++ {
			n := zone.Count(u, at, ref)
			start, _ := zone.Span(u, ref, n)
			if after, _ := zone.Span(u, ref, n-1); start > at || n > 1 && after <= at {
				t.Fatalf("%s: %d units of %s from %d to %d start at %d", l.name, n, u, at, ref, start)
			}
		}
	})
}
