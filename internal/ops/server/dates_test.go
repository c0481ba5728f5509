package server_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/calendar"
	"github.com/footfall/footfall/internal/ops/server"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// TestDates asks random questions with from and to in every zone, and compares each
// answer with the oracle, which looks at the date of each click.
func TestDates(t *testing.T) {
	t.Parallel()
	files := feedFiles(t)
	clicks, _, _, _ := readFeed(t, files)
	slices.SortFunc(clicks, func(a, b feedClick) int { return int(a.T - b.T) })
	now := clicks[len(clicks)-1].T
	app := open(t, t.TempDir(), time.Unix(now, 0))
	defer closeApp(t, app)
	importFiles(t, app, files)
	site, err := app.Handler(server.PublicOptions{})
	if err != nil {
		t.Fatal(err)
	}
	byUser := map[string][]feedClick{}
	for _, c := range clicks {
		byUser[c.Login] = append(byUser[c.Login], c)
	}
	login := clicks[0].Login
	for _, c := range clicks {
		if len(byUser[c.Login]) > len(byUser[login]) {
			login = c.Login
		}
	}
	good, own := token(t, app, login), byUser[login]
	rng := seedtest.Rand(t)
	zones := calendar.Zones()
	for hours := -14; hours <= 14; hours++ {
		zones = append(zones, strconv.Itoa(hours))
	}
	for _, zone := range zones {
		clock := walk(zoneOf(t, zone))
		today := clock.dateOf(now)
		for range 2 {
			params := url.Values{"timezone": {zone}, "access_token": {good}}
			method := []string{"clicks", "countries"}[rng.IntN(2)]
			unit, limit := []string{"hour", "day", "week", "mweek", "month", ""}[rng.IntN(6)], 100
			if unit != "" {
				params.Set("unit", unit)
			} else {
				unit = "day" // from and to have no form without a unit
			}
			if rng.IntN(2) == 0 {
				limit = []int{1, 7, 1000}[rng.IntN(3)]
				params.Set("limit", strconv.Itoa(limit))
			}
			to := today
			if rng.IntN(4) > 0 {
				to = clock.dateOf(own[rng.IntN(len(own))].T) + int64(rng.IntN(3)) - 1
				params.Set("to", isoDate(to))
			}
			from := to - int64(rng.IntN([]int{1, 10, 60, 400}[rng.IntN(4)]))
			if to == today || rng.IntN(4) > 0 {
				params.Set("from", isoDate(from))
			} else {
				from = clock.dates[0]
			}
			// The clicks of these dates, and the units in which they are.
			var within []feedClick
			for _, c := range own {
				if d := clock.dateOf(c.T); from <= d && d <= to {
					within = append(within, c)
				}
			}
			many := method == "clicks" && rng.IntN(2) == 0
			key, answer := "user_countries", any(json.RawMessage(byCountry(within, span{to: walkTo}, limit)))
			if method == "clicks" {
				key, answer = "user_clicks", len(within)
			}
			if many {
				params.Set("rollup", "false")
				first, end := clock.begin(from), clock.begin(to+1)
				var items []map[string]int64
				for _, s := range clock.spans(unit, end-1, -1) {
					n := int64(in(within, s))
					if s.to > first && len(items) < limit && (n > 0 || params.Get("from") != "") {
						items = append(items, map[string]int64{"dt": s.from, "clicks": n})
					}
				}
				answer = items
				if items == nil {
					answer = []int{}
				}
			}
			target := "/v3/user/" + method + "?" + params.Encode()
			_, body := get(t, site, target)
			var got struct {
				Data map[string]any `json:"data"`
				Text string         `json:"status_txt"`
			}
			if err := json.Unmarshal([]byte(body), &got); err != nil {
				t.Fatal(err)
			}
			want := map[string]any{
				"units": -1, "unit_reference_ts": nil, "unit": unit, key: answer,
				"tz_offset": json.RawMessage(offset(clock.zone.Offset(now))),
			}
			if method == "countries" {
				want["countries"] = answer
			}
			if got.Text != "OK" || !reflect.DeepEqual(got.Data, decoded(t, want)) {
				t.Fatalf("%s of %s\n got %s\nwant %v", target, login, body, decoded(t, want))
			}
		}
	}
}

// decoded returns v after encoding and decoding as JSON.
func decoded(t *testing.T, v any) (m map[string]any) {
	t.Helper()
	b, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(b, &m)
	}
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func isoDate(date int64) string {
	return time.Unix(date*86400, 0).UTC().Format(time.DateOnly)
}

// dateOf returns the date at t: the one that began last.
func (c *zoneClock) dateOf(t int64) int64 {
	i, begins := slices.BinarySearch(c.starts, t)
	if !begins {
		i--
	}
	return c.dates[i]
}

// begin returns when the date began; for a date that the clock skipped, when the
// next one began.
func (c *zoneClock) begin(date int64) int64 {
	i, _ := slices.BinarySearch(c.dates, date)
	if i == len(c.dates) {
		panic(fmt.Sprintf("the walk ends before %s", isoDate(date)))
	}
	return c.starts[i]
}
