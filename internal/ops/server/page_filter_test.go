package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/faces/feed"
	"github.com/footfall/footfall/internal/testkit/await"
)

// follow follows links of a site as a browser or as a bot.
func follow(t *testing.T, site http.Handler, agent string, paths ...string) {
	t.Helper()
	for _, path := range paths {
		r := httptest.NewRequest("GET", "http://sho.rt"+path, nil)
		r.Header.Set("User-Agent", agent)
		w := httptest.NewRecorder()
		if site.ServeHTTP(w, r); w.Header().Get("Location") == "" {
			t.Fatalf("%s is answered %d %s", path, w.Code, w.Body)
		}
	}
}

const (
	firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
	google  = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
)

// filteredView is the parts of a view that depend on its filter.
type filteredView struct {
	pageView
	Filters struct {
		Bots     string
		Visitors []struct{ Bots, Query string }
		Links    []struct{ Name, Without string }
		Tags     []struct{ Tag, Without string }
	}
}

func (v pageVisitor) filtered(path string) (view filteredView) {
	v.t.Helper()
	w := v.send("GET", path, "")
	if err := json.Unmarshal(w.Body.Bytes(), &view); err != nil || w.Code != http.StatusOK {
		v.t.Fatalf("%s is answered %d %s", path, w.Code, w.Body)
	}
	return view
}

// TestVisitors: a view has people, or bots, or both, and says which panels have no bots.
func TestVisitors(t *testing.T) {
	t.Parallel()
	app, site := newSite(t)
	browser := visit(t, app, site, "ann")
	follow(t, site, firefox, "/sale", "/sale", "/sale")
	follow(t, site, google, "/sale", "/sale")
	counted(t, browser, 5)
	for _, of := range []string{"/-/view", "/-/view/link/sale"} {
		for _, c := range []struct {
			query, bots        string
			clicks, beside     uint64
			countries, botrows string // why the panel refuses
		}{
			{"", "both", 3, 2, "", ""},
			{"&bots=both", "both", 3, 2, "", ""},
			{"&bots=off", "off", 3, 0, "", "people"},
			{"&bots=on", "on", 2, 0, "bots", ""},
		} {
			v := browser.filtered(of + "?unit=day&units=2&timezone=UTC" + c.query)
			fault := func(format string, args ...any) { t.Errorf("%s%s: "+format, append([]any{of, c.query}, args...)...) }
			if v.Headline.Clicks != c.clicks || v.Headline.Bots != c.beside || v.Filters.Bots != c.bots {
				fault("the headline is %d, beside it %d, the filter %q", v.Headline.Clicks, v.Headline.Bots, v.Filters.Bots)
			}
			var chart, beside, heat uint64
			for _, p := range v.Chart.Points {
				chart, beside = chart+p.Clicks, beside+p.Bots
			}
			for _, hours := range v.Heat.Cells {
				for _, n := range hours {
					heat += n
				}
			}
			if chart != c.clicks || beside != c.beside || heat != c.clicks {
				fault("the chart has %d and %d, the heat map %d", chart, beside, heat)
			}
			for _, p := range v.Panels {
				want, sum := c.countries, c.clicks
				if p.ID == "bots" {
					want, sum = c.botrows, 2
				}
				if p.Refuses != want || want == "" && p.Clicks != sum {
					fault("%s refuses %q and has %d clicks", p.ID, p.Refuses, p.Clicks)
				}
			}
			if n := len(v.Filters.Visitors); n != 3 {
				fault("%d choices", n)
			}
			// The call beside the chart has its numbers.
			if sum, _ := sumOf(t, site, token(t, app, "ann"), v.Chart.Call); sum != c.clicks {
				fault("%s?%s has %d clicks", v.Chart.Call.Method, v.Chart.Call.Query, sum)
			}
		}
	}
	if w := browser.send("GET", "/-/view?bots=some", ""); w.Code != http.StatusBadRequest || w.Body.String() != `{"error":"INVALID_ARG_BOTS"}`+"\n" {
		t.Errorf("a wrong value is answered %d %s", w.Code, w.Body)
	}
}

