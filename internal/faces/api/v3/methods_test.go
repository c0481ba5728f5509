package v3_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/base/rollup"
	v3 "github.com/footfall/footfall/internal/faces/api/v3"
	"github.com/footfall/footfall/internal/testkit/logtest"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// form is a method and the parameters of one of its forms, in the order in which they
// are checked. access_token comes before them, format and callback after them.
type form struct {
	method string
	params []string
	txt    bool // the answer is one value
}

// rows reports whether the method has format=csv.
func (f form) rows() bool {
	return slices.Contains(f.params, "unit") || slices.Contains(f.params, "days") ||
		slices.Contains(strings.Fields("clicks clicks_by_minute countries referrers user/tracking_domain_list user/destination_changes"), f.method)
}

const (
	over   = "unit units timezone rollup limit unit_reference_ts"
	total  = "unit units timezone limit unit_reference_ts"
	legacy = "days timezone limit unit_reference_ts"
)

// dated is the parameters with from and to.
func dated(params string) string {
	return strings.NewReplacer(" units ", " ", " unit_reference_ts", " from to").Replace(params)
}

func forms() []form {
	var all []form
	add := func(params string, txt bool, methods ...string) {
		for _, m := range methods {
			all = append(all, form{m, strings.Fields(params), txt})
			if strings.Contains(params, over) || strings.Contains(params, total) {
				all = append(all, form{m, strings.Fields(dated(params)), txt})
			}
		}
	}
	add(over+" tag", true, "user/clicks", "user/shorten_counts")
	add(over+" tag", false, "user/countries", "user/referrers")
	add(over, false, "user/share_counts", "user/share_counts_by_share_type")
	add(over+" exclude_social_networks tag", false, "user/referring_domains")
	add(legacy+" tag", false, "user/clicks", "user/countries", "user/referrers")
	add(legacy+" exclude_social_networks tag", false, "user/referring_domains")
	add(total+" tag expand_links", false, "user/popular_links")
	add(over+" tag", true, "user/bot_clicks")
	add("link "+over, true, "link/bot_clicks")
	add("link timezone limit", false, "user/destination_changes")
	add("domain "+over, false, "user/tracking_domain_clicks", "user/tracking_domain_shorten_counts")
	add("", false, "user/tracking_domain_list")
	add("client_id", false, "oauth/app")
	add("login full_name", false, "user/info")
	add("limit offset created_before created_after modified_after archived private user query keyword tag exact_domain root_domain expand_client_id",
		false, "user/link_history")
	add("longUrl title note private user_ts tags expires domain keyword", false, "user/link_save")
	add("keyword_link target_link overwrite", false, "user/save_custom_domain_keyword")
	add("link edit title note private user_ts archived long_url tags expires expired_url max_clicks forward_query", false, "user/link_edit")
	add("url", false, "user/link_lookup", "link/lookup", "lookup")
	add("link "+over, true, "link/clicks")
	add("link "+over, false, "link/shares")
	add("link "+total, false, "link/countries", "link/referrers", "link/referring_domains", "link/referrers_by_domain")
	for _, p := range rollup.Projections() {
		add(total+" tag", false, "user/"+p.List)
		add("link "+total, false, "link/"+p.List)
	}
	add("link limit", false, "link/encoders", "link/encoders_by_count")
	add("link", false, "link/encoders_count")
	add("longUrl domain keyword tags expires", true, "shorten")
	add("shortUrl", true, "expand")
	add("shortUrl expand_user", false, "info")
	add("shortUrl days", false, "clicks_by_day")
	add("shortUrl", false, "clicks", "clicks_by_minute", "countries", "referrers")
	add("x_login x_apiKey", false, "validate")
	add("domain", false, "bitly_pro_domain")
	return all
}

