package server_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/calendar"
)

// The oracle answers user/clicks and user/countries from the files of the feed
// alone. It has no cells and no edges, only clicks, and a clock that it reads every
// quarter of an hour.

// feedFiles returns the files of clicks that package feed has for its tests.
func feedFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../../faces/feed/testdata/*.gz")
	if err != nil || len(files) == 0 {
		t.Fatal("the files of the feed are missing", err)
	}
	return files
}

type feedClick struct {
	T       int64   `json:"t"`
	Login   string  `json:"l"`
	Country *string `json:"c"`
}

// readFeed reads the files without the code that it tests.
func readFeed(t *testing.T, files []string) (clicks []feedClick, lines, skipped, rejected int) {
	t.Helper()
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		s := bufio.NewScanner(z)
		s.Buffer(nil, 1<<20)
		for s.Scan() {
			lines++
			var c feedClick
			switch err := json.Unmarshal(s.Bytes(), &c); {
			case err != nil:
				rejected++
			case c.T == 0:
				skipped++
			default:
				clicks = append(clicks, c)
			}
		}
		if s.Err() != nil {
			t.Fatal(s.Err())
		}
		f.Close()
	}
	return clicks, lines, skipped, rejected
}

// The range of time of the oracle. It holds all clicks.
var (
	walkFrom = time.Date(2011, 12, 1, 0, 0, 0, 0, time.UTC).Unix()
	walkTo   = time.Date(2014, 2, 15, 0, 0, 0, 0, time.UTC).Unix()
)

// zoneClock has the first second of each date in a zone, in order. A date begins
// when the clock first shows it, even if the clock is set back to the date before.
type zoneClock struct {
	zone   *calendar.Zone
	dates  []int64 // days since 1970
	starts []int64 // Unix seconds
}

// walk reads the clock every quarter of an hour: in these years all zones changed
// their offset at such instants.
func walk(z *calendar.Zone) *zoneClock {
	c := &zoneClock{zone: z}
	for t := walkFrom; t < walkTo; t += 900 {
		date := (t + int64(z.Offset(t))) / 86400
		if n := len(c.dates); n == 0 || date > c.dates[n-1] {
			c.dates = append(c.dates, date)
			c.starts = append(c.starts, t)
		}
	}
	c.dates, c.starts = c.dates[1:], c.starts[1:] // the first began earlier
	return c
}

// span is one unit: from ≤ t < to.
type span struct{ from, to int64 }

// unitOf returns a name of the week, month or day of a date.
func unitOf(unit string, date int64) string {
	d := time.Unix(date*86400, 0).UTC()
	switch unit {
	case "week":
		d = d.AddDate(0, 0, -int(d.Weekday()))
	case "mweek":
		d = d.AddDate(0, 0, -(int(d.Weekday())+6)%7)
	case "month":
		return d.Format("2006-01")
	}
	return d.Format(time.DateOnly)
}

// spans returns n units, the newest first. The newest holds ref. For n < 0 it returns all
// units in the range of the oracle.
func (c *zoneClock) spans(unit string, ref int64, n int) (list []span) {
	if size := map[string]int64{"minute": 60, "hour": 3600}[unit]; size > 0 {
		local := ref + int64(c.zone.Offset(ref))
		from := ref - local%size
		for ; from >= c.starts[0] && (n < 0 || len(list) < n); from -= size {
			list = append(list, span{from, from + size})
		}
		return list
	}
	last := ""
	for i := range c.dates {
		name := unitOf(unit, c.dates[i])
		if name != last {
			if len(list) > 0 {
				list[len(list)-1].to = c.starts[i]
				if c.starts[i] > ref {
					break
				}
			}
			list = append(list, span{from: c.starts[i]})
			last = name
		}
	}
	list = list[1:] // the oldest may have begun before walkFrom
	slices.Reverse(list)
	if n >= 0 && len(list) > n {
		list = list[:n]
	}
	return list
}

// legacySpans returns days of 86,400 s, with the offset of ref.
func (c *zoneClock) legacySpans(ref int64, days int) (list []span) {
	from := ref - (ref+int64(c.zone.Offset(ref)))%86400
	for range days {
		list = append(list, span{from, from + 86400})
		from -= 86400
	}
	return list
}

// in returns the number of clicks in a span. The clicks are sorted by time.
func in(clicks []feedClick, s span) (n int) {
	from := sort.Search(len(clicks), func(i int) bool { return clicks[i].T >= s.from })
	to := sort.Search(len(clicks), func(i int) bool { return clicks[i].T >= s.to })
	return to - from
}

// byCountry returns the clicks of a span by country, as JSON in the order of the API.
func byCountry(clicks []feedClick, s span, limit int) string {
	counts := map[string]int{}
	for _, c := range clicks {
		if s.from <= c.T && c.T < s.to {
			country := "None"
			if c.Country != nil {
				country = *c.Country
			}
			counts[country]++
		}
	}
	names := make([]string, 0, len(counts))
	for name := range counts {
		names = append(names, name)
	}
	sort.Slice(names, func(i, j int) bool {
		a, b := names[i], names[j]
		return counts[a] > counts[b] || counts[a] == counts[b] && a < b
	})
	out := "["
	for i, name := range names[:min(len(names), limit)] {
		if i > 0 {
			out += ","
		}
		out += fmt.Sprintf(`{"country":%q,"clicks":%d}`, name, counts[name])
	}
	return out + "]"
}
