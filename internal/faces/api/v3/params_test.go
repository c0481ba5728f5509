package v3_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	v3 "github.com/footfall/footfall/internal/faces/api/v3"
)

// TestKnownParameters: the known names are those that methods take.
func TestKnownParameters(t *testing.T) {
	t.Parallel()
	taken := map[string]bool{"tz_offset": true, "hash": true, "uri": true, "apikey": true}
	for _, f := range forms() {
		for _, name := range f.params {
			taken[strings.ToLower(name)] = true
		}
	}
	for _, name := range []string{"access_token", "login", "format", "callback"} {
		taken[name] = true
	}
	for name := range taken {
		if !v3.Known[name] {
			t.Errorf("a method takes %s, but it is not among the known names", name)
		}
	}
	for name := range v3.Known {
		if !taken[name] {
			t.Errorf("no method takes %s, but it is among the known names", name)
		}
	}
}

func warnings(t *testing.T, api http.Handler, target string) []string {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/v3/user/clicks", nil)
	r.URL.Path, r.URL.RawQuery, _ = strings.Cut("/v3/"+target, "?")
	api.ServeHTTP(w, r)
	if !strings.Contains(w.Header().Get("Access-Control-Expose-Headers"), "Warning") {
		t.Errorf("%s: pages of other origins cannot read Warning", target)
	}
	return w.Header().Values("Warning")
}

// TestUnknownParameters: warnings name each unknown parameter once, and none that
// clients of Bitly send.
func TestUnknownParameters(t *testing.T) {
	t.Parallel()
	api := newAPI(t)
	unknown := func(names ...string) (list []string) {
		for _, name := range names {
			list = append(list, `299 - "unknown parameter: `+name+`"`)
		}
		return list
	}
	long := strings.Repeat("x", 61)
	for query, want := range map[string][]string{
		"user/clicks?access_token=good&since=1":                                                    unknown("since"),
		"user/clicks?access_token=good&Since=1&bots=1&since=2":                                     unknown("bots", "since"),
		"user/clicks?access_token=good&since=":                                                     nil,
		"user/clicks?access_token=good&since":                                                      nil,
		"user/clicks?access_token=good&domain=bit.ly&login=x&hash=y":                               nil,
		"user/clicks?access_token=bad&since=1":                                                     unknown("since"),
		"user/clicks?access_token=good&unit=year&since=1":                                          unknown("since"),
		"shorten?access_token=good&longUrl=http://a.example/&x_login=ann&x_apiKey=R_ann&history=1": unknown("history"),
		`expand?access_token=good&hash=ze6poY&%0D%0ASet-Cookie:+a%3Db=1`:                           unknown("%0D%0Aset-cookie%3A+a%3Db"),
		`expand?access_token=good&hash=ze6poY&"\=1&ü=1`:                                            unknown("%22%5C", "%C3%BC"),
		"expand?access_token=good&hash=ze6poY&" + long + "=1":                                      unknown(long[:60] + "..."),
		"nothing?since=1": nil,
		"user/clicks?access_token=good&from=2013-03-01&to=2013-03-02": nil,
		"clicks_by_day?access_token=good&hash=ze6poY&from=2013-03-01": unknown("from"),
		"user/link_history?access_token=good&from=1&to=2&to=3":        unknown("from", "to"),
	} {
		if got := warnings(t, api, query); !slices.Equal(got, want) {
			t.Errorf("%s\n got %q\nwant %q", query, got, want)
		}
	}
	q, names := url.Values{"access_token": {"good"}}, []string{}
	for i := range 1000 {
		q.Set(fmt.Sprintf("p%03d", i), "x")
		names = append(names, fmt.Sprintf("p%03d", i))
	}
	want := append(unknown(names[:8]...), `299 - "992 more unknown parameters"`)
	if got := warnings(t, api, "user/clicks?"+q.Encode()); !slices.Equal(got, want) {
		t.Errorf("a thousand unknown parameters: %q", got)
	}
}
