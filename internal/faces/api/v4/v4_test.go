package v4_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	v4 "github.com/footfall/footfall/internal/faces/api/v4"
)

// TestErrorNamesTheMethodOfV3: each call gets an error of v4 that names the method of
// v3 that does the same, if there is one.
func TestErrorNamesTheMethodOfV3(t *testing.T) {
	t.Parallel()
	const (
		begin = `","description":"This server does not speak version 4 of the API yet. Use version 3: `
		none  = `docs/api.md lists its methods."}`
	)
	use := func(method string) string {
		return "the method for this is /v3/" + method + `, and docs/api.md lists all of them."}`
	}
	for _, c := range []struct{ request, resource, instead string }{
		{"POST /v4/shorten", "bitlinks", use("shorten")},
		{"POST /v4/expand/", "bitlinks", use("expand")},
		{"POST /v4/bitlinks", "bitlinks", use("user/link_save")},
		{"GET /v4/bitlinks/bit.ly/2ZL5Ood", "bitlinks", use("info")},
		{"PATCH /v4/bitlinks/bit.ly/2ZL5Ood", "bitlinks", use("user/link_edit")},
		{"PATCH /v4/bitlinks/bit.ly%2F2ZL5Ood", "bitlinks", use("user/link_edit")},
		{"GET /v4/bitlinks/bit.ly/clicks/clicks/summary?unit=day", "bitlinks", use("link/clicks")},
		{"GET /v4/bitlinks/bit.ly/2ZL5Ood/referrers_by_domains", "bitlinks", use("link/referrers_by_domain")},
		{"GET /v4/bitlinks/bit.ly/2ZL5Ood/qr", "bitlinks", none},
		{"GET /v4/groups/Bk1abc/bitlinks/clicks", "groups", use("user/popular_links")},
		{"GET /v4/groups/Bk1abc/countries", "groups", use("user/countries")},
		{"GET /v4/groups", "groups", none},
		{"GET /v4/user", "users", use("user/info")},
		{"GET /v4/user/platform_limits", "users", none},
		{"DELETE /v4/<b>/%00%0D%0A", "v4", none},
		{"GET /v4", "v4", none},
		{"GET /v4/", "v4", none},
	} {
		verb, target, _ := strings.Cut(c.request, " ")
		w := httptest.NewRecorder()
		v4.Handler().ServeHTTP(w, httptest.NewRequest(verb, target, nil))
		want := `{"message":"NOT_FOUND","resource":"` + c.resource + begin + c.instead
		h := w.Header()
		if w.Code != 404 || w.Body.String() != want || h.Get("Content-Type") != "application/json; charset=utf-8" || h.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: %d %s\n got %s\nwant %s", c.request, w.Code, h, w.Body, want)
		}
	}
}

// TestOtherOrigins: a browser shows the answer to pages of other origins.
func TestOtherOrigins(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	v4.Handler().ServeHTTP(w, httptest.NewRequest("OPTIONS", "/v4/shorten", nil))
	h := w.Header()
	if w.Code != 204 || h.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(h.Get("Access-Control-Allow-Methods"), "POST") ||
		h.Get("Access-Control-Allow-Headers") != "Authorization, Content-Type" {
		t.Errorf("status %d, want 204 and the headers of CORS: %v", w.Code, h)
	}
}

func TestPath(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{"/v4": true, "/v4/": true, "/v4/shorten": true, "/v4x": false, "/v3/v4": false, "/": false} {
		if v4.Path(path) != want {
			t.Errorf("%s is %t", path, !want)
		}
	}
}
