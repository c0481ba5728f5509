package calendar_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/footfall/footfall/internal/base/calendar"
)

func TestLoadRefuses(t *testing.T) {
	for _, name := range []string{
		"", " ", "Factory", "Local", "local", "localtime", "posixrules",
		"posix/UTC", "right/UTC", "posix/America/New_York", "right/Europe/Berlin",
		"america/new_york", "AMERICA/NEW_YORK", "utc", "Utc", "europe/Berlin",
		"America", "America/", "America/Argentina", "America/Argentina/",
		"America/New_York ", " America/New_York", "America/New_York/", "/America/New_York", "America//New_York",
		"America/New_York\x00", "America/New York", "America\\New_York",
		"../zoneinfo/UTC", "Europe/../UTC", "./UTC", "/usr/share/zoneinfo/UTC", "/etc/localtime", "zoneinfo.zip",
		"EST5", "EST5EDT4", "UTC+1", "GMT+1", "GMT+5", "Etc/GMT+13", "Etc/GMT-15", "+1", "-5", "0", "Z", "CEST", "PST",
		"tzdata.zi", "zone.tab", "leapseconds", "+VERSION", "SystemV/EST5", "Europe/Atlantis",
	} {
		if zone, err := calendar.Load(name); !errors.Is(err, calendar.ErrZone) || zone != nil {
			t.Errorf("Load(%q) = %v, %v, want ErrZone", name, zone, err)
		}
	}
}

func TestLoadTakesEveryZone(t *testing.T) {
	names := calendar.Zones()
	if len(names) != 597 {
		t.Errorf("%d zones, want the 597 of release 2025c", len(names))
	}
	if !slices.IsSorted(names) {
		t.Error("zones are not sorted")
	}
	for _, name := range names {
		zone, err := calendar.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := calendar.Load(name); again != zone {
			t.Errorf("Load(%q) parsed the zone twice", name)
		}
	}
	for _, name := range []string{"UTC", "GMT", "EST", "GMT+0", "Etc/GMT+12", "Etc/GMT-14", "America/Argentina/Buenos_Aires", "US/Eastern", "Europe/Kyiv", "America/Coyhaique"} {
		if !slices.Contains(names, name) {
			t.Errorf("%q is missing", name)
		}
	}
	names[0] = "changed"
	if calendar.Zones()[0] == "changed" {
		t.Error("callers of Zones share one list")
	}
}

// FuzzLoad: Load accepts exactly the names in Zones.
func FuzzLoad(f *testing.F) {
	f.Add("America/New_York")
	f.Add("../UTC")
	f.Fuzz(func(t *testing.T, name string) {
		_, err := calendar.Load(name)
		if _, listed := slices.BinarySearch(calendar.Zones(), name); listed != (err == nil) {
			t.Errorf("Load(%q): %v, listed %v", name, err, listed)
		}
		if err != nil && !errors.Is(err, calendar.ErrZone) {
			t.Errorf("Load(%q): %v, want ErrZone", name, err)
		}
	})
}

func TestFixed(t *testing.T) {
	for hours := -20; hours <= 20; hours++ {
		zone, err := calendar.Fixed(hours)
		if hours < -14 || hours > 14 {
			if !errors.Is(err, calendar.ErrZone) {
				t.Errorf("Fixed(%d): %v, want ErrZone", hours, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range []int64{-1 << 40, 0, 1360351157, 1 << 40} {
			if got := zone.Offset(at); got != hours*3600 {
				t.Errorf("Fixed(%d).Offset(%d) = %d", hours, at, got)
			}
		}
	}
}

func TestOffset(t *testing.T) {
	for _, c := range []struct {
		zone, at string
		want     int
	}{
		{"America/New_York", "2013-03-10T06:59:59Z", -18000},
		{"America/New_York", "2013-03-10T07:00:00Z", -14400},
		{"Asia/Kolkata", "2013-03-10T06:59:59Z", 19800},
		{"Pacific/Apia", "2011-12-30T09:59:59Z", -36000},
		{"Pacific/Apia", "2011-12-30T10:00:00Z", 50400},
		{"Etc/GMT+5", "2013-03-10T06:59:59Z", -18000},
		{"Europe/Dublin", "2099-07-01T00:00:00Z", 3600},
		{"Europe/Dublin", "2099-12-31T00:00:00Z", 0},
	} {
		if got := load(t, c.zone).Offset(instant(t, c.at)); got != c.want {
			t.Errorf("%s at %s: %d, want %d", c.zone, c.at, got, c.want)
		}
	}
}

func TestUnits(t *testing.T) {
	for u, name := range map[calendar.Unit]string{
		calendar.Minute: "minute", calendar.Hour: "hour", calendar.Day: "day",
		calendar.Week: "week", calendar.MWeek: "mweek", calendar.Month: "month",
	} {
		if got, err := calendar.ParseUnit(name); got != u || err != nil {
			t.Errorf("ParseUnit(%q) = %v, %v", name, got, err)
		}
		if u.String() != name {
			t.Errorf("the name of %d is %q, want %q", u, u, name)
		}
	}
	for _, name := range []string{"", "Day", "days", "day ", "year", "second", "unit 3", "quarter"} {
		if _, err := calendar.ParseUnit(name); !errors.Is(err, calendar.ErrUnit) {
			t.Errorf("ParseUnit(%q): %v, want ErrUnit", name, err)
		}
	}
	if got := calendar.Unit(0).String(); got != "unit 0" {
		t.Errorf("the name of the zero unit is %q", got)
	}
}
