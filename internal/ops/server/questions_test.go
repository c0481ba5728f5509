package server_test

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/calendar"
	"github.com/footfall/footfall/internal/ops/server"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// questions is how many questions the test asks in each zone.
const questions = 6

// TestQuestions asks thousands of random questions in every zone, and compares each
// answer byte for byte with the oracle.
func TestQuestions(t *testing.T) {
	t.Parallel()
	files := feedFiles(t)
	clicks, lines, skipped, rejected := readFeed(t, files)
	slices.SortFunc(clicks, func(a, b feedClick) int { return int(a.T - b.T) })

	// The clock stands at the last click, so that some are within the last 60
	// minutes.
	now := clicks[len(clicks)-1].T
	app := open(t, t.TempDir(), time.Unix(now, 0))
	defer closeApp(t, app)
	total, _ := importFiles(t, app, files)
	if int(total.Clicks) != len(clicks) || int(total.Skipped) != skipped || int(total.Rejected) != rejected || int(total.Lines) != lines {
		t.Fatalf("imported %+v; the files have %d lines: %d clicks, %d skipped, %d rejected", total, lines, len(clicks), skipped, rejected)
	}

	byUser := map[string][]feedClick{}
	for _, c := range clicks {
		byUser[c.Login] = append(byUser[c.Login], c)
	}
	var logins []string
	for login := range byUser {
		logins = append(logins, login)
	}
	slices.SortFunc(logins, func(a, b string) int { return len(byUser[b]) - len(byUser[a]) })
	logins = logins[:min(len(logins), 60)]

	rng := seedtest.Rand(t)
	q := &asker{rng: rng, now: now, clicks: clicks}

	site, err := app.Handler(server.PublicOptions{})
	if err != nil {
		t.Fatal(err)
	}
	tokens := map[string]string{}
	zones := calendar.Zones()
	for hours := -14; hours <= 14; hours++ {
		zones = append(zones, strconv.Itoa(hours))
	}
	asked := 0
	for _, zone := range zones {
		clock := walk(zoneOf(t, zone))
		for range questions {
			login := logins[int(float64(len(logins))*rng.Float64()*rng.Float64())]
			if tokens[login] == "" {
				tokens[login] = token(t, app, login)
			}
			method, params, want := q.question(clock, zone, byUser[login])
			params.Set("access_token", tokens[login])
			target := "/v3/user/" + method + "?" + params.Encode()
			code, body := get(t, site, target)
			want = `{"status_code":200,"data":` + want + `,"status_txt":"OK"}`
			want = strings.NewReplacer(",", ", ", ":", ": ").Replace(want) // no string in it has either
			if code != 200 || body != want {
				t.Fatalf("%s of %s\n got %d %s\nwant 200 %s", target, login, code, body, want)
			}
			asked++
		}
	}
	t.Logf("%d questions", asked)
}

func zoneOf(t *testing.T, name string) *calendar.Zone {
	t.Helper()
	z, err := calendar.Load(name)
	if hours, bad := strconv.Atoi(name); bad == nil {
		z, err = calendar.Fixed(hours)
	}
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// asker draws questions, and has the oracle answer them.
type asker struct {
	rng    *rand.Rand
	now    int64
	clicks []feedClick
}

// question returns a method, its parameters, and the data of the answer.
func (q *asker) question(clock *zoneClock, zone string, clicks []feedClick) (method string, params url.Values, data string) {
	params = url.Values{"timezone": {zone}}
	method = []string{"clicks", "countries"}[q.rng.IntN(2)]
	limit := 100
	if q.rng.IntN(2) == 0 {
		limit = 1 + q.rng.IntN([]int{3, 40, 1000}[q.rng.IntN(3)])
		params.Set("limit", strconv.Itoa(limit))
	}
	unit := []string{"", "minute", "hour", "day", "week", "mweek", "month"}[q.rng.IntN(7)]
	ref, echo := q.now, "null"
	if unit != "minute" && q.rng.IntN(4) > 0 {
		ref = clicks[q.rng.IntN(len(clicks))].T + int64(q.rng.IntN(86400*3)) - 86400
		echo = strconv.FormatInt(ref, 10)
		params.Set("unit_reference_ts", echo)
		if q.rng.IntN(8) == 0 {
			params.Set("unit_reference_ts", echo+"999")
		}
	}
	if unit == "" {
		return method, params, q.legacy(clock, method, params, clicks, ref, limit)
	}
	params.Set("unit", unit)
	units := -1
	if q.rng.IntN(4) > 0 {
		units = 1 + q.rng.IntN(map[string]int{"minute": 60, "hour": 1500, "day": 400, "week": 60, "mweek": 60, "month": 13}[unit])
	}
	n := units
	if unit == "minute" && n < 0 {
		n = 60
	}
	spans := clock.spans(unit, ref, n)
	if units > 0 { // no more than the oracle has
		units = len(spans)
	}
	if units > 0 || q.rng.IntN(2) == 0 {
		params.Set("units", strconv.Itoa(units))
	}
	all := span{to: spans[0].to}
	if n > 0 {
		all.from = spans[len(spans)-1].from
	}
	tail := fmt.Sprintf(`"tz_offset":%s,"unit":%q}`, offset(clock.zone.Offset(q.now)), unit)
	head := fmt.Sprintf(`{"units":%d,"unit_reference_ts":%s,`, units, echo)
	if method == "countries" {
		list := byCountry(clicks, all, limit)
		return method, params, head + `"user_countries":` + list + `,"countries":` + list + `,` + tail
	}
	if q.rng.IntN(2) == 0 {
		return method, params, head + fmt.Sprintf(`"user_clicks":%d,`, in(clicks, all)) + tail
	}
	params.Set("rollup", "False")
	var items []string
	for _, s := range spans {
		count := in(clicks, s)
		if len(items) < limit && (count > 0 || units > 0) {
			items = append(items, fmt.Sprintf(`{"dt":%d,"clicks":%d}`, s.from, count))
		}
	}
	return method, params, head + `"user_clicks":[` + strings.Join(items, ",") + `],` + tail
}

func (q *asker) legacy(clock *zoneClock, method string, params url.Values, clicks []feedClick, ref int64, limit int) string {
	days := 7
	if q.rng.IntN(2) == 0 {
		days = 1 + q.rng.IntN(40)
		params.Set("days", strconv.Itoa(days))
		days = min(days, 30)
	}
	var items []string
	total := 0
	for _, s := range clock.legacySpans(ref, days) {
		if method == "countries" {
			items = append(items, byCountry(clicks, s, limit))
			continue
		}
		total += in(clicks, s)
		items = append(items, fmt.Sprintf(`{"clicks":%d,"day_start":%d}`, in(clicks, s), s.from))
	}
	if method == "countries" {
		return fmt.Sprintf(`{"days":%d,"countries":[%s]}`, days, strings.Join(items, ","))
	}
	return fmt.Sprintf(`{"days":%d,"total_clicks":%d,"clicks":[%s]}`, days, total, strings.Join(items, ","))
}

// offset formats seconds as hours, with a fraction if there is one.
func offset(seconds int) string {
	return strconv.FormatFloat(float64(seconds)/3600, 'f', -1, 64)
}
