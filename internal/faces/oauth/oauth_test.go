package oauth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/throttle"
	"github.com/footfall/footfall/internal/core/auth"
	"github.com/footfall/footfall/internal/faces/oauth"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/logtest"
)

// fakeAuth has the user ann. Other logins name the error that it returns.
type fakeAuth struct {
	issued  int
	names   []string // of programs that got a token
	checked []string // logins whose password was checked, with their addresses
}

var failures = map[string]error{
	"": auth.ErrUnknownLogin, "guessed": auth.ErrTooMany, "queue": auth.ErrBusy, "down": click.ErrUnavailable, "late": context.DeadlineExceeded,
	"gone": context.Canceled, "broken": errors.New("an internal secret"),
}

func (d *fakeAuth) UserByPassword(_ context.Context, from, login, password string) (store.User, error) {
	d.checked = append(d.checked, login+" from "+from)
	switch {
	case login == "panic":
		panic("an internal secret")
	case failures[login] != nil:
		return store.User{}, fmt.Errorf("check: %w", failures[login])
	case login == "leaving":
		return store.User{ID: 8, Login: login}, nil
	case login != "ann":
		return store.User{}, auth.ErrUnknownLogin
	case password != "pass:wörd":
		return store.User{}, auth.ErrPassword
	}
	return store.User{ID: 7, Login: "ann"}, nil
}

func (d *fakeAuth) Issue(_ context.Context, u store.User, name string) (string, error) {
	d.names = append(d.names, name)
	if u.Login == "leaving" {
		return "", fmt.Errorf("issue: %w", auth.ErrUnknownLogin)
	}
	if u.ID != 7 {
		return "", errors.New("a token for another user")
	}
	d.issued++
	return fmt.Sprintf("token%d", d.issued), nil
}

func newOAuth() (*oauth.OAuth, *fakeAuth, *logtest.Log) {
	d, log := &fakeAuth{}, new(logtest.Log)
	return oauth.New(oauth.Options{
		Auth: d, Address: func(r *http.Request) string { return r.RemoteAddr },
		Log: log.Logger(),
	}), d, log
}

func request(method, path, login, password, body string) *http.Request {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if login+password != "" {
		r.SetBasicAuth(login, password)
	}
	return r
}

// TestAccessToken has the requests of the table in docs/api.md.
func TestAccessToken(t *testing.T) {
	const path = "/oauth/access_token"
	for name, c := range map[string]struct {
		method, path, login, password, body string
		code                                int
		want                                string
		header                              string // must be set
	}{
		"a token":                        {"POST", path, "ann", "pass:wörd", "", 200, "token1", "Cache-Control"},
		"with an application's id":       {"POST", path, "ann", "pass:wörd", "client_id=x&client_secret=y", 200, "token1", ""},
		"a body that is no form":         {"POST", path, "ann", "pass:wörd", `{"a":"%zz"}`, 200, "token1", ""},
		"an empty code":                  {"POST", path, "ann", "pass:wörd", "code=&code", 200, "token1", ""},
		"a wrong password":               {"POST", path, "ann", "wrong", "", 401, "INVALID_LOGIN", "Www-Authenticate"},
		"no password":                    {"POST", path, "ann", "", "", 401, "INVALID_LOGIN", ""},
		"an unknown login":               {"POST", path, "bob", "pass:wörd", "", 401, "INVALID_LOGIN", "Www-Authenticate"},
		"a deleted user":                 {"POST", path, "leaving", "x", "", 401, "INVALID_LOGIN", "Www-Authenticate"},
		"an empty login":                 {"POST", path, "", "pass:wörd", "", 401, "INVALID_LOGIN", ""},
		"no login":                       {"POST", path, "", "", "", 401, "MISSING_ARG_LOGIN", "Www-Authenticate"},
		"a login in the body":            {"POST", path, "", "", "login=ann&password=pass:w%C3%B6rd", 401, "MISSING_ARG_LOGIN", ""},
		"a code":                         {"POST", path, "ann", "pass:wörd", "client_id=x&client_secret=y&code=z", 401, "INVALID_CODE", ""},
		"a password of an application":   {"POST", path, "", "", "grant_type=password&username=ann&password=x", 401, "INVALID_CLIENT_ID", ""},
		"the same, older form":           {"POST", path, "", "", "x_auth_username=ann&x_auth_password=x", 401, "INVALID_CLIENT_ID", ""},
		"an application's own login":     {"POST", path, "app", "secret", "grant_type=password&username=ann&password=pass:w%C3%B6rd", 401, "INVALID_CLIENT_ID", ""},
		"too many guesses":               {"POST", path, "guessed", "x", "", 429, "RATE_LIMIT_EXCEEDED", "Retry-After"},
		"a store that is down":           {"POST", path, "down", "x", "", 503, "TEMPORARILY_UNAVAILABLE", "X-Request-Id"},
		"a store that is late":           {"POST", path, "late", "x", "", 503, "TEMPORARILY_UNAVAILABLE", ""},
		"an unexpected error":            {"POST", path, "broken", "x", "", 500, "UNKNOWN_ERROR", "X-Request-Id"},
		"a panic":                        {"POST", path, "panic", "x", "", 500, "UNKNOWN_ERROR", "X-Request-Id"},
		"a body above 4 KB":              {"POST", path, "ann", "pass:wörd", strings.Repeat("x", 4<<10+1), 413, "REQUEST_TOO_LARGE", ""},
		"a body of 4 KB":                 {"POST", path, "ann", "pass:wörd", strings.Repeat("x", 4<<10), 200, "token1", ""},
		"another method":                 {"GET", path, "ann", "pass:wörd", "", 405, "METHOD_NOT_ALLOWED", "Allow"},
		"another path":                   {"POST", path + "/", "ann", "pass:wörd", "", 404, "NOT_FOUND", ""},
		"the flow that asks for consent": {"GET", "/oauth/authorize", "", "", "", 404, "NOT_FOUND", ""},
	} {
		t.Run(name, func(t *testing.T) {
			o, _, log := newOAuth()
			w := httptest.NewRecorder()
			o.ServeHTTP(w, request(c.method, c.path, c.login, c.password, c.body))
			want, kind := c.want, "text/plain; charset=utf-8"
			if c.code != 200 {
				want, kind = fmt.Sprintf(`{"status_code": %d, "data": null, "status_txt": "%s"}`, c.code, c.want), "application/json; charset=utf-8"
			}
			if w.Code != c.code || w.Body.String() != want || w.Header().Get("Content-Type") != kind {
				t.Errorf("got %d, %s %q; want %d %q", w.Code, w.Header().Get("Content-Type"), w.Body, c.code, want)
			}
			if c.header != "" && w.Header().Get(c.header) == "" {
				t.Errorf("no %s in %v", c.header, w.Header())
			}
			if id := w.Header().Get("X-Request-Id"); id != "" != (log.Len() > 0) || !strings.Contains(log.String(), id) {
				t.Errorf("request id %q, and the log has %q", id, log)
			}
			if strings.Contains(log.String(), "pass:") {
				t.Errorf("a password in the log: %s", log)
			}
		})
	}
}