// values are a good value of each parameter and a wrong one, which is empty if the
// parameter is required.
var values = map[string][2]string{
	"access_token": {"good", "bad"}, "format": {"json", "yaml"}, "callback": {"cb", "1a"},
	"unit": {"day", "year"}, "units": {"3", "0"}, "timezone": {"UTC", "zz"}, "rollup": {"true", "maybe"}, "limit": {"10", "0"},
	"unit_reference_ts": {"1363265965", "0"}, "days": {"3", "x"}, "exclude_social_networks": {"1", "maybe"},
	"from": {"2013-03-01", "2013-02-30"}, "to": {"2013-03-14", "today"},
	"link": {"ze6poY", ""}, "shortUrl": {"ze6poY", ""}, "url": {"http://google.com/", ""}, "longUrl": {"http://google.com/", "nonsense"},
	"domain": {"j.mp", "evil.example"}, "edit": {"title,note,private,user_ts,archived,long_url,tags,expires,expired_url,max_clicks,forward_query", "title,colour"},
	"title": {"T", "\xff"}, "note": {"N", "\xff"}, "private": {"false", "maybe"}, "user_ts": {"1300000000", "0"}, "archived": {"false", "maybe"},
	"client_id": {"x", ""}, "login": {"cat", "nobody"}, "full_name": {"Ann", "\xff"}, "offset": {"0", "-1"}, "created_before": {"now", "-1"}, "created_after": {"315532800", "-1"},
	"modified_after": {"315532800", "-1"}, "user": {"ann", "nobody"}, "query": {"q", "\xff"}, "keyword": {"k", "\xff"}, "exact_domain": {"d", "\xff"},
	"root_domain": {"d", "\xff"}, "keyword_link": {"http://sho.rt/k2", "http://evil.example/k"}, "target_link": {"ze6poY", ""}, "overwrite": {"1", "maybe"},
	"tag": {"news", "a,b"}, "tags": {"news,Big deal", "\xff"}, "expires": {"never", "soon"}, "long_url": {"http://google.com/", "nonsense"},
	"expired_url": {"http://over.example/", "ftp://a/"}, "max_clicks": {"7", "-1"}, "forward_query": {"on", "maybe"},
	"expand_client_id": {"1", "maybe"}, "expand_user": {"1", "maybe"}, "expand_links": {"1", "maybe"}, "x_login": {"ann", ""}, "x_apiKey": {"R_ann", ""},
}

func (f form) value(name string, good bool) string {
	switch pair := values[name]; {
	case good && f.method == "user/link_history" && (name == "archived" || name == "private"):
		return "both"
	case good:
		return pair[0]
	case name == "domain" && f.method != "shorten" && f.method != "user/link_save":
		return ""
	default:
		return pair[1]
	}
}

// refusal is the status of a call in which the parameter is the first wrong one.
func (f form) refusal(name string) (code int, text string) {
	switch upper := strings.ToUpper(name); {
	case name == "access_token" && f.method != "shorten" && f.method != "expand":
		return 403, "INVALID_ACCESS_TOKEN"
	case name == "longUrl" && f.method == "shorten":
		return 500, "INVALID_URI"
	case name == "edit":
		return 400, "INVALID_ARG_COLOUR"
	case f.value(name, false) == "":
		return 500, "MISSING_ARG_" + upper
	default:
		return 500, "INVALID_ARG_" + upper
	}
}

// missingCredentials is the status_txt of a call without credentials.
func missingCredentials(method string) string {
	switch method {
	case "info", "lookup", "clicks_by_day", "clicks_by_minute", "countries", "referrers":
		return "MISSING_ARG_LOGIN"
	}
	return "MISSING_ARG_ACCESS_TOKEN"
}

// query gives each parameter a good value, except the wrong ones. format and callback
// are left out, unless they are wrong.
func (f form) query(wrong ...string) url.Values {
	q := url.Values{}
	for _, name := range slices.Concat([]string{"access_token"}, f.params, []string{"format", "callback"}) {
		if bad := slices.Contains(wrong, name); bad || name != "callback" && name != "format" {
			q.Set(name, f.value(name, !bad))
		}
	}
	return q
}

