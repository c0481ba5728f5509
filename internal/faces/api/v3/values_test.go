package v3_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/footfall/footfall/internal/base/calendar"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// referenceOf is a unit_reference_ts in the answer for a zone, or the status_txt.
func referenceOf(t testing.TB, zone, raw string) string {
	t.Helper()
	r := httptest.NewRequest("GET", "/v3/user/clicks?access_token=good&unit=day&timezone="+url.QueryEscape(zone)+"&unit_reference_ts="+raw, nil)
	w := httptest.NewRecorder()
	newAPI(t).ServeHTTP(w, r)
	var answer struct {
		Data struct {
			Reference json.Number `json:"unit_reference_ts"`
		} `json:"data"`
		Text string `json:"status_txt"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatal(err)
	}
	if answer.Text != "OK" {
		return answer.Text
	}
	return answer.Data.Reference.String()
}

// TestReferenceInISO: dates and times in common spellings become Unix seconds.
func TestReferenceInISO(t *testing.T) {
	t.Parallel()
	const invalid = "INVALID_ARG_UNIT_REFERENCE_TS"
	second := func(s string) string {
		at, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(at.Unix())
	}
	for _, c := range []struct{ zone, raw, want string }{
		{"Europe/Berlin", "2026-11-26", second("2026-11-26T23:59:59+01:00")},
		{"Europe/Berlin", "2026-10-25", second("2026-10-25T23:59:59+01:00")}, // a day of 25 hours
		{"5", "2026-11-26", second("2026-11-26T23:59:59+05:00")},
		{"Europe/Berlin", "2026-11-26T14:30", second("2026-11-26T14:30:00+01:00")},
		{"Europe/Berlin", "2026-11-26T14:30:05.999", second("2026-11-26T14:30:05+01:00")},
		{"Europe/Berlin", "2026-11-26t14:30:05,5", second("2026-11-26T14:30:05+01:00")},
		{"Europe/Berlin", "2026-11-26%2014:30:05", second("2026-11-26T14:30:05+01:00")},
		{"Europe/Berlin", "2026-11-26+14:30:05", second("2026-11-26T14:30:05+01:00")},
		{"Europe/Berlin", "2026-11-26T14:30Z", second("2026-11-26T14:30:00Z")},
		{"Europe/Berlin", "2026-11-26T14:30:05z", second("2026-11-26T14:30:05Z")},
		{"Europe/Berlin", "2026-11-26T14:30:05%2B05:30", second("2026-11-26T14:30:05+05:30")},
		{"Europe/Berlin", "2026-11-26T14:30:05+05:30", second("2026-11-26T14:30:05+05:30")}, // a blank, once decoded
		{"Europe/Berlin", "2026-11-26T14:30:05-0330", second("2026-11-26T14:30:05-03:30")},
		{"Europe/Berlin", "2026-11-26T14:30:05.25-03", second("2026-11-26T14:30:05-03:00")},
		{"Europe/Berlin", "2026-11-26+14:30:05+01:00", second("2026-11-26T14:30:05+01:00")},
		// A local time that is skipped is the instant of the change. One that occurs
		// twice is the first.
		{"Europe/Berlin", "2026-03-29T02:30", second("2026-03-29T03:00:00+02:00")},
		{"Europe/Berlin", "2026-10-25T02:30", second("2026-10-25T02:30:00+02:00")},
		{"Australia/Lord_Howe", "2026-10-04T02:15", second("2026-10-04T02:30:00+11:00")},
		{"America/Sao_Paulo", "2018-11-04T00:00", second("2018-11-04T01:00:00-02:00")},
		{"America/Sao_Paulo", "2018-11-03", second("2018-11-03T23:59:59-03:00")},
		{"Pacific/Apia", "2011-12-30", second("2011-12-29T23:59:59-10:00")},
		{"Pacific/Apia", "2011-12-30T12:00", second("2011-12-31T00:00:00+14:00")},
		{"America/St_Johns", "2010-11-06", second("2010-11-06T23:59:59-02:30")}, // at 00:01 of the 7th it became 23:01
		// The bounds are instants.
		{"UTC", "1980-01-01T00:00", "315532800"}, {"UTC", "1979-12-31T23:59:59", invalid},
		{"UTC", "2099-12-31", "4102444799"}, {"UTC", "2100-01-01T00:00", invalid},
		{"America/New_York", "1979-12-31", second("1979-12-31T23:59:59-05:00")}, {"America/New_York", "2099-12-31", invalid},
		{"UTC", "0000-01-01", invalid}, {"UTC", "9999-12-31", invalid},
		{"UTC", "2026-02-29", invalid}, {"UTC", "2024-02-29", second("2024-02-29T23:59:59Z")}, {"UTC", "2026-13-01", invalid}, {"UTC", "2026-00-10", invalid},
		{"UTC", "2026-11-26T24:00", invalid}, {"UTC", "2026-11-26T23:60", invalid}, {"UTC", "2026-11-26T23:59:60", invalid},
		{"UTC", "2026-11-26T14:30%2B24:00", invalid}, {"UTC", "2026-11-26T14:30%2B1:00", invalid}, {"UTC", "2026-11-26T14:30+", invalid},
		{"UTC", "26-11-26", invalid}, {"UTC", "2026-11", invalid}, {"UTC", "20261126", invalid}, {"UTC", "2026-W48", invalid}, {"UTC", "2026-11-26Z", invalid},
		{"UTC", "2026-11-26T14", invalid}, {"UTC", "2026-11-26%0A", invalid}, {"UTC", "%D9%A2026-11-26", invalid}, {"UTC", "today", invalid},
	} {
		if got := referenceOf(t, c.zone, c.raw); got != c.want {
			t.Errorf("%s in %s is %s, want %s", c.raw, c.zone, got, c.want)
		}
	}
}

// TestReferenceInAnyZone compares times of any zone, most of them near a change of
// clocks, with an oracle that goes second by second.
func TestReferenceInAnyZone(t *testing.T) {
	t.Parallel()
	zones := calendar.Zones()
	seedtest.Check(t, func(rt *rapid.T) {
		name := rapid.SampledFrom(zones).Draw(rt, "zone")
		zone, err := calendar.Load(name)
		if err != nil {
			rt.Fatal(err)
		}
		local := rapid.Int64Range(315532800+86400, 4102444800-2*86400).Draw(rt, "local")
		if rapid.Bool().Draw(rt, "near a change") { // the next one, if any
			for end := local + 366*86400; local < end && zone.Offset(local) == zone.Offset(local+86400); local += 86400 {
			}
			local = min(local+int64(zone.Offset(local))+rapid.Int64Range(-86400, 2*86400).Draw(rt, "after"), 4102444800-2*86400)
		}
		shows := func(t int64) int64 { return t + int64(zone.Offset(t)) }
		first := func(local int64) int64 {
			t := local - 15*3600
			for shows(t) < local {
				t++
			}
			return t
		}
		at := time.Unix(local, 0).UTC()
		want := first(local)
		raw := at.Format("2006-01-02T15:04:05")
		switch rapid.IntRange(0, 2).Draw(rt, "form") {
		case 0:
			raw = at.Format("2006-01-02")
			want = first(local-local%86400+86400) - 1
		case 1: // with its offset
			want = local - int64(zone.Offset(want))
			raw = at.In(time.UTC).Format("2006-01-02T15:04:05") +
				strings.ReplaceAll(time.Unix(0, 0).In(time.FixedZone("", int(local-want))).Format("-07:00"), "+", rapid.SampledFrom([]string{"+", "%2B"}).Draw(rt, "plus"))
		}
		if got := referenceOf(t, name, raw); got != fmt.Sprint(want) {
			rt.Fatalf("%s in %s is %s, want %d", raw, name, got, want)
		}
	})
}

// TestTimestampsInISO: the instants of links work in the same way. A date is its first
// second as a lower bound, and its last as an upper bound.
func TestTimestampsInISO(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		// 1331669349 and 1331669360 are 2012-03-13 20:09 in UTC, 16:09 in New York,
		// and already the 14th in Auckland.
		"created_after=2012-03-13":                             `"result_count": 2`,
		"created_after=2012-03-14":                             `"result_count": 0`,
		"created_after=2012-03-14&timezone=Pacific/Auckland":   `"result_count": 2`,
		"created_before=2012-03-13":                            `"result_count": 2`,
		"created_before=2012-03-13&timezone=Pacific/Auckland":  `"result_count": 0`,
		"created_before=2012-03-12":                            `"result_count": 0`,
		"created_after=2012-03-13&created_before=2012-03-13":   `"result_count": 2`,
		"created_after=2012-03-13T16:09:20&created_before=now": `"result_count": 1`,
		"created_before=2012-03-13T20:09:09Z":                  `"result_count": 1`,
		"modified_after=2012-03-13T21:09:20+01:00":             `"result_count": 1`,
		"created_after=2012-03-13&timezone=zz":                 "INVALID_ARG_TIMEZONE",
		"created_after=2012-02-30":                             "INVALID_ARG_CREATED_AFTER",
		"created_after=1331669349&timezone=zz":                 `"result_count": 2`,
	} {
		if w, _ := ask(t, newAPI(t), "user/link_history", "access_token=good&"+query); !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %s, want %s", query, w.Body, want)
		}
	}
	api := newAPI(t)
	ask(t, api, "user/link_edit", "access_token=good&link=ze6poY&edit=user_ts&user_ts=2013-01-02T03:04:05Z")
	if w, _ := ask(t, api, "user/link_history", "access_token=good&link=ze6poY"); !strings.Contains(w.Body.String(), `"user_ts": 1357095845,`) {
		t.Errorf("after an edit: %s", w.Body)
	}
}