// TestBareToken: clients send a login and a password with many kinds of bodies. The
// body of the answer is always the token alone.
func TestBareToken(t *testing.T) {
	for _, c := range []struct{ query, contentType, body string }{
		{"", "", ""},
		{"", "application/x-www-form-urlencoded", ""},
		{"", "application/x-www-form-urlencoded", "format=json"},
		{"?format=json", "", ""},
		{"", "application/json", "{}"},
		{"", "application/json", `{"code":"x","grant_type":"password"}`},
		{"", "application/x-www-form-urlencoded", "grant_type=authorization_code"},
		{"", "application/x-www-form-urlencoded", "grant_type=client_credentials&client_id=x&client_secret=y"},
		{"?code=x&grant_type=password", "", ""}, // only the body counts
		{"", "no type/at all;;", "%zz"},
	} {
		o, d, log := newOAuth()
		r := request("POST", "/oauth/access_token"+c.query, "ann", "pass:wörd", c.body)
		if c.contentType != "" {
			r.Header.Set("Content-Type", c.contentType)
		}
		r.Header.Set("User-Agent", "python-requests/2.32.3 (Linux)")
		w := httptest.NewRecorder()
		o.ServeHTTP(w, r)
		if len(d.names) != 1 || d.names[0] != "python-requests/2.32.3" {
			t.Errorf("the token is named %q", d.names)
		}
		if w.Code != 200 || w.Body.String() != "token1" || w.Header().Get("Content-Type") != "text/plain; charset=utf-8" || log.Len() > 0 {
			t.Errorf("%+v: %d, %s %q, logged %q", c, w.Code, w.Header().Get("Content-Type"), w.Body, log)
		}
	}
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

func TestBodyCannotBeRead(t *testing.T) {
	o, d, log := newOAuth()
	r := httptest.NewRequest("POST", "/oauth/access_token", failingReader{})
	r.SetBasicAuth("ann", "pass:wörd")
	w := httptest.NewRecorder()
	o.ServeHTTP(w, r)
	if w.Code != 400 || !strings.Contains(w.Body.String(), "INVALID_REQUEST") || d.issued != 0 || log.Len() != 0 {
		t.Errorf("%d %s, %d tokens, log %q", w.Code, w.Body, d.issued, log)
	}
}

// FuzzAccessToken: only the right login and password get a token, and no answer has
// the text of an internal error.
func FuzzAccessToken(f *testing.F) {
	for _, body := range []string{"", "code=1", "grant_type=password", "%zz=%", "x_auth_username=a&x_auth_password=b", "code=&code=x", "\x00;&&=="} {
		f.Add("Basic YW5uOnBhc3M6d8O2cmQ=", body)
		f.Add("Basic YW5uOg==", body)
		f.Add("Bearer x", body)
	}
	f.Fuzz(func(t *testing.T, authorization, body string) {
		o, d, _ := newOAuth()
		r := httptest.NewRequest("POST", "/oauth/access_token", strings.NewReader(body))
		r.Header.Set("Authorization", authorization)
		w := httptest.NewRecorder()
		o.ServeHTTP(w, r)
		login, password, _ := r.BasicAuth()
		values, _ := url.ParseQuery(body)
		plain := strings.Join(append(append(values["code"], values["grant_type"]...), values["x_auth_username"]...), "") == ""
		entitled := login == "ann" && password == "pass:wörd"
		if got := w.Code == 200; got && !entitled || plain && entitled && len(body) <= 4<<10 && !got {
			t.Fatalf("%q with the body %q: %d %s", authorization, body, w.Code, w.Body)
		}
		if (d.issued == 1) != (w.Code == 200) || strings.Contains(w.Body.String(), "internal") {
			t.Fatalf("%q with the body %q: %d %s, %d tokens", authorization, body, w.Code, w.Body, d.issued)
		}
	})
}

// TestAttempts: an address that sends too many passwords, right or wrong, is refused
// before they are checked. Other addresses are not.
func TestAttempts(t *testing.T) {
	o, d, log := newOAuth()
	o.Attempts = throttle.New(time.Second, 2, func() time.Time { return time.Unix(1e9, 0) })
	ask := func(from, password string) int {
		r := request("POST", "/oauth/access_token", "ann", password, "")
		r.RemoteAddr = from
		w := httptest.NewRecorder()
		o.ServeHTTP(w, r)
		return w.Code
	}
	for i, want := range []int{200, 200, 429, 429} {
		if got := ask("here", "pass:wörd"); got != want {
			t.Errorf("attempt %d: %d, want %d", i, got, want)
		}
	}
	for i, want := range []int{401, 200, 429} {
		if got := ask("there", []string{"wrong", "pass:wörd", "pass:wörd"}[i]); got != want {
			t.Errorf("attempt %d from another address: %d, want %d", i, got, want)
		}
	}
	if got := fmt.Sprint(d.checked); got != "[ann from here ann from here ann from there ann from there]" || d.issued != 3 {
		t.Errorf("checked: %s; %d tokens", got, d.issued)
	}
	if log.Len() > 0 {
		t.Errorf("the log has %s", log)
	}
}

// TestEveryFlowIsBounded: each flow with a password is bounded, or does not check
// it.
func TestEveryFlowIsBounded(t *testing.T) {
	for _, body := range []string{
		"grant_type=password&username=ann&password=pass:w%C3%B6rd", "x_auth_username=ann&x_auth_password=pass:w%C3%B6rd",
		"code=pass:w%C3%B6rd", "username=ann&password=pass:w%C3%B6rd", "login=ann&password=pass:w%C3%B6rd", "",
	} {
		for _, login := range []string{"ann", ""} {
			o, d, _ := newOAuth()
			o.Attempts = throttle.New(time.Second, 1, func() time.Time { return time.Unix(1e9, 0) })
			for range 3 {
				r := request("POST", "/oauth/access_token?"+body, login, strings.Repeat("x", 8*len(login)), body)
				o.ServeHTTP(httptest.NewRecorder(), r)
			}
			if len(d.checked) > 1 {
				t.Errorf("the body %q with the login %q: %d passwords were checked, want at most 1", body, login, len(d.checked))
			}
		}
	}
}

// TestLogIsBounded: failures that strangers can cause at will are logged once a second, with
// their number. The last ones are logged although no other follows.
func TestLogIsBounded(t *testing.T) {
	for login, want := range map[string]struct {
		code  int
		level string
		count string
	}{
		"queue":  {503, "WARN", "sent_away="},
		"down":   {503, "ERROR", "times="},
		"broken": {500, "ERROR", "times="},
	} {
		synctest.Test(t, func(t *testing.T) {
			o, _, log := newOAuth()
			for range 1000 {
				w := httptest.NewRecorder()
				o.ServeHTTP(w, request("POST", "/oauth/access_token", login, "x", ""))
				if w.Code != want.code {
					t.Fatalf("the login %s: status %d: %s", login, w.Code, w.Body)
				}
			}
			logged := func() (lines int, text string) { return strings.Count(log.String(), "\n"), log.String() + " " }
			if lines, text := logged(); lines != 1 || !strings.Contains(text, "level="+want.level) || strings.Count(text, want.count+"1") != 1 {
				t.Errorf("%s a thousand times at once: %d lines: %.500s", login, lines, text)
			}
			<-time.After(time.Second)
			synctest.Wait()
			if lines, text := logged(); lines != 2 || strings.Count(text, want.count+"999") != 1 {
				t.Errorf("%s a second later: %d lines: %.500s", login, lines, text)
			}
			o.Close()
		})
	}
}

// TestClientThatLeaves: clients that leave before the answer cannot fill the log.
func TestClientThatLeaves(t *testing.T) {
	o, _, log := newOAuth()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	o.ServeHTTP(httptest.NewRecorder(), request("POST", "/oauth/access_token", "gone", "x", "").WithContext(ctx))
	if log.Len() > 0 {
		t.Errorf("the log has %s", log)
	}
	o.ServeHTTP(httptest.NewRecorder(), request("POST", "/oauth/access_token", "panic", "x", "").WithContext(ctx))
	if log.Len() == 0 {
		t.Error("a panic is not logged if the client is gone")
	}
}
