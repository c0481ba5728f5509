package server_test

import (
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/version"
	"github.com/footfall/footfall/internal/ops/control"
	"github.com/footfall/footfall/internal/ops/datadir"
	"github.com/footfall/footfall/internal/ops/server"
	"github.com/footfall/footfall/internal/testkit/logtest"
)

// newAdmin signs in the admin ops, next to the user ann.
func newAdmin(t *testing.T) (*server.App, http.Handler, pageVisitor) {
	t.Helper()
	app, site := newSite(t)
	if _, err := app.AddUser(t.Context(), "ops"); err != nil {
		t.Fatal(err)
	}
	if err := app.SetAdmin(t.Context(), "ops", true); err != nil {
		t.Fatal(err)
	}
	return app, site, visit(t, app, site, "ops")
}

// shows checks the status of an answer, and words of its text.
func shows(t *testing.T, what string, w *httptest.ResponseRecorder, status int, words ...string) {
	t.Helper()
	if w.Code != status {
		t.Errorf("%s is answered %d %s, want %d", what, w.Code, w.Body, status)
	}
	for _, word := range words {
		if !strings.Contains(html.UnescapeString(w.Body.String()), word) {
			t.Errorf("%s has no %q: %s", what, word, w.Body)
		}
	}
}

// TestAdminsAlone: for everybody else the pages of admins are pages that do not exist.
func TestAdminsAlone(t *testing.T) {
	t.Parallel()
	app, site, ops := newAdmin(t)
	ann, stranger := visit(t, app, site, "ann"), pageVisitor{t: t, site: site}
	everyone := func(rule string, refused ...pageVisitor) {
		t.Helper()
		for _, request := range [][3]string{
			{"GET", "/-/admin/", ""}, {"GET", "/-/admin/health", ""}, {"HEAD", "/-/admin/health", ""}, {"GET", "/-/admin/users", ""}, {"GET", "/-/admin/users?query=a", ""},
			{"GET", "/-/admin/users/delete?login=ann", ""}, {"GET", "/-/admin/none", ""}, {"POST", "/-/admin/users", "do=add&login=eve"},
			{"POST", "/-/admin/users", "do=disable&login=ops"}, {"POST", "/-/admin/users/delete", "login=ops&typed=ops"}, {"DELETE", "/-/admin/users", ""},
		} {
			for _, v := range refused {
				want, got := v.send(request[0], "/-/no/such/page", request[2]), v.send(request[0], request[1], request[2])
				if got.Code == http.StatusOK || got.Code != want.Code || got.Body.String() != want.Body.String() || !reflect.DeepEqual(got.Header(), want.Header()) {
					t.Errorf("%s: %v is answered %d %v %s, and a page that does not exist %d %v %s", rule, request, got.Code, got.Header(), got.Body, want.Code, want.Header(), want.Body)
				}
			}
		}
	}
	everyone("no admin", ann, stranger)
	for _, page := range []string{"/-/", "/-/links", "/-/account", "/-/link/sale"} {
		if strings.Contains(ann.send("GET", page, "").Body.String(), "/-/admin") {
			t.Errorf("%s leads users to the pages of admins", page)
		}
	}
	for _, page := range []string{"/-/", "/-/links", "/-/account"} {
		shows(t, page, ops.send("GET", page, ""), http.StatusOK, `href="/-/admin/health"`)
	}
	if err := app.SetAdmin(t.Context(), "ops", false); err != nil {
		t.Fatal(err)
	}
	everyone("no admin any more", ops)
	if err := app.SetAdmin(t.Context(), "ops", true); err != nil {
		t.Fatal(err)
	}
	users := ops.send("GET", "/-/admin/users", "")
	shows(t, "the list", users, http.StatusOK, "ann", "ops")
	if strings.Contains(users.Body.String(), "eve") || strings.Contains(users.Body.String(), ">disabled<") {
		t.Errorf("users changed the list to %s", users.Body)
	}
	// What another site sends for an admin is refused.
	r := httptest.NewRequest("POST", "http://sho.rt/-/admin/users", strings.NewReader("do=add&login=eve"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Cookie", ops.cookie)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	w := httptest.NewRecorder()
	site.ServeHTTP(w, r)
	shows(t, "another site", w, http.StatusForbidden)
	for _, path := range []string{"/-/admin/users?do=add&login=eve", "/-/admin/users/delete?login=ann&typed=ann"} {
		ops.send("GET", path, "")
	}
	for _, path := range []string{"/-/admin/none", "/-/admin/users/none"} {
		shows(t, path, ops.send("GET", path, ""), http.StatusNotFound)
	}
	shows(t, "no such change", ops.send("POST", "/-/admin/users", "do=none&login=ann"), http.StatusNotFound)
	if users := ops.send("GET", "/-/admin/users", "").Body.String(); strings.Contains(users, "eve") || !strings.Contains(users, "ann") {
		t.Errorf("the list is %s", users)
	}
}

// TestUsersOnThePage: an admin adds a user, who sets a password with the invitation; disables,
// enables and deletes them.
func TestUsersOnThePage(t *testing.T) {
	t.Parallel()
	app, site, ops := newAdmin(t)
	change := func(do, login string) *httptest.ResponseRecorder {
		t.Helper()
		return ops.send("POST", "/-/admin/users", url.Values{"do": {do}, "login": {login}}.Encode())
	}
	for login, want := range map[string]int{"": 400, "a b": 400, strings.Repeat("x", 65): 400, "a\x00": 400, "ann": 409, "ops": 409} {
		if w := change("add", login); w.Code != want || strings.Contains(w.Body.String(), "welcome") {
			t.Errorf("the new login %.9q is answered %d %s, want %d", login, w.Code, w.Body, want)
		}
	}
	added := change("add", " bob ")
	shows(t, "a new user", added, http.StatusOK, "bob is a user now.", "shown here once")
	invitation := regexp.MustCompile(`http://sho\.rt(/-/welcome\?invitation=(\w+))`).FindStringSubmatch(html.UnescapeString(added.Body.String()))
	if invitation == nil {
		t.Fatalf("the page has no invitation: %s", added.Body)
	}
	stranger := pageVisitor{t: t, site: site}
	shows(t, "the invitation", stranger.send("GET", invitation[1], ""), http.StatusOK, "Choose a password for bob")
	list := ops.send("GET", "/-/admin/users", "")
	if shows(t, "the list", list, http.StatusOK, "bob", "0 tokens", "1 token"); strings.Contains(list.Body.String(), invitation[2]) {
		t.Error("the invitation is shown again")
	}
	w := stranger.send("POST", "/-/welcome", "password=the+password+of+bob&invitation="+invitation[2])
	if w.Code != http.StatusSeeOther {
		t.Fatalf("the password of bob is answered %d %s", w.Code, w.Body)
	}
	bob := pageVisitor{t: t, site: site, cookie: strings.SplitN(w.Header().Get("Set-Cookie"), ";", 2)[0]}
	token, err := app.AddToken(t.Context(), "bob")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := app.AddLink(t.Context(), control.NewLink{Login: "bob", LongURL: "http://bob.example/", Name: "bobs"}); err != nil {
		t.Fatal(err)
	}
	may := func(rule string, want bool) {
		t.Helper()
		if w := bob.send("GET", "/-/view", ""); (w.Code == http.StatusOK) != want {
			t.Errorf("%s: bob's browser is answered %d", rule, w.Code)
		}
		if _, body := get(t, site, "/v3/user/clicks?unit=day&access_token="+token); strings.Contains(body, `"status_txt": "OK"`) != want {
			t.Errorf("%s: bob's token is answered %s", rule, body)
		}
		if w := stranger.send("POST", "/-/login", "login=bob&password=the+password+of+bob"); (w.Code == http.StatusSeeOther) != want {
			t.Errorf("%s: signing in is answered %d", rule, w.Code)
		}
		if w := stranger.send("GET", "/bobs", ""); w.Code != http.StatusMovedPermanently {
			t.Errorf("%s: bob's link is answered %d", rule, w.Code)
		}
	}
	may("at first", true)
	again := change("invite", "bob")
	shows(t, "another invitation", again, http.StatusOK, "An invitation for bob.", "/-/welcome?invitation=")
	disabled := change("disable", "bob")
	shows(t, "disabling", disabled, http.StatusOK, "bob is disabled.", ">disabled<", `value="enable"`)
	may("disabled", false)
	second := regexp.MustCompile(`/-/welcome\?invitation=\w+`).FindString(html.UnescapeString(again.Body.String()))
	shows(t, "the invitation of a user who is disabled", stranger.send("GET", second, ""), http.StatusNotFound)
	shows(t, "enabling", change("enable", "bob"), http.StatusOK, "bob is enabled.")
	may("enabled", true)
	for _, do := range []string{"disable", "enable", "invite"} {
		shows(t, do+" nobody", change(do, "nobody"), http.StatusNotFound, "There is no user nobody any more.")
	}
	shows(t, "disabling oneself", change("disable", "ops"), http.StatusConflict, "You cannot disable or delete yourself")

	if err := app.SetAdmin(t.Context(), "bob", true); err != nil { // an admin can be deleted by another
		t.Fatal(err)
	}
	shows(t, "the question", ops.send("GET", "/-/admin/users/delete?login=bob", ""), http.StatusOK, "Delete bob", "1 token", "3 clicks on them", `name="typed"`)
	shows(t, "the question about nobody", ops.send("GET", "/-/admin/users/delete?login=nobody", ""), http.StatusNotFound)
	remove := func(login, typed string) *httptest.ResponseRecorder {
		t.Helper()
		return ops.send("POST", "/-/admin/users/delete", url.Values{"login": {login}, "typed": {typed}}.Encode())
	}
	for _, typed := range []string{"", "Bob", "bob ", "ann"} {
		shows(t, "the wrong login", remove("bob", typed), http.StatusBadRequest, "Nothing was deleted.")
	}
	may("after wrong logins", true)
	shows(t, "deleting oneself", remove("ops", "ops"), http.StatusConflict, "You cannot disable or delete yourself")
	shows(t, "deleting", remove("bob", "bob"), http.StatusOK, "bob is deleted: tokens 1, links 1, keywords 1, clicks ")
	if w := stranger.send("GET", "/bobs", ""); w.Code != http.StatusNotFound {
		t.Errorf("a link of a deleted user is answered %d", w.Code)
	}
	if w := bob.send("GET", "/-/view", ""); w.Code != http.StatusUnauthorized {
		t.Errorf("a session of a deleted user is answered %d", w.Code)
	}
	shows(t, "deleting again", remove("bob", "bob"), http.StatusNotFound)
}

// TestFindUsers: users are searched by login and name, in pages.
func TestFindUsers(t *testing.T) {
	t.Parallel()
	app, site, ops := newAdmin(t)
	for i := range 60 {
		if _, err := app.AddUser(t.Context(), "user"+string(rune('A'+i/10))+string(rune('0'+i%10))); err != nil {
			t.Fatal(err)
		}
	}
	const hostile = `<script>alert(1)</script>"'`
	if _, err := app.AddUser(t.Context(), hostile); err != nil {
		t.Fatal(err)
	}
	ann := visit(t, app, site, "ann")
	if w := ann.send("POST", "/-/api/user/info", "full_name=Ann+"+url.QueryEscape(hostile)); !strings.Contains(w.Body.String(), `"status_txt": "OK"`) {
		t.Fatal(w.Body)
	}
	found := func(query string) []string {
		t.Helper()
		w := ops.send("GET", "/-/admin/users?"+query, "")
		if strings.Contains(w.Body.String(), "<script>alert") {
			t.Errorf("%s has a hostile login as HTML: %s", query, w.Body)
		}
		var logins []string
		for _, m := range regexp.MustCompile(`<li>\s*<div><strong>([^<]*)</strong>`).FindAllStringSubmatch(w.Body.String(), -1) {
			logins = append(logins, html.UnescapeString(m[1]))
		}
		return logins
	}
	for query, want := range map[string]int{"query=USERb": 10, "query=user": 50, "query=user&after=userE9": 10, "query=none": 0, "query=ann+%3Cs": 1, "query=alert(1)": 2, "": 50, "after=userF9": 0, "after=userF8": 1} {
		if got := found(query); len(got) != want {
			t.Errorf("%q finds %d users, want %d: %q", query, len(got), want, got)
		}
	}
	first := ops.send("GET", "/-/admin/users?query=user", "")
	shows(t, "the first page", first, http.StatusOK, `href="/-/admin/users?query=user&after=userE9"`)
	if last := ops.send("GET", "/-/admin/users?query=user&after=userE9", ""); strings.Contains(last.Body.String(), "Users after") {
		t.Error("the last page leads to another one")
	}
	shows(t, "a hostile login", ops.send("GET", "/-/admin/users/delete?login="+url.QueryEscape(hostile), ""), http.StatusOK, "Delete "+hostile)
}

// TestHealthPage: the page says which version runs, what waits, and what check found.
func TestHealthPage(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	app, err := server.Open(t.Context(), server.Options{Host: "sho.rt", Build: version.Info{Version: "v9.8.7", Revision: "abcdef", Go: "go1.99"}, Data: datadir.Options{
		Path: t.TempDir(), Create: true, Now: func() time.Time { return now }, Log: logtest.To(t),
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeApp(t, app) })
	if _, err := app.AddUser(t.Context(), "ops"); err != nil {
		t.Fatal(err)
	}
	if err := app.SetAdmin(t.Context(), "ops", true); err != nil {
		t.Fatal(err)
	}
	site, err := app.Handler(server.PublicOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ops := visit(t, app, site, "ops")
	if w := ops.send("GET", "/-/admin/", ""); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/-/admin/health" {
		t.Errorf("/-/admin/ is answered %d, %v", w.Code, w.Header())
	}
	now = now.Add(49*time.Hour + 5*time.Minute)
	ops = visit(t, app, site, "ops")
	shows(t, "health", ops.send("GET", "/-/admin/health", ""), http.StatusOK, "Nothing needs attention", "v9.8.7 abcdef", "go1.99", "1 March 2026, 12:00 UTC", "2 days 1 hour",
		"not since the start", "embedded", "answers", "Free", "Waiting to be counted", "in 1 file")
	if _, err := app.Check(t.Context(), func(string) {}); err != nil {
		t.Fatal(err)
	}
	shows(t, "health after a check", ops.send("GET", "/-/admin/health", ""), http.StatusOK, "3 March 2026, 13:05 UTC: all counts agree with the journal")
}
