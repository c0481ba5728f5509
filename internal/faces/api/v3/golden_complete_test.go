package v3_test

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// exchanged is an exchange in a golden file.
type exchanged struct {
	method string // of the API
	query  url.Values
	answer string // after its status and content type
}

func goldenExchanges(t *testing.T) (all []exchanged) {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for block := range strings.SplitSeq(string(data), "\n\n") {
			request, answer, _ := strings.Cut(block, "\n")
			path, query, _ := strings.Cut(strings.TrimPrefix(request, "GET /v3/"), "?")
			if q, err := url.ParseQuery(query); err == nil && path != request {
				all = append(all, exchanged{path, q, answer})
			}
		}
	}
	return all
}

// is reports whether the exchange has that form.
func (e exchanged) is(f form) bool {
	if e.method != f.method {
		return false
	}
	switch f.params = append(f.params, ""); f.params[0] {
	case "days":
		return e.query.Get("unit") == ""
	case "unit":
		return e.query.Get("unit") != "" || !strings.Contains("user/clicks user/countries user/referrers user/referring_domains", e.method)
	}
	return true
}

// TestGoldenFilesAreComplete: the golden files have an answer of each form in each
// format, and an error for each parameter of it.
func TestGoldenFilesAreComplete(t *testing.T) {
	t.Parallel()
	all := goldenExchanges(t)
	for _, f := range forms() {
		has := func(what string, test func(exchanged) bool) {
			for _, e := range all {
				if e.is(f) && test(e) {
					return
				}
			}
			t.Errorf("no golden exchange of %s with %v: %s", f.method, f.params, what)
		}
		says := func(text string) {
			has(text, func(e exchanged) bool {
				return strings.Contains(e.answer, `"`+text+`"`) || strings.Contains(e.answer, ">"+text+"<") || strings.HasSuffix(strings.TrimSpace(e.answer), "\n< "+text)
			})
		}
		answers := func(rollup, format, contentType, text string) {
			has(rollup+" "+format+" "+text, func(e exchanged) bool {
				return e.query.Get("format") == format && strings.Contains(e.answer, contentType) && strings.Contains(e.answer, text) &&
					(rollup == "" || (e.query.Get("rollup") == "false") == (rollup == "false"))
			})
		}
		good := "OK"
		if strings.HasPrefix(f.method, "user/tracking_domain_") && f.method != "user/tracking_domain_list" {
			good = "TRACKING_DOMAIN_NOT_REGISTERED"
		}
		if f.method == "oauth/app" {
			good = "NOT_FOUND"
		}
		switch {
		case good == "TRACKING_DOMAIN_NOT_REGISTERED":
			answers("", "csv", "< 500 text/plain", good)
		case !f.rows():
			answers("", "csv", "< 500 text/plain", "INVALID_ARG_FORMAT")
		case strings.Contains(strings.Join(f.params, " "), "rollup"):
			answers("true", "csv", "< 200 text/csv", "")
			answers("false", "csv", "< 200 text/csv", "")
		default:
			answers("", "csv", "< 200 text/csv", "")
		}
		rollups := []string{""}
		if f.txt && f.params[0] != "days" && strings.Contains(strings.Join(f.params, " "), "rollup") {
			rollups = []string{"true", "false"}
		}
		for _, rollup := range rollups {
			answers(rollup, "", "application/json", good)
			answers(rollup, "xml", "application/xml", good)
			answers(rollup, "", "application/javascript", good)
			if f.txt && rollup != "false" {
				answers(rollup, "txt", "< 200 text/plain", "")
			} else {
				answers(rollup, "txt", "< 500 text/plain", "INVALID_ARG_FORMAT")
			}
		}
		says(missingCredentials(f.method))
		for _, name := range append([]string{"access_token", "format", "callback"}, f.params...) {
			_, text := f.refusal(name)
			says(text)
		}
	}
}
