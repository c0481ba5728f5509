package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/core/geo"
	"github.com/footfall/footfall/internal/ops/server"
)

// askFrom sends a request from the address peer, and returns status_txt, or the body
// if it is not JSON.
func askFrom(t *testing.T, site http.Handler, peer, method, target string, change func(*http.Request)) string {
	t.Helper()
	r := httptest.NewRequest(method, target, nil)
	r.RemoteAddr = peer
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	site.ServeHTTP(w, r)
	var answer struct {
		Text string `json:"status_txt"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		return w.Body.String()
	}
	return answer.Text
}

// TestLimitsPerNetwork: wrong tokens and passwords are limited for each /64 of IPv6
// and each address of IPv4. Headers that no trusted proxy sets change nothing.
func TestLimitsPerNetwork(t *testing.T) {
	t.Parallel()
	app := open(t, t.TempDir(), time.Unix(1_700_000_000, 0)) // so no limit recovers
	defer closeApp(t, app)
	if _, err := app.AddUser(t.Context(), "ann"); err != nil {
		t.Fatal(err)
	}
	good := token(t, app, "ann")
	for name, c := range map[string]struct {
		site    server.PublicOptions
		peer    func(i int) string // addresses of one network
		others  []string           // peers of other networks
		headers func(r *http.Request, i int)
	}{
		"IPv4": {
			peer: func(i int) string {
				return fmt.Sprintf([]string{"192.0.2.7:%d", "[::ffff:192.0.2.7]:%d"}[i%2], 1000+i)
			},
			others: []string{"192.0.2.8:1", "[::ffff:192.0.2.8]:1", "[2001:db8::1]:1"},
		},
		"IPv6": {
			peer:   func(i int) string { return fmt.Sprintf("[2001:db8:0:1:%x::%x]:1", i, i) },
			others: []string{"[2001:db8:0:2::1]:1", "[2001:db8::1]:1", "192.0.2.7:1"},
		},
		"headers without a trusted proxy": {
			peer:    func(int) string { return "192.0.2.7:1" },
			headers: func(r *http.Request, i int) { claimAddress(r, fmt.Sprintf("198.51.100.%d", i%256)) },
			others:  []string{"192.0.2.8:1"},
		},
		"a proxy that passes Forwarded on": {
			site: server.PublicOptions{TrustedProxies: []string{"10.0.0.1"}},
			peer: func(int) string { return "10.0.0.1:1" },
			headers: func(r *http.Request, i int) {
				claimAddress(r, fmt.Sprintf("198.51.100.%d", i%256))
				r.Header.Set("X-Forwarded-For", fmt.Sprintf("198.51.100.%d, 192.0.2.7", i%256))
			},
			others: []string{"10.0.0.1:1"},
		},
		"a proxy that passes X-Forwarded-For on": {
			site: server.PublicOptions{TrustedProxies: []string{"10.0.0.1"}, ProxyHeader: geo.Forwarded},
			peer: func(int) string { return "10.0.0.1:1" },
			headers: func(r *http.Request, i int) {
				claimAddress(r, fmt.Sprintf("198.51.100.%d", i%256))
				r.Header.Set("Forwarded", fmt.Sprintf("for=198.51.100.%d, for=192.0.2.7", i%256))
			},
			others: []string{"10.0.0.1:1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			site, err := app.Handler(c.site)
			if err != nil {
				t.Fatal(err)
			}
			ask := func(i int, target string) string {
				return askFrom(t, site, c.peer(i), "GET", target, func(r *http.Request) {
					if c.headers != nil {
						c.headers(r, i)
					}
				})
			}
			const wrong = "/v3/user/info?access_token=wrong"
			for i := range 1000 {
				if got := ask(i, wrong); got != "INVALID_ACCESS_TOKEN" {
					t.Fatalf("wrong token %d: %s", i, got)
				}
			}
			for i := 1000; i < 1300; i++ {
				if got := ask(i, wrong); got != "RATE_LIMIT_EXCEEDED" {
					t.Fatalf("wrong token %d: %s", i, got)
				}
			}
			for _, other := range c.others {
				if got := askFrom(t, site, other, "GET", wrong, nil); got != "INVALID_ACCESS_TOKEN" {
					t.Errorf("a wrong token from another network, %s, is answered %s", other, got)
				}
				if got := askFrom(t, site, other, "GET", "/v3/user/info?access_token="+good, nil); got != "OK" {
					t.Errorf("a good token from another network, %s, is answered %s", other, got)
				}
			}
			if got := ask(0, "/v3/user/info?access_token="+good); got != "OK" { // the token is in the cache by now
				t.Errorf("a good token from the network of the wrong ones is answered %s, want OK", got)
			}
			// ann has no password.
			for i := range 70 {
				got := askFrom(t, site, c.peer(i), "POST", "/oauth/access_token", func(r *http.Request) {
					r.SetBasicAuth("ann", "x")
					if c.headers != nil {
						c.headers(r, i)
					}
				})
				if want := map[bool]string{true: "INVALID_LOGIN", false: "RATE_LIMIT_EXCEEDED"}[i < 60]; got != want {
					t.Fatalf("password %d: %s, want %s", i, got, want)
				}
			}
		})
	}
}

// claimAddress sets every header in which a client may claim an address.
func claimAddress(r *http.Request, address string) {
	r.Header.Set("X-Forwarded-For", address)
	r.Header.Set("Forwarded", "for="+address)
	r.Header.Set("X-Real-Ip", address)
}

// TestGuessesDoNotLockOut: while a password is guessed from one network, its user gets
// a token from another one.
func TestGuessesDoNotLockOut(t *testing.T) {
	t.Parallel()
	app := open(t, t.TempDir(), time.Unix(1_700_000_000, 0))
	defer closeApp(t, app)
	const password = "a good password"
	if _, err := app.AddUser(t.Context(), "ann"); err != nil {
		t.Fatal(err)
	}
	if err := app.SetPassword(t.Context(), "ann", password); err != nil {
		t.Fatal(err)
	}
	site, err := app.Handler(server.PublicOptions{})
	if err != nil {
		t.Fatal(err)
	}
	try := func(peer, password string) string {
		return askFrom(t, site, peer, "POST", "/oauth/access_token", func(r *http.Request) { r.SetBasicAuth("ann", password) })
	}
	for i := range 12 {
		got := try(fmt.Sprintf("[2001:db8::%x]:1", i), "a wrong password")
		if want := map[bool]string{true: "INVALID_LOGIN", false: "RATE_LIMIT_EXCEEDED"}[i < 10]; got != want {
			t.Errorf("password guess %d is answered %s, want %s", i, got, want)
		}
	}
	if got := try("[2001:db8::99]:1", password); got != "RATE_LIMIT_EXCEEDED" {
		t.Errorf("the right password from the network of the guesses is answered %s", got)
	}
	if got := try("192.0.2.7:1", password); !strings.HasPrefix(got, "k") || len(got) != 65 {
		t.Errorf("the right password from another network is answered %s", got)
	}
}

// TestContentTypes: every answer has its content type and is nosniff, and none is
// html, so that no browser runs a script in it.
func TestContentTypes(t *testing.T) {
	t.Parallel()
	app := open(t, t.TempDir(), time.Unix(1_700_000_000, 0))
	defer closeApp(t, app)
	site, err := app.Handler(server.PublicOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{
		"/", "/none", "/robots.txt", "/favicon.ico", "/healthz", "/v3", "/v3/none", "/v3/user/clicks", "/v3/expand?format=xml", "/v3/expand?format=txt",
		"/v3/user/info?callback=cb", "/oauth/access_token", "/oauth/none", "/-/view", "/-/live", "/-/api/user/clicks",
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
			w := httptest.NewRecorder()
			site.ServeHTTP(w, httptest.NewRequest(method, "http://sho.rt"+target, nil))
			h := w.Result().Header
			if kind := h.Get("Content-Type"); w.Body.Len() > 0 && (kind == "" || strings.Contains(kind, "html") || h.Get("X-Content-Type-Options") != "nosniff") {
				t.Errorf("%s %s is answered with %q as %q, X-Content-Type-Options %q", method, target, w.Body, kind, h.Get("X-Content-Type-Options"))
			}
		}
	}
}

// TestV4Paths: a client of v4 gets an error in the form of v4. A keyword that begins
// with v4 is a name like others.
func TestV4Paths(t *testing.T) {
	t.Parallel()
	app := open(t, t.TempDir(), time.Unix(1_700_000_000, 0))
	defer closeApp(t, app)
	site, err := app.Handler(server.PublicOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for target, json := range map[string]bool{"/v4/shorten": true, "/v4": true, "/v4x": false} {
		code, body := get(t, site, target)
		if code != 404 || strings.HasPrefix(body, `{"message":"NOT_FOUND","resource":`) != json {
			t.Errorf("%s is answered with %d %s", target, code, body)
		}
	}
}