// counted waits until clicks are counted.
func counted(t *testing.T, browser pageVisitor, clicks uint64) {
	t.Helper()
	await.Until(t, "the clicks are counted", func() (string, bool) {
		v := browser.view("unit=day&units=2&timezone=UTC")
		n := v.Headline.Clicks + v.Headline.Bots
		return strconv.FormatUint(n, 10), n == clicks
	})
}

// TestFilterChoices: a row adds its link to the filter or replaces it, and each part of the
// filter can be removed alone.
func TestFilterChoices(t *testing.T) {
	t.Parallel()
	app, site := newSite(t)
	browser := visit(t, app, site, "ann")
	for _, name := range []string{"one", "two"} {
		browser.send("POST", "/-/api/shorten", url.Values{"longUrl": {"http://example.org/" + name}, "keyword": {name}}.Encode())
	}
	if w := browser.send("POST", "/-/api/user/link_edit", "link=two&edit=tags&tags=red,blue"); w.Code != http.StatusOK {
		t.Fatalf("tagging is answered %d %s", w.Code, w.Body)
	}
	follow(t, site, firefox, "/sale", "/one", "/two", "/two")
	counted(t, browser, 4)
	const span = "/-/view?unit=day&units=2&timezone=UTC"
	for query, want := range map[string]uint64{"": 4, "&link=sho.rt/one": 1, "&link=sho.rt/one&link=sho.rt/sale": 2, "&tag=red": 2, "&tag=red&tag=blue": 2, "&link=sho.rt/one&tag=red": 0} {
		v := browser.filtered(span + query)
		if v.Headline.Clicks != want {
			t.Errorf("%q has %d clicks, want %d", query, v.Headline.Clicks, want)
		}
	}
	v := browser.filtered(span + "&link=sho.rt/one&link=sho.rt/sale&tag=red&tag=blue")
	if n := len(v.Filters.Links) + len(v.Filters.Tags); n != 4 {
		t.Fatalf("the filter has %d parts", n)
	}
	for _, c := range []struct {
		query, name string
		want        []string
	}{
		{v.Filters.Links[0].Without, "link", []string{"sho.rt/sale"}},
		{v.Filters.Links[1].Without, "link", []string{"sho.rt/one"}},
		{v.Filters.Tags[0].Without, "tag", []string{"blue"}},
		{v.Filters.Tags[1].Without, "tag", []string{"red"}},
	} {
		q, err := url.ParseQuery(c.query[1:])
		if err != nil || !slices.Equal(q[c.name], c.want) || len(q["link"])+len(q["tag"]) != 3 {
			t.Errorf("without one part the filter is %q (%v)", c.query, err)
		}
	}
	var rows struct {
		Rows []struct{ Name, Query, Add string }
	}
	w := browser.send("GET", "/-/rows?panel=links&unit=day&units=2&timezone=UTC&tag=red&tag=green", "")
	if err := json.Unmarshal(w.Body.Bytes(), &rows); err != nil || len(rows.Rows) != 1 {
		t.Fatalf("the rows are %s", w.Body)
	}
	name := rows.Rows[0].Name
	only, add := parsed(t, rows.Rows[0].Query), parsed(t, rows.Rows[0].Add)
	if !slices.Equal(only["link"], []string{name}) || !slices.Equal(add["link"], only["link"]) || !slices.Equal(add["tag"], []string{"red", "green"}) {
		t.Errorf("the row leads to %v and %v", only, add)
	}
	// A link that is in the filter, by whatever name, is not added again.
	w = browser.send("GET", "/-/rows?panel=links&unit=day&units=2&timezone=UTC&link=sho.rt/two&link=sho.rt/sale", "")
	if err := json.Unmarshal(w.Body.Bytes(), &rows); err != nil || len(rows.Rows) != 2 {
		t.Fatalf("the rows are %s", w.Body)
	}
	for _, r := range rows.Rows {
		if add := parsed(t, r.Add); !slices.Equal(add["link"], []string{"sho.rt/two", "sho.rt/sale"}) {
			t.Errorf("%s added to the filter leads to %v", r.Name, add)
		}
	}
}

