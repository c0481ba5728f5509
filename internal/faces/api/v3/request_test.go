package v3_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	v3 "github.com/footfall/footfall/internal/faces/api/v3"
	"github.com/footfall/footfall/internal/testkit/logtest"
)

// encodings are the encodings of parameters in a body.
var encodings = map[string]func(url.Values) (contentType, body string){
	"form": func(q url.Values) (string, string) { return "application/x-www-form-urlencoded", q.Encode() },
	"json": func(q url.Values) (string, string) {
		all := map[string]any{}
		for name, values := range q {
			all[name] = values
			if len(values) == 1 {
				all[name] = values[0]
			}
		}
		body, err := json.Marshal(all)
		if err != nil {
			panic(err)
		}
		return "application/json;charset=UTF-8", string(body)
	},
	"multipart": func(q url.Values) (string, string) {
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		for _, name := range slices.Sorted(maps.Keys(q)) { // in the order of the other encodings
			for _, v := range q[name] {
				if err := w.WriteField(name, v); err != nil {
					panic(err)
				}
			}
		}
		if err := w.Close(); err != nil {
			panic(err)
		}
		return w.FormDataContentType(), b.String()
	},
}

// post sends a POST.
func post(api http.Handler, target, contentType string, body io.Reader) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/v3/"+target, body)
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	w := httptest.NewRecorder()
	api.ServeHTTP(w, r)
	w.Header().Del("X-Request-Id") // it differs each time
	return w
}

// TestPostIsGet: each question of the golden files has the same answer if its
// parameters are in a body.
func TestPostIsGet(t *testing.T) {
	t.Parallel()
	asked := 0
	for _, e := range goldenExchanges(t) {
		if newAPI(t).Method("/v3/"+e.method) == "" || !utf8.ValidString(fmt.Sprint(e.query)) {
			continue // JSON cannot hold it
		}
		asked++
		w := httptest.NewRecorder()
		newAPI(t).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v3/"+e.method+"?"+e.query.Encode(), nil))
		w.Header().Del("X-Request-Id")
		for name, encode := range encodings {
			contentType, body := encode(e.query)
			got := post(newAPI(t), e.method, contentType, strings.NewReader(body))
			if got.Code != w.Code || got.Body.String() != w.Body.String() || fmt.Sprint(got.Header()) != fmt.Sprint(w.Header()) {
				t.Errorf("%s with %v as %s\n got %d %v %s\nwant %d %v %s", e.method, e.query, name, got.Code, got.Header(), got.Body, w.Code, w.Header(), w.Body)
			}
		}
	}
	if asked < 300 {
		t.Errorf("%d questions were asked", asked)
	}
}

