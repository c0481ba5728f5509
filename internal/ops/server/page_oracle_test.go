package server_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/calendar"
	"github.com/footfall/footfall/internal/ops/server"
)

// pageView is the parts of a view that the tests look at.
type pageView struct {
	Range struct {
		Start, End           int64
		Unit, Earlier, Later string
		Timezone             string
		Running              bool
	}
	Compare struct {
		Kind, From, To string
		Clicks         uint64
	}
	Headline struct {
		Clicks, Bots uint64
		Call         pageCall
	}
	Chart struct {
		Points []struct {
			Start, End int64
			Clicks     uint64
			Bots       uint64
			State      string

			Offset, PreviousOffset int
		}
		Call, BotsCall pageCall
	}
	Strip *struct {
		Unit, From, To string
		Points         []struct{ Clicks uint64 }
	}
	Heat struct {
		Cells [7][24]uint64
		Call  pageCall
	}
	Panels []struct {
		ID   string
		Rows []pageRow
		Rest []pageRow
		More *struct {
			Rows   int
			Clicks uint64
		}
		All     int
		Clicks  uint64
		Refuses string
		Error   string
		Call    pageCall

		PagesCall *pageCall
		PagesAll  int
	}
	Empty *struct{ Last int64 }
}

type pageRow struct {
	Key, Kind string
	Name      string
	Detail    string
	Clicks    uint64
	Previous  *uint64
	Spark     []uint64

	Pages     []pageRow
	MorePages *struct {
		Rows   int
		Clicks uint64
	}
}

type pageCall struct {
	Method, Query string
	Rows          int
	Clicks        uint64
}

// pageVisitor is a browser that is signed in.
type pageVisitor struct {
	t      *testing.T
	site   http.Handler
	cookie string
}

// visit signs a browser in.
func visit(t *testing.T, app *server.App, site http.Handler, login string) pageVisitor {
	t.Helper()
	const password = "a good password"
	if err := app.SetPassword(t.Context(), login, password); err != nil {
		t.Fatal(err)
	}
	v := pageVisitor{t: t, site: site}
	w := v.send("POST", "/-/login", url.Values{"login": {login}, "password": {password}}.Encode())
	if w.Code != http.StatusSeeOther {
		t.Fatalf("signing in is answered %d %s", w.Code, w.Body)
	}
	cookie := w.Result().Cookies()[0]
	v.cookie = cookie.Name + "=" + cookie.Value
	return v
}

func (v pageVisitor) send(method, target, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://sho.rt"+target, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if v.cookie != "" {
		r.Header.Set("Cookie", v.cookie)
	}
	w := httptest.NewRecorder()
	v.site.ServeHTTP(w, r)
	return w
}

// view asks for the data of a page.
func (v pageVisitor) view(query string) (view pageView) {
	v.t.Helper()
	w := v.send("GET", "/-/view?"+query, "")
	if err := json.Unmarshal(w.Body.Bytes(), &view); err != nil || w.Code != http.StatusOK {
		v.t.Fatalf("%s is answered %d %s", query, w.Code, w.Body)
	}
	return view
}

