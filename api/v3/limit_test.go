package v3_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	v3 "github.com/footfall/footfall/api/v3"
	"github.com/footfall/footfall/limit"
)

func TestLimits(t *testing.T) {
	at := now
	clock := func() time.Time { return at }
	api := newAPI(t)
	api.Limits = v3.Limits{
		Users: limit.New(1, 3, clock), Refused: limit.New(1, 2, clock),
		Address: func(r *http.Request) string { return r.RemoteAddr },
	}
	ask := func(from, target string) (http.Header, string) {
		r := httptest.NewRequest("GET", "/v3/"+target, nil)
		r.RemoteAddr = from
		w := httptest.NewRecorder()
		api.ServeHTTP(w, r)
		_, rest, _ := strings.Cut(w.Body.String(), `"status_txt":"`)
		text, _, _ := strings.Cut(rest, `"`)
		return w.Header(), text
	}
	expect := func(from, target, want, remaining, retry string) {
		t.Helper()
		h, got := ask(from, target)
		if got != want || h.Get("RateLimit-Remaining") != remaining || h.Get("Retry-After") != retry {
			t.Errorf("%s: %s, RateLimit-Remaining %q, Retry-After %q; want %s, %q, %q",
				target, got, h.Get("RateLimit-Remaining"), h.Get("Retry-After"), want, remaining, retry)
		}
	}
	// The tokens and the apiKey of a user share his limit.
	expect("a", "user/clicks?access_token=good", "OK", "2", "")
	expect("b", "user/clicks?access_token=good&units=x&unit=day", "INVALID_ARG_UNITS", "1", "")
	expect("a", "clicks?login=ann&apiKey=R_ann&hash=ze6poY", "OK", "0", "")
	expect("a", "user/clicks?access_token=good", "RATE_LIMIT_EXCEEDED", "0", "1")
	expect("a", "user/clicks?access_token=new", "OK", "2", "")
	at = at.Add(time.Second)
	expect("a", "user/clicks?access_token=good", "OK", "0", "")

	// Refused credentials are bounded by address, and nobody else is.
	expect("a", "user/clicks?access_token=bad", "INVALID_ACCESS_TOKEN", "1", "")
	expect("a", "shorten?access_token=bad", "INVALID_ARG_ACCESS_TOKEN", "0", "")
	expect("a", "clicks?login=ann&apiKey=R_cat", "RATE_LIMIT_EXCEEDED", "0", "1")
	expect("b", "clicks?login=nobody&apiKey=R_cat", "INVALID_LOGIN", "1", "")
	expect("a", "user/clicks?access_token=new", "OK", "2", "")
	expect("a", "user/clicks", "MISSING_ARG_ACCESS_TOKEN", "", "")

	r := httptest.NewRequest("GET", "/v3/user/clicks?unit=day&format=txt&access_token=bad", nil)
	r.RemoteAddr = "a"
	w := httptest.NewRecorder()
	api.ServeHTTP(w, r)
	if w.Code != http.StatusForbidden || w.Body.String() != "RATE_LIMIT_EXCEEDED\n" {
		t.Errorf("as text: %d %q", w.Code, w.Body)
	}
}