// TestBodies: bodies that clients send, and broken ones.
func TestBodies(t *testing.T) {
	t.Parallel()
	const form, mixed = "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"
	const made, failed = `"long_url": "http://new.example/", "url"`, `{"status_code": 400, "data": [], "status_txt": "INVALID_REQUEST"}`
	const large = `{"status_code": 413, "data": [], "status_txt": "REQUEST_TOO_LARGE"}`
	part := func(head, value string) string {
		return "--b\r\nContent-Disposition: form-data; " + head + "\r\n\r\n" + value + "\r\n"
	}
	token := part(`name="access_token"`, "good")
	pad := func(body string, n int) string { return body + strings.Repeat(" ", n-len(body)) }
	const object = `{"access_token":"good","longUrl":"http://new.example/"}`
	for name, c := range map[string]struct{ target, contentType, body, want string }{
		"a form":                         {"shorten", form, "access_token=good&longUrl=http%3A%2F%2Fnew.example%2F", made},
		"with a charset":                 {"shorten", form + "; charset=UTF-8", "access_token=good&longUrl=http://new.example/", made},
		"no type":                        {"shorten", "", "access_token=good&longUrl=http://new.example/", made},
		"an odd type":                    {"shorten", "no type/at all;;", "access_token=good&longUrl=http://new.example/", made},
		"a form called JSON":             {"shorten", "application/json", "access_token=good&longUrl=http://new.example/", made},
		"a newline at the end":           {"shorten", form, "access_token=good&longUrl=http://new.example/\n", made},
		"JSON":                           {"shorten", "application/json", object, made},
		"JSON as text":                   {"shorten", "text/plain;charset=UTF-8", object, made},
		"JSON as a form":                 {"shorten", form, object, made},
		"JSON without a type":            {"shorten", "", "\ufeff \r\n" + object + "\n", made},
		"names in any case":              {"shorten", "", `{"ACCESS_TOKEN":"good","longurl":"http://new.example/"}`, made},
		"multipart":                      {"shorten", mixed, token + part(`name="longUrl"`, "http://new.example/") + "--b--\r\n", made},
		"multipart without quotes":       {"shorten", "Multipart/Form-Data; boundary=\"b\"", token + part("name=longUrl", "http://new.example/") + "--b--", made},
		"with a file":                    {"shorten", mixed, token + part(`name="longUrl"; filename="u"`, "http://file.example/") + part(`name="longUrl"`, "http://new.example/") + "--b--\r\n", made},
		"a token in the query":           {"shorten?access_token=good", "", `{"longUrl":"http://new.example/"}`, made},
		"the query comes first":          {"shorten?access_token=good&longUrl=http://new.example/", form, "access_token=bad&longUrl=http://other.example/", made},
		"empty is absent in the query":   {"shorten?access_token=good&longUrl=", form, "longUrl=http://new.example/", made},
		"no body":                        {"shorten?access_token=good&longUrl=http://new.example/", form, "", made},
		"no multipart body":              {"shorten?access_token=good&longUrl=http://new.example/", mixed, "", made},
		"blanks":                         {"shorten?access_token=good&longUrl=http://new.example/", "application/json", " \n", made},
		"null":                           {"shorten?access_token=good&longUrl=http://new.example/", "application/json", "null", made},
		"an empty object":                {"shorten?access_token=good&longUrl=http://new.example/", "application/json", "{}", made},
		"null is absent":                 {"shorten?access_token=good", "", `{"domain":null,"longUrl":[null,"","http://new.example/"]}`, made},
		"unknown parameters":             {"shorten?access_token=good", "", `{"a":{"longUrl":"x"},"b":[[1]],"longUrl":"http://new.example/"}`, made},
		"nested":                         {"shorten?access_token=good", "", `{"longUrl":{"longUrl":"http://new.example/"}}`, "INVALID_URI"},
		"a list in a list":               {"shorten?access_token=good", "", `{"longUrl":[["http://new.example/"]]}`, "INVALID_URI"},
		"numbers":                        {"user/clicks", "", `{"access_token":"good","unit":"day","units":3,"unit_reference_ts":1363265965}`, `"units": 3, "unit_reference_ts": 1363265965`},
		"minus one":                      {"user/clicks", "", `{"access_token":"good","unit":"day","units":-1}`, `"units": -1`},
		"true and false":                 {"user/clicks", "", `{"access_token":"good","unit":"day","rollup":false,"limit":1}`, `"user_clicks": [{`},
		"a fraction":                     {"user/clicks", "", `{"access_token":"good","unit":"day","units":3.0}`, "INVALID_ARG_UNITS"},
		"an exponent":                    {"user/clicks", "", `{"access_token":"good","unit":"day","units":3e0}`, "INVALID_ARG_UNITS"},
		"a list":                         {"link/lookup", "", `{"access_token":"good","url":["http://google.com/","http://x.example/"]}`, `"aggregate_link": "http://sho.rt/900913"}, {"url": "http://x.example/", "error": "NOT_FOUND"}`},
		"after the query":                {"link/lookup?url=http://x.example/", form, "access_token=good&url=http://google.com/", `[{"url": "http://x.example/", "error": "NOT_FOUND"}, {"url": "http://google.com/"`},
		"a format":                       {"shorten", "", `{"access_token":"good","longUrl":"http://new.example/","format":"txt"}`, "http://sho.rt/"},
		"login and apiKey":               {"shorten", form, "login=ann&apiKey=R_ann&longUrl=http://new.example/", made},
		"no method":                      {"nothing?format=xml", "", "{", "<status_txt>NOT_FOUND</status_txt>"},
		"64 KB":                          {"shorten", "", pad(object, v3.MaxBody), made},
		"more than 64 KB":                {"shorten", "", pad(object, v3.MaxBody+1), large},
		"more than 64 KB of what is new": {"user/clicks?access_token=good", "", pad("{}", v3.MaxBody+1), `{"status_code": 413, "data": null, "status_txt": "REQUEST_TOO_LARGE"}`},
		"half an object":                 {"shorten?access_token=good", "application/json", `{"longUrl":"http://new.example/"`, failed},
		"no object":                      {"shorten?access_token=good", "application/json", `["http://new.example/"]`, failed},
		"two objects":                    {"shorten?access_token=good", "application/json", object + object, failed},
		"not UTF-8":                      {"shorten?access_token=good", "application/json", "{\"longUrl\":\"http://new.example/\xff\"}", failed},
		"no boundary":                    {"shorten?access_token=good", "multipart/form-data", token + "--b--", failed},
		"another boundary":               {"shorten?access_token=good", "multipart/form-data; boundary=c", token + "--b--", failed},
		"half of multipart":              {"shorten?access_token=good", mixed, token, failed},
		"broken, and in xml":             {"user/clicks?format=xml", "", "{", "<response><status_code>400</status_code><data></data><status_txt>INVALID_REQUEST</status_txt></response>"},
		"broken, and as text":            {"shorten?format=txt", "", "{", "INVALID_REQUEST\n"},
	} {
		api := newAPI(t)
		var log logtest.Log
		api.Log = log.Logger()
		w := post(api, c.target, c.contentType, strings.NewReader(c.body))
		if !strings.Contains(w.Body.String(), c.want) || log.Len() > 0 {
			t.Errorf("%s: %d %s; want %s; logged %s", name, w.Code, w.Body, c.want, log.String())
		}
		wellFormed(t, name, w.Header().Get("Content-Type"), w.Body.Bytes())
	}
}

