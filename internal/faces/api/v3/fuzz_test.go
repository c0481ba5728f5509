package v3_test

import (
	"math/big"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	v3 "github.com/footfall/footfall/internal/faces/api/v3"
)

// FuzzQuery: no query of any method leads to a fault, and the answer has the format
// that was asked for.
func FuzzQuery(f *testing.F) {
	methods := newAPI(f).Methods()
	slices.Sort(methods)
	for _, q := range []string{
		"unit=day&units=3", "unit=%zz", "format=xml&unit=day&timezone=Asia/Kolkata", "callback=a.b&unit=hour", "&&==", "unit=day;units=3",
		"unit=minute&units=60&rollup=0", "unit_reference_ts=4102444799000&timezone=+14", "limit=1000&unit=month&rollup=FALSE", "days=99999999999999999999",
		"link=http://sho.rt/ze6poY&format=xml", "link=%FF%00&unit=week", "hash=ze6poY&shortUrl=&hash=%3C&format=xml", "url=http://google.com/&url=%FF&format=xml",
		"longUrl=http://example.org/%00&title=%01&format=xml", "longUrl=http://sho.rt/x&domain=j.mp", "link=ze6poY&edit=title,note,private&title=%0B&private=1",
		"x_login=ann&x_apiKey=R_ann", "domain=%5B::1", "full_name=%F0%9F%91%A9&format=xml", "query=%25&keyword=_&offset=2147483647", "format=txt", "login=cat",
		"from=2013-03-01&to=2013-03-14&unit=week&rollup=0&format=csv", "to=1980-01-01&timezone=Pacific/Apia&unit=hour", "from=2011-12-30&to=2011-12-30&timezone=Pacific/Apia",
		"unit=day&unit_reference_ts=2013-03-10T02:30:00&format=csv&rollup=0", "unit_reference_ts=2099-12-31T23:59:59.9+14:00&unit=month", "hash=%3D1&hash=%0D%00&format=csv",
		"created_before=now&created_after=1300000000000&archived=both&user=cat", "exclude_social_networks=1&limit=1&timezone=America/St_Johns",
	} {
		for i := range methods {
			f.Add(i, q)
		}
	}
	f.Fuzz(func(t *testing.T, method int, query string) {
		method = (method%len(methods) + len(methods)) % len(methods)
		r := httptest.NewRequest("GET", "/v3/"+methods[method], nil)
		r.URL.RawQuery = query + "&access_token=good"
		w := httptest.NewRecorder()
		newAPI(t).ServeHTTP(w, r)
		body := w.Body.String()
		wellFormed(t, query, w.Header().Get("Content-Type"), []byte(body))
		if strings.Contains(body, "UNKNOWN_ERROR") || strings.Contains(body, "TEMPORARILY") {
			t.Fatalf("%s?%s: %s", methods[method], query, body)
		}
	})
}

// FuzzParameters compares the parsers of parameters with slower ones.
func FuzzParameters(f *testing.F) {
	for _, s := range []string{"a=1&b=2", "a=1&a=&a=%32", "+1", "-9223372036854775808", " 12", "9223372036854775808", "--1", "tRuE", "a.$b_", "1a", "a=%zz&%=1", "=", "%00=\x00", "A=1&a=2&%41=3&\u212a=4&k=5",
		"2013-03-14", "2013-03-14T12:59:25.5+05:30", "2013-03-14 12:59", "2013-03-14t12:59z", "2013-03-14T12:59:25 -0330", "2099-12-31T23:59:59-14:00",
	} {
		f.Add(s)
	}
	callback := regexp.MustCompile(`^[A-Za-z_$.][A-Za-z0-9_$.]{0,127}$`)
	upper := regexp.MustCompile(`[A-Z]`)
	integer := regexp.MustCompile(`^[-+ ]?[0-9]+$`)
	f.Fuzz(func(t *testing.T, s string) {
		if got, want := v3.IsCallback(s), callback.MatchString(s) && !strings.HasSuffix(s, "\n"); got != want {
			t.Fatalf("IsCallback(%q) is %t", s, got)
		}
		n, ok := v3.ParseInt(s)
		want, isInteger := new(big.Int).SetString(strings.TrimLeft(s, "+ "), 10)
		if isInteger = isInteger && integer.MatchString(s) && want.IsInt64(); ok != isInteger && s != "-9223372036854775808" {
			t.Fatalf("ParseInt(%q) is %d, %t", s, n, ok)
		}
		if ok && n != want.Int64() {
			t.Fatalf("ParseInt(%q) is %d", s, n)
		}
		if v, ok := v3.ParseBool(s); ok != slices.Contains([]string{"true", "false", "0", "1"}, strings.ToLower(s)) || v != (s == "1" || strings.EqualFold(s, "true")) {
			t.Fatalf("ParseBool(%q) is %t, %t", s, v, ok)
		}
		at, isISO := v3.ParseISO(s)
		if isISO && (at < click.Earliest.Unix() || at >= click.Latest.Unix()) {
			t.Fatalf("ParseISO(%q) is %d", s, at)
		}
		for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05", "2006-01-02 15:04"} {
			want, err := time.Parse(layout, s) // it also accepts 2:59 for 02:59
			if err == nil && want.Format(layout) == s && !want.Before(click.Earliest) && want.Before(click.Latest) && (!isISO || at != want.Unix()) {
				t.Fatalf("ParseISO(%q) is %d, %t, want %d", s, at, isISO, want.Unix())
			}
		}
		given := url.Values{}
		for pair := range strings.SplitSeq(s, "&") {
			one, err := url.ParseQuery(pair)
			if err != nil {
				_ = v3.ParseQuery(s)
				return
			}
			for name, values := range one {
				if name = upper.ReplaceAllStringFunc(name, strings.ToLower); name != "" && values[0] != "" { // else it is absent
					given.Add(name, values[0])
				}
			}
		}
		if got := v3.ParseQuery(s); got.Encode() != given.Encode() {
			t.Fatalf("ParseQuery(%q) is %v, want %v", s, got, given)
		}
	})
}
