package calendar_test

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/footfall/footfall/internal/base/calendar"
)

// TestMain runs the tests on a host whose own zones are wrong.
func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "zoneinfo")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		lie := tzif([]int64{0}, []int{7})
		for _, name := range []string{"America/New_York", "Europe/Berlin", "UTC", "localtime", "posix/UTC", "right/UTC", "Europe/Atlantis"} {
			file := filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				panic(err)
			}
			if err := os.WriteFile(file, lie, 0o644); err != nil {
				panic(err)
			}
		}
		if err := os.Setenv("ZONEINFO", dir); err != nil {
			panic(err)
		}
		return m.Run()
	}())
}

// TestWalk walks to the first unit in every zone from several references. Walk ends
// there.
func TestWalk(t *testing.T) {
	for _, name := range calendar.Zones() {
		zone := load(t, name)
		for _, u := range []calendar.Unit{calendar.Minute, calendar.Hour, calendar.Day, calendar.Week, calendar.MWeek, calendar.Month} {
			for _, ref := range []int64{earliest, earliest + 1, earliest + 3599, earliest + 100000, earliest + 40*86400} {
				if u == calendar.Minute {
					ref = min(ref, earliest+7200)
				}
				want := zone.Edges(u, ref, math.MaxInt32)
				slices.Reverse(want)
				var got []int64
				w := zone.Walk(u, ref)
				for e, ok := w.Next(); ok; e, ok = w.Next() {
					got = append(got, e)
				}
				oldest := len(got) - 1
				if !slices.Equal(got, want) || got[oldest] > earliest || got[oldest-1] <= earliest {
					t.Fatalf("%s: %s walk from %d\n got%s\nwant%s", name, u, ref, show(got), show(want))
				}
				if e, ok := w.Next(); ok {
					t.Fatalf("%s: %s walk continues after its end, to %d", name, u, e)
				}
			}
		}
	}
}

// TestWalkKeepsAlignment: hours stay aligned to the clock at the reference, although
// the clock had another half hour before.
func TestWalkKeepsAlignment(t *testing.T) {
	zone := load(t, "Australia/Lord_Howe")
	ref := instant(t, "2024-10-06T04:10:00+11:00")
	w := zone.Walk(calendar.Hour, ref)
	for want := instant(t, "2024-10-06T05:00:00+11:00"); want > ref-400*86400; want -= 3600 {
		if got, ok := w.Next(); !ok || got != want {
			t.Fatalf("got%s, want%s", show([]int64{got}), show([]int64{want}))
		}
	}
}

func TestWalkAllocatesNothing(t *testing.T) {
	zone := load(t, "America/New_York")
	for _, u := range dateUnits {
		if n := testing.AllocsPerRun(10, func() {
			w := zone.Walk(u, spring2024)
			for range 400 {
				w.Next()
			}
		}); n != 0 {
			t.Errorf("a %s walk allocates %v times", u, n)
		}
	}
}

// TestOutside: a reference or a number of units out of range becomes the nearest one in
// range.
func TestOutside(t *testing.T) {
	zone := load(t, "Asia/Kathmandu")
	for u := calendar.Minute; u <= calendar.Month; u++ {
		for outside, inside := range map[int64]int64{
			earliest - 1: earliest, 0: earliest, math.MinInt64: earliest,
			latest: latest - 1, math.MaxInt64: latest - 1,
		} {
			if got, want := zone.Edges(u, outside, 3), zone.Edges(u, inside, 3); !slices.Equal(got, want) {
				t.Errorf("%s at %d:%s, want%s", u, outside, show(got), show(want))
			}
			if got, want := zone.Legacy(outside, 3), zone.Legacy(inside, 3); !slices.Equal(got, want) {
				t.Errorf("legacy at %d:%s, want%s", outside, show(got), show(want))
			}
		}
		for _, n := range []int{0, -1, math.MinInt} {
			if got, want := zone.Edges(u, spring2024, n), zone.Edges(u, spring2024, 1); !slices.Equal(got, want) {
				t.Errorf("%d of %s:%s, want%s", n, u, show(got), show(want))
			}
		}
		one, _ := zone.Span(u, latest-1, math.MaxInt)
		if other, _ := zone.Span(u, latest-1, math.MaxInt32); one != other || one > earliest {
			t.Errorf("all %s units start at%s or%s", u, show([]int64{one}), show([]int64{other}))
		}
	}
}