// sumOf adds up the clicks of an answer of the API.
func sumOf(t *testing.T, site http.Handler, token string, c pageCall) (sum uint64, rows int) {
	t.Helper()
	_, body := get(t, site, "/v3/"+c.Method+"?access_token="+token+"&"+c.Query)
	var answer struct {
		Data map[string]json.RawMessage
		Text string `json:"status_txt"`
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || answer.Text != "OK" {
		t.Fatalf("%s?%s is answered %s", c.Method, c.Query, body)
	}
	for name, data := range answer.Data {
		var list []struct{ Clicks uint64 }
		var one uint64
		switch {
		case json.Unmarshal(data, &list) == nil && string(data) != "null" && name != "user_countries" && name != "user_referrers" && name != "user_referring_domains":
			for _, e := range list {
				sum += e.Clicks
			}
			rows += len(list)
		case (name == "user_clicks" || name == "user_bot_clicks") && json.Unmarshal(data, &one) == nil:
			sum, rows = one, 1
		}
	}
	return sum, rows
}

// TestPageAgrees: over the real feed, in five zones, every panel adds up to the headline, and
// says what the API and the oracle say.
func TestPageAgrees(t *testing.T) {
	t.Parallel()
	now := time.Date(2013, 3, 9, 15, 20, 0, 0, time.UTC)
	app := open(t, t.TempDir(), now)
	defer closeApp(t, app)
	files := feedFiles(t)
	importFiles(t, app, files)
	clicks, _, _, _ := readFeed(t, files)
	const login = "nasatwitter"
	site, err := app.Handler(server.PublicOptions{})
	if err != nil {
		t.Fatal(err)
	}
	browser, credentials := visit(t, app, site, login), token(t, app, login)
	within := func(from, to int64) (n uint64, countries map[string]uint64) {
		countries = map[string]uint64{}
		for _, c := range clicks {
			if c.Login == login && from <= c.T && c.T < to {
				n++
				name := "None"
				if c.Country != nil && len(*c.Country) == 2 {
					name = *c.Country
				}
				countries[name]++
			}
		}
		return n, countries
	}
	seen, strips := uint64(0), 0
	for _, name := range []string{"UTC", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "-3"} {
		zone, err := calendar.Load(name)
		if name == "-3" {
			zone, err = calendar.Fixed(-3)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range []string{
			"", "unit=day&units=90", "unit=month&units=-1", "unit=mweek&units=12&compare=year", "unit=hour&units=48&compare=none", "range=month",
			"range=week&compare=previous-weekday", "range=today", "range=last-month", "range=quarter", "range=year", "from=2013-01-01&to=2013-03-09", "to=2013-02-03",
			"from=2013-02-03T12:00&to=2013-02-03T18:30", "from=2013-02-01&unit=week&compare=2013-01-01", "from=2012-01-01&unit=hour", "unit=day&units=3&unit_reference_ts=1359900000",
			"unit=minute&units=60", "from=2012-03-01&to=2012-03-31",
		} {
			v := browser.view(q + "&timezone=" + url.QueryEscape(name))
			fault := func(format string, args ...any) { t.Errorf("%s in %s: "+format, append([]any{q, name}, args...)...) }
			minutes := v.Range.Unit == "minute"
			if !minutes { // minutes are not imported
				want, countries := within(v.Range.Start, v.Range.End)
				seen += want
				if v.Headline.Clicks != want {
					fault("the headline is %d, the oracle says %d", v.Headline.Clicks, want)
				}
				got := map[string]uint64{}
				for _, r := range slices.Concat(v.Panels[0].Rows, v.Panels[0].Rest) {
					got[r.Key] = r.Clicks
				}
				if !maps.Equal(got, countries) {
					fault("the countries are %v, the oracle says %v", got, countries)
				}
				for _, p := range v.Chart.Points {
					if n, _ := within(max(p.Start, v.Range.Start), min(p.End, v.Range.End)); p.Clicks != n {
						fault("from %d to %d the chart has %d, the oracle says %d", p.Start, p.End, p.Clicks, n)
					}
				}
				if v.Strip != nil {
					from, to, sum := wall(t, zone, v.Strip.From), wall(t, zone, v.Strip.To), uint64(0)
					for _, p := range v.Strip.Points {
						sum += p.Clicks
					}
					if n, _ := within(from, to); n != sum || from > v.Range.Start || to < v.Range.End || to-from < v.Range.End-v.Range.Start {
						fault("the strip is from %s to %s and has %d clicks, the oracle says %d", v.Strip.From, v.Strip.To, sum, n)
					}
					strips++
				} else if v.Range.End-v.Range.Start < 1500*86400 && !strings.Contains(q, "units=-1") {
					fault("there is no strip")
				}
				if v.Compare.Kind != "none" {
					from, to := wall(t, zone, v.Compare.From), wall(t, zone, v.Compare.To)
					if n, _ := within(from, to); v.Compare.Clicks != n {
						fault("from %s to %s there were %d, the oracle says %d", v.Compare.From, v.Compare.To, v.Compare.Clicks, n)
					}
				}
			}
			chart, bots, heat := uint64(0), uint64(0), uint64(0)
			for _, p := range v.Chart.Points {
				chart, bots = chart+p.Clicks, bots+p.Bots
			}
			for _, r := range v.Heat.Cells {
				for _, n := range r {
					heat += n
				}
			}
			if chart != v.Headline.Clicks || bots != v.Headline.Bots || !minutes && heat != v.Headline.Clicks {
				fault("the headline is %d and %d bots, the chart %d and %d, the heat map %d", v.Headline.Clicks, v.Headline.Bots, chart, bots, heat)
			}
			calls := []pageCall{v.Headline.Call, v.Chart.Call, v.Chart.BotsCall}
			if !minutes {
				calls = append(calls, v.Heat.Call)
			}
			for _, p := range v.Panels {
				sum := uint64(0)
				for i, r := range p.Rows {
					if i < 10 {
						sum += r.Clicks
					}
					if r.Kind == "unknown" || r.Kind == "other" {
						fault("%s has %q among the others", p.ID, r.Key)
					}
					drawn := uint64(0)
					for _, n := range r.Spark {
						drawn += n
					}
					if p.ID == "links" && (drawn != r.Clicks || len(r.Spark) > 100) {
						fault("the small chart of %s has %d clicks in %d units, the row %d", r.Key, drawn, len(r.Spark), r.Clicks)
					}
				}
				for _, r := range p.Rest {
					sum += r.Clicks
				}
				if p.More != nil {
					sum += p.More.Clicks
				}
				if p.ID == "links" && name == "UTC" && p.Refuses == "" { // the first ten are asked for in another way
					var all struct{ Rows []pageRow }
					w := browser.send("GET", "/-/rows?panel=links&"+q+"&timezone=UTC", "")
					if err := json.Unmarshal(w.Body.Bytes(), &all); err != nil || len(all.Rows) < len(p.Rows) {
						fault("all links are %s", w.Body)
					}
					for i, r := range p.Rows {
						a := all.Rows[i]
						if a.Key != r.Key || a.Detail != r.Detail || r.Detail == "" || a.Clicks != r.Clicks || (a.Previous == nil) != (r.Previous == nil) || a.Previous != nil && *a.Previous != *r.Previous {
							fault("link %d is %v, and among all links %v", i, r, a)
						}
					}
				}
				if p.PagesCall != nil {
					calls = append(calls, *p.PagesCall)
				}
				for _, r := range slices.Concat(p.Rows, p.Rest) {
					if fault := r.pagesFault(p.ID); fault != "" {
						t.Errorf("%s in %s: %s", q, name, fault)
					}
				}
				want := v.Headline.Clicks
				if p.ID == "bots" {
					want = v.Headline.Bots
				}
				switch {
				case p.Error != "":
					fault("%s failed: %s", p.ID, p.Error)
				case p.Refuses != "":
					if !minutes {
						fault("%s refuses: %s", p.ID, p.Refuses)
					}
				case sum != want || p.Clicks != want:
					fault("%s adds up to %d and says %d, the headline is %d", p.ID, sum, p.Clicks, want)
				default:
					calls = append(calls, p.Call)
				}
			}
			for _, c := range calls {
				if sum, rows := sumOf(t, site, credentials, c); sum != c.Clicks || rows != c.Rows {
					fault("%s?%s has %d clicks in %d rows, the page says %d in %d", c.Method, c.Query, sum, rows, c.Clicks, c.Rows)
				}
			}
			// Back and forth leads to the same time.
			if v.Range.Earlier != "" {
				before := browser.view(v.Range.Earlier[1:])
				if before.Range.End != v.Range.Start {
					fault("the time before ends at %d, and this one starts at %d", before.Range.End, v.Range.Start)
				}
				if before.Range.Later == "" {
					fault("the time before has nothing after it")
				} else if again := browser.view(before.Range.Later[1:]); again.Range.Start != v.Range.Start {
					fault("back and forth leads to %d, and not to %d", again.Range.Start, v.Range.Start)
				}
			}
		}
	}
	if seen < 1000 || strips < 50 {
		t.Errorf("the ranges have %d clicks together, and %d strips", seen, strips)
	}
}

// pagesFault says what is wrong with the pages below a row: they are of that site, and have its
// clicks together.
func (r pageRow) pagesFault(panel string) string {
	sum := uint64(0)
	for _, p := range r.Pages {
		if _, rest, _ := strings.Cut(p.Key, "://"); !strings.HasPrefix(rest, r.Key+"/") && rest != r.Key && p.Key != r.Key {
			return p.Key + " is a page of " + r.Key
		}
		sum += p.Clicks
	}
	if r.MorePages != nil {
		sum += r.MorePages.Clicks
	}
	switch {
	case panel == "domains" && strings.Contains(r.Key, ".") && len(r.Pages) == 0 && r.MorePages == nil:
		return r.Key + " has no pages"
	case (len(r.Pages) > 0 || r.MorePages != nil) && (sum != r.Clicks || panel != "domains"):
		return fmt.Sprintf("the pages of %s have %d clicks, and it has %d", r.Key, sum, r.Clicks)
	}
	return ""
}

// wall is the instant of a local time.
func wall(t *testing.T, zone *calendar.Zone, local string) int64 {
	t.Helper()
	at, err := time.Parse("2006-01-02T15:04", local)
	if err != nil {
		t.Fatal(err)
	}
	return zone.When(at.Unix())
}
