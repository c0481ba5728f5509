package calendar_test

import (
	"archive/zip"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/calendar"
)

// oracle is a slow and obvious Edges: it reads the zone's clock every quarter of an
// hour. A unit starts when the clock first shows a date after the last unit.
func oracle(loc *time.Location, u calendar.Unit, ref int64, n int) []int64 {
	if u == calendar.Minute || u == calendar.Hour {
		return oracleClock(loc, u, ref, n)
	}
	span := map[calendar.Unit]int64{calendar.Day: 1, calendar.Week: 7, calendar.MWeek: 7, calendar.Month: 31}[u] * 86400
	from := ref - ref%900 - int64(n)*span - 4*86400
	var starts []int64
	begun := dateOf(loc, from)
	for t := from; t < ref+span+4*86400; t += 900 {
		date := dateOf(loc, t)
		if !date.After(begun) {
			continue
		}
		if unitOf(u, date) != unitOf(u, begun) {
			starts = append(starts, t)
		}
		begun = date
	}
	next, _ := slices.BinarySearch(starts, ref+1)
	return leaveOut(starts[max(next-n, 0) : next+1])
}

// oracleClock counts back from the local time at the reference.
func oracleClock(loc *time.Location, u calendar.Unit, ref int64, n int) []int64 {
	at, step := time.Unix(ref, 0).In(loc), int64(60)
	start := ref - int64(at.Second())
	if u == calendar.Hour {
		start, step = start-60*int64(at.Minute()), 3600
	}
	var edges []int64
	for i := n - 1; i >= -1; i-- {
		edges = append(edges, start-int64(i)*step)
	}
	return leaveOut(edges)
}

// leaveOut removes the units that end at or before 1980-01-01T00:00Z.
func leaveOut(edges []int64) []int64 {
	for edges[1] <= earliest {
		edges = edges[1:]
	}
	return edges
}

// dateOf is midnight UTC of the date that the zone's clock shows.
func dateOf(loc *time.Location, t int64) time.Time {
	y, m, d := time.Unix(t, 0).In(loc).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// unitOf is the first date of the unit that contains the date, also if the zone skipped
// it.
func unitOf(u calendar.Unit, date time.Time) time.Time {
	switch u {
	case calendar.Week:
		return date.AddDate(0, 0, -int(date.Weekday()))
	case calendar.MWeek:
		return date.AddDate(0, 0, -(int(date.Weekday())+6)%7)
	case calendar.Month:
		return date.AddDate(0, 0, 1-date.Day())
	}
	return date
}

// location is a zone as the oracle reads it.
type location struct {
	name string
	loc  *time.Location
}

// locations reads the database. Zones with the same content are one location.
func locations(t *testing.T) []location {
	t.Helper()
	r, err := zip.OpenReader("zoneinfo.zip")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	seen := map[string]bool{"": true}
	var locs []location
	for _, f := range r.File {
		body, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		if seen[string(data)] || f.Name == "Factory" {
			continue
		}
		seen[string(data)] = true
		loc, err := time.LoadLocationFromTZData(f.Name, data)
		if err != nil {
			t.Fatal(err)
		}
		locs = append(locs, location{f.Name, loc})
	}
	return locs
}