// TestCompressedBodies: compressed bodies are refused, and not read as unknown
// parameters.
func TestCompressedBodies(t *testing.T) {
	t.Parallel()
	for encoding, want := range map[string]string{"gzip": "INVALID_REQUEST", "identity": "OK", "": "OK"} {
		r := httptest.NewRequest("POST", "/v3/user/info", strings.NewReader("access_token=good"))
		r.Header.Set("Content-Encoding", encoding)
		w := httptest.NewRecorder()
		newAPI(t).ServeHTTP(w, r)
		if got := statusText(t, w); got != want {
			t.Errorf("Content-Encoding %q: %s, want %s", encoding, got, want)
		}
	}
}

// unread is a body that must not be read.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("a body was read")
	return 0, io.EOF
}

// TestBodiesThatAreNotRead: a body that is announced as too long is refused before the
// client sends it (Expect: 100-continue), and only a POST has a body.
func TestBodiesThatAreNotRead(t *testing.T) {
	t.Parallel()
	for method, want := range map[string]string{
		"POST": "REQUEST_TOO_LARGE", "PUT": "METHOD_NOT_ALLOWED", "DELETE": "METHOD_NOT_ALLOWED", "GET": "MISSING_ARG_ACCESS_TOKEN", "OPTIONS": "",
	} {
		r := httptest.NewRequest(method, "/v3/user/info", unread{t})
		r.ContentLength = v3.MaxBody + 1
		if method == "POST" {
			r.Header.Set("Expect", "100-continue")
		}
		w := httptest.NewRecorder()
		newAPI(t).ServeHTTP(w, r)
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %s, want %s", method, w.Body, want)
		}
		if allowed := w.Header().Get("Allow"); method != "GET" && method != "POST" && allowed != "GET, HEAD, POST, OPTIONS" {
			t.Errorf("%s: Allow is %q", method, allowed)
		}
	}
}

// TestTooLongBodiesAreSkipped: clients that send all of their body before they read
// get their answer, unless the body is very long.
func TestTooLongBodiesAreSkipped(t *testing.T) {
	t.Parallel()
	const much = v3.MaxBody + v3.MaxSkipped + 1
	for _, c := range []struct {
		length int64 // Content-Length; -1 without one
		sent   int
		read   int
	}{
		{v3.MaxBody + 1, v3.MaxBody + 1, v3.MaxBody + 1},
		{v3.MaxSkipped, v3.MaxSkipped, v3.MaxSkipped},
		{v3.MaxSkipped + 1, v3.MaxSkipped + 1, 0},
		{-1, 500_000, 500_000},
		{-1, 2 * much, much},
	} {
		body := strings.NewReader(strings.Repeat(" ", c.sent))
		r := httptest.NewRequest("POST", "/v3/user/info", io.NopCloser(body))
		r.ContentLength = c.length
		w := httptest.NewRecorder()
		newAPI(t).ServeHTTP(w, r)
		if read := c.sent - body.Len(); statusText(t, w) != "REQUEST_TOO_LARGE" || read != c.read {
			t.Errorf("%d of %d bytes with Content-Length %d were read, want %d: %s", read, c.sent, c.length, c.read, w.Body)
		}
	}
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errors.New("i/o timeout") }

