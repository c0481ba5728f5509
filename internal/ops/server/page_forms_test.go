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
	stranger := pageVisitor{t: t, site: site}
	for path, next := range map[string]string{
		"/-/account/token": "/-/account", "/-/shares/revoke": "/-/account", "/-/links/make": "/-/links", "/-/link/sale": "%2F-%2Flink%2Fsale",
	} {
		if w := stranger.form(path, url.Values{"name": {"x"}}); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/-/login?next="+next {
			t.Errorf("a stranger who sends %s is answered %d %s", path, w.Code, w.Body)
		}
	}
}

// TestLinkForms: without scripts links are made and changed by forms, which say beside each field
// what is wrong with it, and keep what was typed. Other sites cannot send them.
func TestLinkForms(t *testing.T) {
	t.Parallel()
	app, site := newSite(t)
	browser := visit(t, app, site, "ann")
	refused := func(field, sentence, path string, form url.Values) {
		t.Helper()
		w := browser.form(path, form)
		body := w.Body.String()
		beside := regexp.MustCompile(`<input id="` + field + `"[^>]* value="([^"]*)"[^>]* aria-invalid="true" aria-describedby="` + field + `-error">\s*<p class="wrong" role="alert" id="` + field + `-error">([^<]*)<`).FindStringSubmatch(body)
		if w.Code != http.StatusBadRequest || beside == nil || beside[1] != form.Get(field) || beside[2] != sentence || strings.Count(body, `role="alert"`) != 1 {
			t.Errorf("%s with %v is answered %d, and beside %s is %q: %s", path, form, w.Code, field, beside, body)
		}
	}
	leads := func(path, to string) {
		t.Helper()
		w := httptest.NewRecorder()
		site.ServeHTTP(w, httptest.NewRequest("GET", "http://sho.rt"+path, nil))
		if got := w.Header().Get("Location"); got != to {
			t.Errorf("%s leads to %q, want %q", path, got, to)
		}
	}
	done := func(to, path string, form url.Values) {
		t.Helper()
		if w := browser.form(path, form); w.Code != http.StatusSeeOther || w.Header().Get("Location") != to {
			t.Fatalf("%s with %v is answered %d %v %s", path, form, w.Code, w.Header(), w.Body)
		}
	}
	const address = "http://example.org/made"
	const no = "That is not an address that can be shortened: begin it with http:// or https://."
	refused("long_url", no, "/-/links/make", url.Values{"long_url": {"nonsense"}, "keyword": {"kept"}})
	refused("long_url", no, "/-/links/make", url.Values{"long_url": {""}})
	refused("long_url", "That is a short link of this server already.", "/-/links/make", url.Values{"long_url": {"http://sho.rt/sale"}})
	refused("keyword", "This name is taken. Choose another one.", "/-/links/make", url.Values{"long_url": {address}, "keyword": {"sale"}})
	refused("keyword", "A name has letters, digits, - and _.", "/-/links/make", url.Values{"long_url": {address}, "keyword": {"a b"}})
	done("/-/link/sho.rt/made", "/-/links/make", url.Values{"long_url": {" " + address}, "keyword": {"made"}})
	leads("/made", address)

	page := browser.send("GET", "/-/link/sho.rt/made", "").Body.String()
	if !strings.Contains(page, `value="`+address+`"`) {
		t.Errorf("the form does not have the destination: %s", page)
	}
	const query = "?unit=day&units=7"
	refused("long_url", no, "/-/link/made"+query, url.Values{"long_url": {"javascript:alert(1)"}, "title": {"A title"}})
	refused("title", "That is longer than 4,096 bytes.", "/-/link/made", url.Values{"title": {strings.Repeat("x", 5000)}, "long_url": {address}})
	refused("tags", "A link has up to 30 tags, with commas between them, each of up to 50 characters.", "/-/link/made", url.Values{"tags": {strings.Repeat("x", 51)}})
	leads("/made", address)
	done("/-/link/made"+query, "/-/link/made"+query, url.Values{"title": {"<b>Made"}, "long_url": {"http://example.org/now"}, "note": {"a note"}, "tags": {"spring, sale"}})
	leads("/made", "http://example.org/now")
	page = browser.send("GET", "/-/link/made", "").Body.String()
	for _, want := range []string{"<h1>&lt;b&gt;Made</h1>", `value="http://example.org/now"`, `value="a note"`, `value="sale, spring"`} {
		if !strings.Contains(page, want) {
			t.Errorf("after the change the page has no %s: %s", want, page)
		}
	}
	done("/-/link/made", "/-/link/made", url.Values{"title": {""}}) // what is not sent stays
	if page = browser.send("GET", "/-/link/made", "").Body.String(); strings.Contains(page, "Made") || !strings.Contains(page, `value="a note"`) {
		t.Errorf("without a title the page is %s", page)
	}
	if w := browser.form("/-/link/made", url.Values{"note": {strings.Repeat("x", 20_000)}}); w.Code != http.StatusRequestEntityTooLarge || !strings.Contains(w.Body.String(), "Nothing was changed.") {
		t.Errorf("a long note is answered %d %s", w.Code, w.Body)
	}

	if _, err := app.AddUser(t.Context(), "bob"); err != nil {
		t.Fatal(err)
	}
	bob := visit(t, app, site, "bob")
	if w := bob.form("/-/link/made", url.Values{"long_url": {"http://example.org/bob"}}); w.Code != http.StatusNotFound {
		t.Errorf("somebody else's change is answered %d %s", w.Code, w.Body)
	}
	for path, form := range map[string]url.Values{
		"/-/links/make": {"long_url": {address}, "keyword": {"evil"}}, "/-/link/made": {"long_url": {"http://example.org/evil"}}, "/-/shares/make": {"link": {"made"}},
	} {
		r := httptest.NewRequest("POST", "http://sho.rt"+path, strings.NewReader(form.Encode()))
		r.Header = http.Header{
			"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"text/html"}, "Sec-Fetch-Site": {"cross-site"}, "Cookie": {browser.cookie},
		}
		w := httptest.NewRecorder()
		if site.ServeHTTP(w, r); w.Code != http.StatusForbidden {
			t.Errorf("%s of another site is answered %d", path, w.Code)
		}
	}
	leads("/made", "http://example.org/now")
	leads("/evil", "")
}

