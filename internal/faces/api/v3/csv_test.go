package v3_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/calendar"
	v3 "github.com/footfall/footfall/internal/faces/api/v3"
)

// TestCells: a text that a spreadsheet would run begins with an apostrophe. No text has
// characters that readers of CSV refuse.
func TestCells(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "", "direct": "direct", "a=b": "a=b", "'a": "'a", " =1": " =1", "\"=1": "\"=1",
		"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)", "\t=1": "'\t=1", "\r=1": "'\r=1", "\n=1": "'\n=1", "＝1+1": "'＝1+1", "＠a": "'＠a", "=": "'=",
		"\xff=1": "\uFFFD=1", "a\x00b\xff": "a\uFFFDb\uFFFD",
	} {
		if got := v3.Cell(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
	if got := v3.Cell(uint64(7)); got != "7" {
		t.Errorf("a number is %q", got)
	}
}

// TestTablesEqualJSON asks each golden question with csv again with json. The rows are
// the entries of the json in their order, and dates are the same instants.
func TestTablesEqualJSON(t *testing.T) {
	t.Parallel()
	api, asked := newAPI(t), 0
	for _, e := range goldenExchanges(t) {
		if e.query.Get("format") != "csv" || !strings.Contains(e.answer, "< 200 text/csv") || e.method == "clicks_by_minute" || strings.HasPrefix(e.method, "HEAD") {
			continue
		}
		asked++
		e.query.Del("callback")
		as := func(format string) string {
			e.query.Set("format", format)
			w, _ := ask(t, api, e.method, e.query.Encode())
			return w.Body.String()
		}
		rows, err := csv.NewReader(strings.NewReader(as("csv"))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		var answer struct {
			Data map[string]any `json:"data"`
		}
		decode(t, as("json"), &answer)
		zone := e.query.Get("timezone")
		if zone == "" {
			zone = "America/New_York"
		}
		want := leaves(t, answer.Data, zone)
		if len(rows)-1 != len(want) {
			t.Errorf("%s?%s: %d rows for %d entries", e.method, e.query.Encode(), len(rows)-1, len(want))
			continue
		}
		for i, row := range rows[1:] {
			for j, column := range rows[0] {
				in, is := want[i][column]
				if in = strings.ReplaceAll(in, "\x00", "\uFFFD"); is && row[j] != in && row[j] != "'"+in {
					t.Errorf("%s?%s: row %d: %s is %q, want %q", e.method, e.query.Encode(), i, column, row[j], in)
				}
			}
			for name := range want[i] {
				if !slices.Contains(rows[0], name) {
					t.Errorf("%s?%s: no column %s", e.method, e.query.Encode(), name)
				}
			}
		}
	}
	if asked < 30 {
		t.Errorf("%d golden answers in csv", asked)
	}
}

// leaves is the innermost entries of the first list in an answer, with the fields of
// the lists and objects around each.
func leaves(t *testing.T, data map[string]any, zone string) (all []map[string]string) {
	t.Helper()
	z, err := calendar.Load(zone)
	if zone == "0" {
		z, err = calendar.Fixed(0)
	}
	if err != nil {
		t.Fatal(err)
	}
	date := func(v any) string {
		at, err := v.(json.Number).Int64()
		if err != nil {
			t.Fatal(err)
		}
		return time.Unix(at, 0).In(time.FixedZone("", z.Offset(at))).Format("2006-01-02T15:04:05-07:00")
	}
	var list func(v any, around map[string]string)
	list = func(v any, around map[string]string) {
		switch v := v.(type) {
		case []any:
			for _, item := range v {
				list(item, around)
			}
		case map[string]any:
			entry, inner := map[string]string{}, any(nil)
			for name, value := range around {
				entry[name] = value
			}
			for name, value := range v {
				switch name {
				case "dt", "day_start", "at":
					entry["date"] = date(value)
				case "short_url", "hash":
					entry["link"] = fmt.Sprint(value)
				case "user_hash", "global_hash": // a table has the link as it was sent
				case "values":
					inner = value
				case "clicks":
					if _, many := value.([]any); many {
						inner = value
						continue
					}
					entry[name] = fmt.Sprint(value)
				default:
					if entry[name] = ""; value != nil {
						entry[name] = fmt.Sprint(value)
					}
				}
			}
			if inner != nil {
				list(inner, entry)
				return
			}
			all = append(all, entry)
		}
	}
	for _, key := range []string{"user_clicks", "link_clicks", "user_bot_clicks", "link_bot_clicks", "user_shorten_counts"} {
		if n, one := data[key].(json.Number); one {
			name := "clicks"
			if key == "user_shorten_counts" {
				name = "shortens"
			}
			return []map[string]string{{name: n.String()}}
		}
	}
	if data["share_counts"] != nil {
		return []map[string]string{{"share_counts": "0", "share_metrics": "0"}}
	}
	if byDomain, is := data["referrers"].(map[string]any); is { // a map has lost the order
		for name, entries := range byDomain {
			list(entries, map[string]string{"domain": name})
		}
		slices.SortStableFunc(all, func(a, b map[string]string) int { return strings.Compare(a["domain"], b["domain"]) })
		return all
	}
	for _, name := range []string{
		"user_clicks", "link_clicks", "user_shorten_counts", "clicks", "countries", "referrers", "referring_domains", "popular_links",
		"devices", "browsers", "systems", "sources", "cities", "regions", "bots",
		"user_bot_clicks", "link_bot_clicks", "destination_changes", "clicks_by_day", "share_counts_by_share_type", "shares", "tracking_domains",
	} {
		if data[name] != nil {
			list(data[name], nil)
			return all
		}
	}
	t.Fatalf("no list in %v", data)
	return nil
}