func TestBodyCannotBeRead(t *testing.T) {
	t.Parallel()
	api := newAPI(t)
	var log logtest.Log
	api.Log = log.Logger()
	if w := post(api, "shorten?access_token=good&longUrl=http://new.example/", "", failingReader{}); statusText(t, w) != "INVALID_REQUEST" || log.Len() > 0 {
		t.Errorf("%s; logged %s", w.Body, log.String())
	}
}

// TestPreflight: browsers may send the methods and headers that the API takes.
func TestPreflight(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest("OPTIONS", "/v3/shorten", nil)
	w := httptest.NewRecorder()
	newAPI(t).ServeHTTP(w, r)
	for header, wants := range map[string][]string{
		"Access-Control-Allow-Methods": {"GET", "HEAD", "POST"}, "Access-Control-Allow-Headers": {"Authorization", "Content-Type"},
		"Access-Control-Allow-Origin": {"*"},
	} {
		got := strings.Split(w.Header().Get(header), ", ")
		for _, want := range wants {
			if !slices.Contains(got, want) {
				t.Errorf("%s is %q, and lacks %s", header, got, want)
			}
		}
	}
}

// TestPostIsAnswered: a POST with If-None-Match gets its answer and not 304.
func TestPostIsAnswered(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest("POST", "/v3/user/clicks", strings.NewReader("access_token=good"))
	r.Header.Set("If-None-Match", "*")
	w := httptest.NewRecorder()
	newAPI(t).ServeHTTP(w, r)
	if w.Code != http.StatusOK || w.Body.Len() == 0 {
		t.Errorf("status %d, want 200: %s", w.Code, w.Body)
	}
}

// FuzzBody: the parameters of any body are the same in every encoding, and no body
// leads to a fault.
func FuzzBody(f *testing.F) {
	f.Add("application/x-www-form-urlencoded", []byte("a=1&b=2&A=3&=4&c=&%zz=%ff"))
	f.Add("application/json", []byte(` {"a":[1,"x",null,true,{"b":[]}],"longUrl":"http:\/\/x.example\/\u00e4","a":-1.5e3}`))
	f.Add("", []byte("[1]"))
	f.Add("text/plain", []byte("\ufeff{\"access_token\":\"good\"}\n"))
	f.Add(`multipart/form-data; boundary="b"`, []byte("--b\r\nContent-Disposition: form-data; name=\"access_token\"\r\n\r\ngood\r\n--b\r\nContent-Disposition: form-data; name=f; filename=x\r\nContent-Type: text/plain\r\n\r\n1\r\n--b--\r\n"))
	f.Add("multipart/mixed; boundary=b", []byte("preamble\n--b\n\nx\n--b--"))
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		w := post(newAPI(t), "shorten?longUrl=http://new.example/", contentType, bytes.NewReader(body))
		wellFormed(t, string(body), w.Header().Get("Content-Type"), w.Body.Bytes())
		if strings.Contains(w.Body.String(), "UNKNOWN_ERROR") || strings.Contains(w.Body.String(), "TEMPORARILY") {
			t.Fatalf("%q as %q: %s", body, contentType, w.Body)
		}
		q, err := v3.ParseBody(contentType, body)
		if err != nil {
			return
		}
		for name, encode := range encodings {
			if text := fmt.Sprint(q); name == "json" && !utf8.ValidString(text) || name == "multipart" && quoted(q) {
				continue
			}
			as, again := encode(q)
			if got, err := v3.ParseBody(as, []byte(again)); err != nil || got.Encode() != q.Encode() {
				t.Fatalf("%q as %q is %v; as %s it is %v, %v", body, contentType, q, name, got, err)
			}
		}
	})
}

// quoted reports whether a name has characters that multipart escapes in many ways.
func quoted(q url.Values) bool {
	for name := range q {
		if !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' || r == '%' }) {
			return true
		}
	}
	return false
}
