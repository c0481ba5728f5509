package v3_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/footfall/footfall/internal/base/throttle"
	v3 "github.com/footfall/footfall/internal/faces/api/v3"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/logtest"
)

// limited is an API with limits. It counts the questions to Auth.
type limited struct {
	v3.Auth
	api   *v3.API
	at    time.Time
	asked int
}

func newLimited(t *testing.T) *limited {
	l := &limited{api: newAPI(t), at: now}
	clock := func() time.Time { return l.at }
	l.Auth, l.api.Auth = l.api.Auth, l
	l.api.Limits = v3.Limits{
		Users: throttle.New(time.Second, 3, clock), Refused: throttle.New(time.Second, 2, clock),
		Address: func(r *http.Request) string { return r.RemoteAddr },
	}
	return l
}

func (l *limited) User(ctx context.Context, token string) (store.User, error) {
	l.asked++
	if err := ctx.Err(); err != nil {
		return store.User{}, err
	}
	return l.Auth.User(ctx, token)
}

func (l *limited) UserByKey(ctx context.Context, login, apiKey string) (store.User, error) {
	l.asked++
	return l.Auth.UserByKey(ctx, login, apiKey)
}

// ask sends a call from an address, and returns header and status_txt.
func (l *limited) ask(ctx context.Context, from, target string) (http.Header, string) {
	r := httptest.NewRequestWithContext(ctx, "GET", "/v3/"+target, nil)
	r.RemoteAddr = from
	w := httptest.NewRecorder()
	l.api.ServeHTTP(w, r)
	_, rest, _ := strings.Cut(w.Body.String(), `"status_txt": "`)
	text, _, _ := strings.Cut(rest, `"`)
	return w.Header(), text
}

// expect compares the status_txt and the headers about limits.
func (l *limited) expect(t *testing.T, from, target, want, remaining, retry string) {
	t.Helper()
	h, got := l.ask(t.Context(), from, target)
	if got != want || h.Get("RateLimit-Remaining") != remaining || h.Get("Retry-After") != retry {
		t.Errorf("%s: %s, RateLimit-Remaining %q, Retry-After %q; want %s, %q, %q",
			target, got, h.Get("RateLimit-Remaining"), h.Get("Retry-After"), want, remaining, retry)
	}
}

