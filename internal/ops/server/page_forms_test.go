package server_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// form sends a form as a browser without scripts does.
func (v pageVisitor) form(path string, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", "http://sho.rt"+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Cookie", v.cookie)
	w := httptest.NewRecorder()
	v.site.ServeHTTP(w, r)
	return w
}

// TestAccountForms: without scripts the forms of the account do what scripts do, and answer with
// the page.
func TestAccountForms(t *testing.T) {
	t.Parallel()
	app, site := newSite(t)
	browser := visit(t, app, site, "ann")
	sent := func(status int, sentence, path string, form url.Values) string {
		t.Helper()
		w := browser.form(path, form)
		body := w.Body.String()
		if w.Code != status || !strings.Contains(body, sentence) || !strings.Contains(body, "<h1>Account</h1>") {
			t.Fatalf("%s is answered %d %s", path, w.Code, body)
		}
		for _, c := range w.Result().Cookies() {
			browser.cookie = c.Name + "=" + c.Value
		}
		return body
	}
	id := func(body, label string) string {
		t.Helper()
		m := regexp.MustCompile(`name="id" value="([^"]+)"><button type="submit" class="small" aria-label="` + label + `"`).FindStringSubmatch(body)
		if m == nil {
			t.Fatalf("there is no button %q: %s", label, body)
		}
		return m[1]
	}
	answers := func(token string) bool {
		_, body := get(t, site, "/v3/user/clicks?unit=day&access_token="+token)
		return strings.Contains(body, `"status_txt": "OK"`)
	}
	sent(http.StatusBadRequest, "The name of a token has 1 to 100 bytes", "/-/account/token", url.Values{"name": {" "}})
	body := sent(http.StatusOK, "The token is made.", "/-/account/token", url.Values{"name": {"<i>reports"}})
	token := regexp.MustCompile(`shown once: <code class="secret">(\w+)<`).FindStringSubmatch(body)
	if token == nil || !answers(token[1]) || strings.Contains(body, "<i>reports") {
		t.Fatalf("the form made the token %v: %s", token, body)
	}
	body = browser.send("GET", "/-/account", "").Body.String()
	if strings.Contains(body, token[1]) {
		t.Error("the token is shown again")
	}
	body = sent(http.StatusOK, "The token is revoked.", "/-/account/revoke", url.Values{"id": {id(body, "Revoke &lt;i&gt;reports")}})
	if answers(token[1]) || strings.Contains(body, "Revoke &lt;i&gt;reports") {
		t.Error("the token is not revoked")
	}
	sent(http.StatusNotFound, "That was gone already.", "/-/account/revoke", url.Values{"id": {strings.Repeat("0", 32)}})

	second := visit(t, app, site, "ann") // which ends the first session
	browser.cookie = second.cookie
	third := pageVisitor{t: t, site: site}
	w := third.send("POST", "/-/login", url.Values{"login": {"ann"}, "password": {"a good password"}}.Encode())
	third.cookie = strings.Split(w.Header().Get("Set-Cookie"), ";")[0]
	body = browser.send("GET", "/-/account", "").Body.String()
	sent(http.StatusOK, "The session has ended.", "/-/account/end", url.Values{"id": {id(body, "End the session of [^\"]*")}})
	if w := third.send("GET", "/-/view", ""); w.Code != http.StatusUnauthorized {
		t.Errorf("a session that has ended is answered %d", w.Code)
	}
	sent(http.StatusBadRequest, "That is not your password.", "/-/account/password", url.Values{"old": {"a wrong one"}, "new": {"another password"}})
	sent(http.StatusBadRequest, "A password has 8 to 72 bytes", "/-/account/password", url.Values{"old": {"a good password"}, "new": {"short"}})
	sent(http.StatusOK, "The password is changed", "/-/account/password", url.Values{"old": {"a good password"}, "new": {"another password"}})
	if w := second.send("GET", "/-/view", ""); w.Code != http.StatusUnauthorized {
		t.Errorf("after a new password an older session is answered %d", w.Code)
	}

	address := browser.share(url.Values{"link": {"sale"}})
	body = browser.send("GET", "/-/account", "").Body.String()
	sent(http.StatusOK, "The share is revoked.", "/-/shares/revoke", url.Values{"id": {id(body, "Revoke the share of [^\"]*")}})
	if w := browser.send("GET", address, ""); w.Code != http.StatusNotFound {
		t.Errorf("a share that is revoked is answered %d", w.Code)
	}
	body = sent(http.StatusOK, "The share is made.", "/-/shares/make", url.Values{"link": {"sale"}})
	made := regexp.MustCompile(`shown once: (/-/[^\s<]+)`).FindStringSubmatch(body)
	if made == nil {
		t.Fatalf("the form shows no address of the share: %s", body)
	}
	if w := browser.send("GET", made[1], ""); w.Code != http.StatusOK {
		t.Errorf("the share that a form made is answered %d", w.Code)
	}

	stranger := pageVisitor{t: t, site: site}
	for _, path := range []string{"/-/account/token", "/-/shares/revoke"} {
		if w := stranger.form(path, url.Values{"name": {"x"}}); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/-/login?next=/-/account" {
			t.Errorf("a stranger who sends %s is answered %d %s", path, w.Code, w.Body)
		}
	}
}

// TestAggregateInFilter: an aggregate link is no filter, and the page says what is.
func TestAggregateInFilter(t *testing.T) {
	t.Parallel()
	app, site := newSite(t)
	browser := visit(t, app, site, "ann")
	info := browser.send("GET", "/-/api/info?hash=sale", "").Body.String()
	m := regexp.MustCompile(`"global_hash": "(\w+)"`).FindStringSubmatch(info)
	if m == nil {
		t.Fatalf("the link is %s", info)
	}
	for _, path := range []string{"/-/?link=" + m[1], "/-/?link=none"} {
		if w := browser.send("GET", path, ""); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "Aggregate links belong to nobody") {
			t.Errorf("%s is answered %d %s", path, w.Code, w.Body)
		}
	}
}