// ask sends one GET.
func ask(t *testing.T, api *v3.API, method, query string) (w *httptest.ResponseRecorder, logged string) {
	t.Helper()
	var log logtest.Log
	api.Log = log.Logger()
	r := httptest.NewRequest(http.MethodGet, "/v3/"+method, nil)
	r.URL.RawQuery = query
	w = httptest.NewRecorder()
	api.ServeHTTP(w, r)
	wellFormed(t, method+"?"+query, w.Header().Get("Content-Type"), w.Body.Bytes())
	return w, log.String()
}

// refused is an answer without data, in a format; with the callback if it is
// not empty.
func refused(method, format, callback string, code int, text string) (status int, contentType, body string) {
	data, element := "null", "<data></data>"
	if method == "shorten" || method == "expand" || method == "clicks" {
		data, element = "[]", ""
	}
	body = fmt.Sprintf(`{"status_code": %d, "data": %s, "status_txt": "%s"}`, code, data, text)
	switch {
	case format == "xml":
		return 200, "application/xml; charset=utf-8", fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?>
<response><status_code>%d</status_code>%s<status_txt>%s</status_txt></response>
`, code, element, text)
	case format == "txt" || format == "csv":
		return code, "text/plain; charset=utf-8", text + "\n"
	case callback != "":
		return 200, "application/javascript; charset=utf-8", callback + "(" + body + ")"
	}
	return 200, "application/json; charset=utf-8", body
}

// TestEveryErrorInEveryFormat sends each form of each method with each parameter
// wrong, in each format.
func TestEveryErrorInEveryFormat(t *testing.T) {
	t.Parallel()
	api := newAPI(t)
	seen := map[string]bool{}
	for _, f := range forms() {
		seen[f.method] = true
		for _, name := range append([]string{"access_token"}, f.params...) {
			for _, as := range [][2]string{{"json", ""}, {"json", "a.b"}, {"xml", ""}, {"xml", "a.b"}, {"txt", ""}, {"csv", ""}} {
				q := f.query(name)
				q.Set("format", as[0])
				q.Set("callback", as[1])
				code, text := f.refusal(name)
				status, contentType, body := refused(f.method, as[0], as[1], code, text)
				w, logged := ask(t, api, f.method, q.Encode())
				if w.Code != status || w.Header().Get("Content-Type") != contentType || w.Body.String() != body || logged != "" {
					t.Errorf("%s?%s\n got %d %s %s\nwant %d %s %s\nlogged %q", f.method, q.Encode(),
						w.Code, w.Header().Get("Content-Type"), w.Body, status, contentType, body, logged)
				}
			}
		}
	}
	for _, method := range api.Methods() {
		if !seen[method] {
			t.Errorf("no form of %s", method)
		}
	}
}

// TestFirstWrongParameterIsTheError sends each form with each two parameters wrong.
func TestFirstWrongParameterIsTheError(t *testing.T) {
	t.Parallel()
	api := newAPI(t)
	for _, f := range forms() {
		names := slices.Concat([]string{"access_token"}, f.params, []string{"format", "callback"})
		for i, first := range names {
			for _, second := range names[i+1:] {
				q := f.query(first, second)
				code, text := f.refusal(first)
				_, _, body := refused(f.method, "json", "", code, text)
				if w, _ := ask(t, api, f.method, q.Encode()); w.Body.String() != body {
					t.Errorf("%s?%s\n got %s\nwant %s, because %s comes before %s", f.method, q.Encode(), w.Body, body, first, second)
				}
			}
		}
	}
}

// hostile are values that are wrong for most parameters.
var hostile = []string{"zz", "-1", "0", "99999999999999999999", "\xff\x00", "<&>'\"", ",", " ", "../UTC"}

var contracted = regexp.MustCompile(`^(OK|(MISSING|INVALID)_ARG_[A-Z0-9_]+|INVALID_(ACCESS_TOKEN|URI|LOGIN|APIKEY|X_APIKEY|DOMAIN)|` +
	`NOT_FOUND|LINK_ALREADY_EXISTS|ALREADY_A_BITLY_LINK|TRACKING_DOMAIN_NOT_REGISTERED)$`)

// TestHostileParameters sends every parameter to every method with hostile values,
// with and without the other parameters and credentials. The answer is one that
// docs/api.md lists, in the format that was asked for, and nothing is logged.
func TestHostileParameters(t *testing.T) {
	t.Parallel()
	api := newAPI(t)
	picks := seedtest.Sample(t, 4)
	names := []string{"tz_offset", "hash", "uri", "apiKey"}
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, f := range forms() {
		missing, names := missingCredentials(f.method), names
		if slices.Contains(f.params, "from") { // the other parameters are in its other form
			names = strings.Fields("from to unit units timezone unit_reference_ts days format callback")
		}
		for _, name := range names {
			for _, value := range hostile {
				for _, known := range []bool{true, false} {
					for _, whole := range []bool{true, false} {
						for _, format := range []string{"json", "xml", "txt", "csv"} {
							if format != "json" && !(whole && known) {
								continue // TestEveryErrorInEveryFormat has such errors in other formats
							}
							if !picks() {
								continue
							}
							q := url.Values{}
							if whole {
								q = f.query()
							}
							q.Del("access_token")
							if known {
								q.Set("access_token", "good")
							}
							q.Set("format", format)
							q.Set(name, value)
							w, logged := ask(t, api, f.method, q.Encode())
							text := statusText(t, w)
							as := w.Header().Get("Content-Type")
							want := map[string]string{"json": "application/json", "xml": "application/xml", "txt": "text/plain", "csv": "text/plain"}[q.Get("format")]
							if q.Get("format") == "csv" && text == "OK" {
								want = "text/csv"
							}
							if want == "" {
								want = "application/json"
							}
							if v3.IsCallback(q.Get("callback")) && want == "application/json" {
								want = "application/javascript"
							}
							switch {
							case logged != "" || !contracted.MatchString(text) || !strings.HasPrefix(as, want):
								t.Errorf("%s?%s: %s as %s; logged %q", f.method, q.Encode(), text, as, logged)
							case !known && text != missing && name != "access_token" && name != "login" && name != "apiKey":
								t.Errorf("%s?%s: %s without credentials", f.method, q.Encode(), text)
							}
						}
					}
				}
			}
		}
	}
}

// statusText is the status_txt of an answer; OK if its text is a value.
func statusText(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	body := w.Body.String()
	if strings.HasPrefix(w.Header().Get("Content-Type"), "text/") {
		if w.Code == http.StatusOK {
			return "OK"
		}
		return strings.TrimSuffix(body, "\n")
	}
	for _, quote := range [][2]string{{`"status_txt": "`, `"`}, {"<status_txt>", "<"}} {
		if _, rest, ok := strings.Cut(body, quote[0]); ok {
			text, _, _ := strings.Cut(rest, quote[1])
			return text
		}
	}
	t.Fatalf("no status_txt in %q", body)
	return ""
}

func TestMethod(t *testing.T) {
	t.Parallel()
	api := newAPI(t)
	for path, want := range map[string]string{
		"/v3/shorten": "shorten", "/v3/shorten/": "shorten", "/v3/v3/user/clicks": "user/clicks", "/v3/v3/user/clicks/": "user/clicks",
		"/v3/shorten//": "", "/v3/": "", "/v3": "", "/v3/v3/": "", "/v3/v3/v3/shorten": "", "/v3//shorten": "", "/v3/Shorten": "",
		"/v3/user": "", "/v3/v3user/clicks": "", "/v3/nothing": "", "shorten": "", "/v4/shorten": "",
	} {
		if got := api.Method(path); got != want {
			t.Errorf("%s is the method %q, want %q", path, got, want)
		}
	}
}