// TestShareForm: without scripts a share is made by a form of its own, which says beside each
// field what is wrong with it, and shows the address.
func TestShareForm(t *testing.T) {
	t.Parallel()
	app, site := newSite(t)
	browser := visit(t, app, site, "ann")
	for query, want := range map[string]int{
		"link=sale": http.StatusOK, "link=sho.rt/sale": http.StatusOK, "tag=spring": http.StatusOK,
		"": http.StatusBadRequest, "link=sale&tag=spring": http.StatusBadRequest, "link=none": http.StatusNotFound,
	} {
		if w := browser.send("GET", "/-/shares/new?"+query, ""); w.Code != want {
			t.Errorf("the form for %q is answered %d %s", query, w.Code, w.Body)
		}
	}
	for field, c := range map[string]struct{ value, sentence string }{
		"ends":     {"2001-02-03T04:05", "The end is in the past."},
		"password": {"short", "A password has 8 to 72 bytes, and no control characters."},
		"frames":   {"example.org", "Write each site as https://example.org, up to ten, or * for all. An address with a password is not shown in frames."},
	} {
		w := browser.form("/-/shares/make", url.Values{"link": {"sale"}, field: {c.value}})
		body := w.Body.String()
		beside := regexp.MustCompile(`<input id="` + field + `"[^>]* aria-invalid="true" aria-describedby="` + field + `-error">\s*<p class="wrong" role="alert" id="` + field + `-error">([^<]*)<`).FindStringSubmatch(body)
		if w.Code != http.StatusBadRequest || beside == nil || beside[1] != c.sentence || strings.Count(body, `role="alert"`) != 1 {
			t.Errorf("%s = %q is answered %d, and beside it is %q: %s", field, c.value, w.Code, beside, body)
		}
		if kept := strings.Contains(body, `value="`+c.value+`"`); kept != (field != "password") {
			t.Errorf("%s is kept: %v: %s", field, kept, body)
		}
	}
	w := browser.form("/-/shares/make", url.Values{"link": {"sale"}, "ends": {"2090-02-03T04:05"}, "password": {"another password"}})
	made := regexp.MustCompile(`<code class="secret">http://sho\.rt(/-/s/[^<]+)<`).FindStringSubmatch(w.Body.String())
	if w.Code != http.StatusOK || made == nil {
		t.Fatalf("the form is answered %d %s", w.Code, w.Body)
	}
	if w := browser.send("GET", made[1], ""); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "This address asks for a password.") {
		t.Errorf("the share is answered %d %s", w.Code, w.Body)
	}
	if w := browser.send("GET", "/-/account", ""); !strings.Contains(w.Body.String(), "3 February 2090, 04:05") {
		t.Errorf("the share is not in the list with its end: %s", w.Body)
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