// unasked is expect for a call that is refused without asking Auth.
func (l *limited) unasked(t *testing.T, from, target string) {
	t.Helper()
	before := l.asked
	l.expect(t, from, target, "RATE_LIMIT_EXCEEDED", "0", "1")
	if l.asked != before {
		t.Errorf("%s: Auth was asked", target)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	l := newLimited(t)
	// The tokens and the apiKey of a user share the limit.
	l.expect(t, "a", "user/clicks?access_token=good", "OK", "2", "")
	l.expect(t, "b", "user/clicks?access_token=good&units=x&unit=day", "INVALID_ARG_UNITS", "1", "")
	l.expect(t, "a", "clicks?login=ann&apiKey=R_ann&hash=ze6poY", "OK", "0", "")
	l.expect(t, "a", "user/clicks?access_token=good", "RATE_LIMIT_EXCEEDED", "0", "1")
	l.expect(t, "a", "user/clicks?access_token=new", "OK", "2", "")
	l.at = l.at.Add(time.Second)
	l.expect(t, "a", "user/clicks?access_token=good", "OK", "0", "")
}

// TestRefusedCredentials: the wrong credentials of an address are limited. After
// that its credentials are refused without asking Auth, except those in its cache.
func TestRefusedCredentials(t *testing.T) {
	t.Parallel()
	l := newLimited(t)
	l.api.Limits.Users = nil
	for range 5 { // credentials that are right, absent or cannot be checked are free
		l.expect(t, "a", "user/clicks?access_token=good", "OK", "", "")
		l.expect(t, "a", "clicks?login=ann&apiKey=R_ann&hash=ze6poY", "OK", "", "")
		l.expect(t, "a", "user/clicks", "MISSING_ARG_ACCESS_TOKEN", "", "")
		l.expect(t, "a", "user/clicks?access_token=away", "TEMPORARILY_UNAVAILABLE", "", "")
	}
	l.expect(t, "a", "user/clicks?access_token=bad", "INVALID_ACCESS_TOKEN", "1", "")
	l.expect(t, "a", "shorten?access_token=bad", "INVALID_ARG_ACCESS_TOKEN", "0", "")
	for _, credentials := range []string{"login=ann&apiKey=R_cat", "login=nobody&apiKey=x", "login=ann&apiKey=R_ann", "access_token=bad", "access_token=good"} {
		l.unasked(t, "a", "clicks?"+credentials)
	}
	l.expect(t, "a", "user/clicks?access_token=cat", "OK", "", "")
	l.expect(t, "a", "clicks?login=cat&apiKey=R_cat&hash=ze6poY", "OK", "", "")
	l.expect(t, "b", "clicks?login=nobody&apiKey=R_cat", "INVALID_LOGIN", "1", "")
	l.expect(t, "b", "clicks?login=ann&apiKey=R_cat", "INVALID_APIKEY", "0", "")
	l.at = l.at.Add(time.Second)
	l.expect(t, "a", "user/clicks?access_token=good", "OK", "", "")
	l.expect(t, "a", "user/clicks?access_token=bad", "INVALID_ACCESS_TOKEN", "0", "")

	r := httptest.NewRequest("GET", "/v3/user/clicks?unit=day&format=txt&access_token=bad", nil)
	r.RemoteAddr = "a"
	w := httptest.NewRecorder()
	l.api.ServeHTTP(w, r)
	if w.Code != http.StatusForbidden || w.Body.String() != "RATE_LIMIT_EXCEEDED\n" {
		t.Errorf("as text: %d %q", w.Code, w.Body)
	}
}

// TestRefusedByValidate: wrong pairs in validate and shorten count as wrong credentials.
func TestRefusedByValidate(t *testing.T) {
	t.Parallel()
	l := newLimited(t)
	l.api.Limits.Users = nil
	const validate = "validate?access_token=cat&x_login="
	for range 5 {
		l.expect(t, "a", validate+"ann&x_apiKey=R_ann", "OK", "", "")
	}
	l.expect(t, "a", validate+"ann&x_apiKey=R_bob", "OK", "1", "")
	l.expect(t, "a", validate+"nobody&x_apiKey=R_bob", "OK", "0", "")
	before := l.asked
	l.expect(t, "a", validate+"ann&x_apiKey=R_bob", "RATE_LIMIT_EXCEEDED", "0", "1")
	l.expect(t, "a", validate+"ann&x_apiKey=R_ann", "RATE_LIMIT_EXCEEDED", "0", "1")
	if l.asked != before+2 {
		t.Errorf("Auth was asked %d times, want 2, about the caller", l.asked-before)
	}
	l.expect(t, "a", validate+"cat&x_apiKey=R_cat", "OK", "", "")

	const shorten = "shorten?access_token=cat&longUrl=http://new.example/&x_login="
	l.expect(t, "b", shorten+"ann&x_apiKey=R_ann", "OK", "", "")
	l.expect(t, "b", shorten+"ann&x_apiKey=R_bob", "INVALID_X_APIKEY", "1", "")
	l.expect(t, "b", shorten+"nobody&x_apiKey=R_bob", "INVALID_X_APIKEY", "0", "")
	l.expect(t, "b", shorten+"ann&x_apiKey=R_ann", "RATE_LIMIT_EXCEEDED", "0", "1")
}

// TestClientThatLeaves: wrong credentials count although the client leaves before the
// answer, and are not logged.
func TestClientThatLeaves(t *testing.T) {
	t.Parallel()
	l := newLimited(t)
	log := new(logtest.Log)
	l.api.Log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelWarn}))
	gone, leave := context.WithCancel(t.Context())
	leave()
	for range 2 {
		l.ask(gone, "a", "user/clicks?access_token=bad")
	}
	if log.Len() > 0 {
		t.Errorf("the log has %s", log)
	}
	l.unasked(t, "a", "user/clicks?access_token=bad")
	l.ask(t.Context(), "b", "user/clicks?access_token=away")
	if !strings.Contains(log.String(), "level=ERROR") {
		t.Error("a store that is down is not in the log")
	}
}

// TestLogIsBounded: faults that anybody can cause at will are logged once a second,
// with their number.
func TestLogIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimited(t)
		log := new(logtest.Log)
		l.api.Log = log.Logger()
		for range 1000 {
			l.ask(t.Context(), "b", "user/clicks?access_token=away")
		}
		if text := log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "questions=1 ") {
			t.Errorf("a thousand questions at once: %.500s", text)
		}
		l.api.Close()
		if text := log.String(); strings.Count(text, "\n") != 2 || !strings.Contains(text, "questions=999 ") {
			t.Errorf("after the last: %.500s", text)
		}
	})
}