// TestAllRows: limit=all has every row, also where a list has more than limit takes, and the files
// of a panel have them.
func TestAllRows(t *testing.T) {
	t.Parallel()
	const pages = 1200 // limit takes 1,000 at most
	app, site := newSite(t)
	browser, credentials := visit(t, app, site, "ann"), token(t, app, "ann")
	var clicks strings.Builder
	at := time.Now().Add(-time.Hour).Unix()
	for i := range pages {
		fmt.Fprintf(&clicks, `{"type":"click","link":"sale","ts":%d,"referrer":"http://example.org/%d"}`+"\n", at, i)
	}
	if r, err := app.Import(t.Context(), "ndjson", strings.NewReader(clicks.String()), func(l feed.Rejected) { t.Error(l.Reason) }); err != nil || r.Clicks != pages {
		t.Fatalf("%v are imported (%v)", r, err)
	}
	const span = "unit=day&units=2&timezone=UTC"
	v := browser.view(span)
	if v.Headline.Clicks != pages {
		t.Fatalf("%d clicks are counted", v.Headline.Clicks)
	}
	for limit, rows := range map[string]int{"": 100, "&limit=1000": 1000, "&limit=all": pages} {
		c := pageCall{Method: "user/referrers", Query: span + limit}
		if sum, n := sumOf(t, site, credentials, c); n != rows || sum != uint64(rows) {
			t.Errorf("with %q there are %d rows with %d clicks, want %d", limit, n, sum, rows)
		}
	}
	for _, wrong := range []string{"ALL", "all,", "1000000", "-1", "0"} {
		if _, body := get(t, site, "/v3/user/referrers?access_token="+credentials+"&"+span+"&limit="+wrong); !strings.Contains(body, "INVALID_ARG_LIMIT") {
			t.Errorf("limit=%s is answered %.100s", wrong, body)
		}
	}
	csv := browser.send("GET", "/-/api/user/referrers?format=csv&"+span+"&limit=all", "").Body.String()
	if n := strings.Count(csv, "http://example.org/"); n != pages {
		t.Errorf("the file has %d rows", n)
	}
	w := browser.send("GET", "/-/rows?panel=domains&"+span, "")
	var sites struct{ Rows []pageRow }
	if err := json.Unmarshal(w.Body.Bytes(), &sites); err != nil || len(sites.Rows) != 1 {
		t.Fatalf("the sites are %s", w.Body)
	}
	if site := sites.Rows[0]; site.pagesFault("domains") != "" || len(site.Pages) != 1000 || site.MorePages.Rows != 0 || site.MorePages.Clicks != pages-1000 {
		t.Errorf("the site has %d pages and %v more", len(site.Pages), site.MorePages)
	}
	for _, p := range v.Panels {
		if p.ID == "referrers" && (p.All != 1000 || p.More.Clicks != pages-10) {
			t.Errorf("the panel has %d rows, and %d clicks in more", p.All, p.More.Clicks)
		}
		if p.ID == "domains" {
			site := p.Rows[0]
			if fault := site.pagesFault(p.ID); fault != "" || p.PagesAll != 1000 || len(site.Pages) != 5 || site.MorePages.Rows != 995 || site.MorePages.Clicks != pages-5 {
				t.Errorf("the site has %d pages and %v more (%s)", len(site.Pages), site.MorePages, fault)
			}
		}
	}
}

// TestEarlierOffset: the time that a unit is compared with has its own offset from UTC.
func TestEarlierOffset(t *testing.T) {
	t.Parallel()
	app, site := newSite(t)
	v := visit(t, app, site, "ann").view("from=2012-03-12&to=2012-03-12&unit=hour&compare=2012-03-10&timezone=America/New_York")
	if len(v.Chart.Points) != 24 {
		t.Fatalf("the day has %d hours", len(v.Chart.Points))
	}
	for _, p := range v.Chart.Points {
		if p.Offset != -240 || p.PreviousOffset != -300 {
			t.Errorf("the hour at %d is %d minutes from UTC, and the earlier one %d", p.Start, p.Offset, p.PreviousOffset)
		}
	}
}

func parsed(t *testing.T, query string) url.Values {
	t.Helper()
	q, err := url.ParseQuery(query[1:])
	if err != nil {
		t.Fatal(err)
	}
	return q
}
