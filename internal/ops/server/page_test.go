package server_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/ops/control"
	"github.com/footfall/footfall/internal/ops/datadir"
	"github.com/footfall/footfall/internal/ops/server"
	"github.com/footfall/footfall/internal/testkit/logtest"
)

// newSite opens an App with the user ann and a link.
func newSite(t *testing.T) (*server.App, http.Handler) {
	t.Helper()
	app, err := server.Open(t.Context(), server.Options{Host: "sho.rt", Data: datadir.Options{
		Path: t.TempDir(), Create: true, Now: time.Now, Log: logtest.To(t),
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeApp(t, app) })
	if _, err := app.AddUser(t.Context(), "ann"); err != nil {
		t.Fatal(err)
	}
	if _, err := app.AddLink(t.Context(), control.NewLink{Login: "ann", LongURL: "http://example.org/", Name: "sale"}); err != nil {
		t.Fatal(err)
	}
	site, err := app.Handler(server.PublicOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return app, site
}

// TestSigningIn: the right password opens a session, and each session is a new one.
func TestSigningIn(t *testing.T) {
	t.Parallel()
	app, site := newSite(t)
	stranger := pageVisitor{t: t, site: site}
	if w := stranger.send("GET", "/-/?unit=day&units=7", ""); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/-/login?next=%2F-%2F%3Funit%3Dday%26units%3D7" {
		t.Errorf("a stranger is answered %d, %v", w.Code, w.Header())
	}
	for _, path := range []string{"/-/view", "/-/rows?panel=links", "/-/links/view", "/-/live", "/-/api/user/clicks", "/-/view/link/sale"} {
		if w := stranger.send("GET", path, ""); w.Code != http.StatusUnauthorized || w.Body.String() != `{"error":"SIGNED_OUT"}`+"\n" {
			t.Errorf("%s is answered %d %s to a stranger", path, w.Code, w.Body)
		}
	}
	first, second := visit(t, app, site, "ann"), visit(t, app, site, "ann")
	if w := first.send("GET", "/-/", ""); w.Code != http.StatusSeeOther {
		t.Errorf("after a new password an older session is answered %d", w.Code)
	}
	for path, want := range map[string]string{"/-/": `"login":"ann"`, "/-/links": "example.org", "/-/account": `"apiKey":"R_`, "/-/link/sale": "example.org"} {
		if w := second.send("GET", path, ""); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s is answered %d %s", path, w.Code, w.Body)
		}
	}
	for _, wrong := range []string{"login=ann&password=a+wrong+one", "login=nobody&password=a+good+password", "login=ann&password=", "", "login=ann%00&password=a+good+password"} {
		w := stranger.send("POST", "/-/login", wrong)
		if w.Code != http.StatusUnauthorized || !strings.Contains(w.Body.String(), "do not belong together") || len(w.Result().Cookies()) > 0 {
			t.Errorf("%q is answered %d %s", wrong, w.Code, w.Body)
		}
	}
	// The form leads to pages of this server alone.
	for next, want := range map[string]string{
		"/-/links?query=x": "/-/links?query=x", "https://evil.example/": "/-/", "//evil.example/": "/-/", "/-/\\evil": "/-/", "/sale": "/-/", "/-/login": "/-/", "": "/-/",
	} {
		w := stranger.send("POST", "/-/login", url.Values{"login": {"ann"}, "password": {"a good password"}, "next": {next}}.Encode())
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != want {
			t.Errorf("after signing in, next=%q leads to %d %q, want %q", next, w.Code, w.Header().Get("Location"), want)
		}
		c := w.Result().Cookies()[0]
		if !c.HttpOnly || c.Secure || c.SameSite != http.SameSiteLaxMode || c.Path != "/-/" || c.Value == strings.TrimPrefix(second.cookie, c.Name+"=") {
			t.Errorf("the cookie is %v", c)
		}
	}
	if w := second.send("POST", "/-/logout", "x=1"); w.Code != http.StatusSeeOther || w.Result().Cookies()[0].MaxAge >= 0 {
		t.Errorf("signing out is answered %d, %v", w.Code, w.Header())
	}
	if w := second.send("GET", "/-/view", ""); w.Code != http.StatusUnauthorized {
		t.Errorf("after signing out a session is answered %d", w.Code)
	}
}

// TestSecureCookie: over https the cookie is for https alone.
func TestSecureCookie(t *testing.T) {
	t.Parallel()
	app, _ := newSite(t)
	if err := app.SetPassword(t.Context(), "ann", "a good password"); err != nil {
		t.Fatal(err)
	}
	site, err := app.Handler(server.PublicOptions{TrustedProxies: []string{"192.0.2.1"}, ProxyHeader: "X-Forwarded-For"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		peer, proto, target string
		secure              bool
	}{
		{"192.0.2.1:1", "https", "http://sho.rt/-/login", true},
		{"192.0.2.1:1", "http", "http://sho.rt/-/login", false},
		{"192.0.2.7:1", "https", "http://sho.rt/-/login", false},
		{"192.0.2.7:1", "", "https://sho.rt/-/login", true},
	} {
		r := httptest.NewRequest("POST", c.target, strings.NewReader("login=ann&password=a+good+password"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("X-Forwarded-Proto", c.proto)
		r.RemoteAddr = c.peer
		w := httptest.NewRecorder()
		site.ServeHTTP(w, r)
		if len(w.Result().Cookies()) != 1 {
			t.Fatalf("%v is answered %d %s", c, w.Code, w.Body)
		}
		if got := w.Result().Cookies()[0]; got.Secure != c.secure || strings.HasPrefix(got.Name, "__Secure-") != c.secure {
			t.Errorf("%v: the cookie is %v", c, got)
		}
	}
}

// TestOtherSites: what other sites send for a browser that is signed in is refused, and they
// cannot frame a page, read it, or add scripts to it.
func TestOtherSites(t *testing.T) {
	t.Parallel()
	app, site := newSite(t)
	browser := visit(t, app, site, "ann")
	for _, path := range []string{"/-/api/shorten", "/-/account/token", "/-/logout", "/-/login"} {
		r := httptest.NewRequest("POST", "http://sho.rt"+path, strings.NewReader("longUrl=http%3A%2F%2Fevil.example%2F"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Cookie", browser.cookie)
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		r.Header.Set("Origin", "http://evil.example")
		w := httptest.NewRecorder()
		site.ServeHTTP(w, r)
		if w.Code != http.StatusForbidden {
			t.Errorf("%s from another site is answered %d %s", path, w.Code, w.Body)
		}
	}
	// A GET that another site makes a browser send, which is allowed, changes nothing.
	for _, path := range []string{
		"/-/api/shorten?longUrl=http://evil.example/", "/-/api/user/link_edit?link=sale&edit=long_url&long_url=http://evil.example/",
		"/-/api/user/link_save?longUrl=http://evil.example/", "/-/api/user/info?full_name=Evil", "/-/api/v3/shorten?longUrl=http://evil.example/",
		"/-/api/user/save_custom_domain_keyword?keyword_link=http://sho.rt/evil&target_link=http://sho.rt/sale", "/-/account/token", "/-/logout",
	} {
		r := httptest.NewRequest("GET", "http://sho.rt"+path, nil)
		r.Header.Set("Cookie", browser.cookie)
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		w := httptest.NewRecorder()
		site.ServeHTTP(w, r)
		if w.Code == http.StatusOK {
			t.Errorf("a GET of %s is answered %s", path, w.Body)
		}
	}
	if w := browser.send("GET", "/-/api/user/clicks?unit=day&callback=steal", ""); strings.Contains(w.Body.String(), "steal") || strings.Contains(w.Header().Get("Content-Type"), "script") {
		t.Errorf("an answer is a script: %s", w.Body)
	}
	if list := browser.send("GET", "/-/links/view?sort=clicks", "").Body.String(); strings.Contains(list, "evil") || !strings.Contains(list, `"all":1`) {
		t.Errorf("after what other sites sent the links are %s", list)
	}
	for _, path := range []string{"/-/", "/-/view", "/-/links", "/-/account", "/-/login", "/-/none", "/-/api/user/clicks?unit=day"} {
		w := browser.send("GET", path, "")
		h := w.Header()
		if p := h.Get("Content-Security-Policy"); !strings.Contains(p, "default-src 'none'; script-src 'self'; style-src 'self';") ||
			!strings.Contains(p, "frame-ancestors 'none'") || strings.Contains(p, "unsafe") || h.Get("Access-Control-Allow-Origin") != "" ||
			h.Get("X-Content-Type-Options") != "nosniff" || h.Get("X-Robots-Tag") != "noindex" {
			t.Errorf("%s has the headers %v", path, h)
		}
		if inline := regexp.MustCompile(`(?i)<script>|<style|\sstyle=|\son[a-z]+=|javascript:`).FindString(w.Body.String()); inline != "" {
			t.Errorf("%s has %q, which its own policy forbids", path, inline)
		}
	}
}

// TestHostileTexts: texts of strangers stay texts.
func TestHostileTexts(t *testing.T) {
	t.Parallel()
	app, site := newSite(t)
	browser := visit(t, app, site, "ann")
	const hostile = `</script><script>alert(1)</script>"'><img src=x onerror=alert(1)>`
	w := browser.send("POST", "/-/api/user/link_edit", url.Values{"link": {"sale"}, "edit": {"title,note"}, "title": {hostile}, "note": {hostile}}.Encode())
	if !strings.Contains(w.Body.String(), `"status_txt": "OK"`) {
		t.Fatal(w.Body)
	}
	for _, path := range []string{"/-/links", "/-/link/sale", "/-/?link=sale", "/-/?link=" + url.QueryEscape(hostile), "/-/login?next=" + url.QueryEscape("/-/"+hostile)} {
		w := browser.send("GET", path, "")
		if strings.Contains(w.Body.String(), "<script>alert") || strings.Contains(w.Body.String(), "<img src=x") {
			t.Errorf("%s has a hostile text as HTML: %s", path, w.Body)
		}
	}
	stranger := pageVisitor{t: t, site: site}
	if w := stranger.send("POST", "/-/login", url.Values{"login": {hostile}, "password": {"x"}}.Encode()); strings.Contains(w.Body.String(), "<script>alert") {
		t.Errorf("the form has a hostile login as HTML: %s", w.Body)
	}
}

// TestInvitation: an invitation sets a password once, and signs in.
func TestInvitation(t *testing.T) {
	t.Parallel()
	app, site := newSite(t)
	address, err := app.Invite(t.Context(), "ann")
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(address)
	if err != nil || u.Path != "/-/welcome" {
		t.Fatalf("an invitation is %q (%v)", address, err)
	}
	stranger := pageVisitor{t: t, site: site}
	if w := stranger.send("GET", u.RequestURI(), ""); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "Choose a password for ann") {
		t.Errorf("the invitation is answered %d %s", w.Code, w.Body)
	}
	form := url.Values{"invitation": {u.Query().Get("invitation")}, "password": {"short"}}
	if w := stranger.send("POST", "/-/welcome", form.Encode()); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "8 to 72 bytes") {
		t.Errorf("a short password is answered %d %s", w.Code, w.Body)
	}
	form.Set("password", "the password of ann")
	w := stranger.send("POST", "/-/welcome", form.Encode())
	if w.Code != http.StatusSeeOther || len(w.Result().Cookies()) != 1 {
		t.Fatalf("a password is answered %d %s", w.Code, w.Body)
	}
	if w := stranger.send("POST", "/-/welcome", form.Encode()); w.Code != http.StatusNotFound {
		t.Errorf("the invitation again is answered %d %s", w.Code, w.Body)
	}
	if w := stranger.send("POST", "/-/login", "login=ann&password=the+password+of+ann"); w.Code != http.StatusSeeOther {
		t.Errorf("the new password is answered %d %s", w.Code, w.Body)
	}
}

// TestAccount: a user makes tokens, ends sessions and changes the password.
func TestAccount(t *testing.T) {
	t.Parallel()
	app, site := newSite(t)
	browser := visit(t, app, site, "ann")
	other := pageVisitor{t: t, site: site}
	w := other.send("POST", "/-/login", "login=ann&password=a+good+password")
	other.cookie = strings.SplitN(w.Header().Get("Set-Cookie"), ";", 2)[0]
	change := func(what, body string) (c struct {
		Error, Token string
		Account      struct {
			All      int `json:"allTokens"`
			Sessions []struct {
				ID      string
				Current bool
			}
		}
	}) {
		t.Helper()
		w := browser.send("POST", "/-/account/"+what, body)
		if err := json.Unmarshal(w.Body.Bytes(), &c); err != nil {
			t.Fatalf("%s is answered %d %s", what, w.Code, w.Body)
		}
		if cookie := w.Result().Cookies(); len(cookie) > 0 {
			browser.cookie = cookie[0].Name + "=" + cookie[0].Value
		}
		return c
	}
	made := change("token", "name=reports")
	if made.Account.All != 2 || len(made.Account.Sessions) != 2 {
		t.Errorf("after a new token the account is %+v", made)
	}
	if _, body := get(t, site, "/v3/user/clicks?unit=day&access_token="+made.Token); !strings.Contains(body, `"status_txt": "OK"`) {
		t.Errorf("the new token is answered %s", body)
	}
	if c := change("revoke-all", "x=1"); c.Account.All != 0 {
		t.Errorf("after revoking the account is %+v", c)
	}
	for _, s := range made.Account.Sessions {
		if !s.Current {
			change("end", "id="+s.ID)
		}
	}
	if w := other.send("GET", "/-/view", ""); w.Code != http.StatusUnauthorized {
		t.Errorf("a session that was ended is answered %d", w.Code)
	}
	if c := change("end", "id=none"); c.Error != "NOT_FOUND" {
		t.Errorf("ending a session that does not exist: %+v", c)
	}
	if c := change("password", "old=wrong+password&new=another+password"); c.Error != "WRONG_PASSWORD" {
		t.Errorf("with a wrong password: %+v", c)
	}
	if c := change("password", "old=a+good+password&new=short"); c.Error != "PASSWORD_FORM" {
		t.Errorf("with a short password: %+v", c)
	}
	if c := change("password", "old=a+good+password&new=another+password"); c.Error != "" || len(c.Account.Sessions) != 1 || !c.Account.Sessions[0].Current {
		t.Errorf("with the right one: %+v", c)
	}
	if w := browser.send("GET", "/-/view", ""); w.Code != http.StatusOK {
		t.Errorf("after the new password the browser is answered %d", w.Code)
	}
}

// TestLivePage: a click on a link is in the stream once it is counted.
func TestLivePage(t *testing.T) {
	t.Parallel()
	app, handler := newSite(t)
	site := httptest.NewServer(handler)
	defer site.Close()
	browser := visit(t, app, handler, "ann")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, "GET", site.URL+"/-/live?unit=day&units=1", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Cookie", browser.cookie)
	stream, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	if kind := stream.Header.Get("Content-Type"); kind != "text/event-stream" {
		t.Fatalf("the stream is %q", kind)
	}
	lines := bufio.NewScanner(stream.Body)
	next := func(want string) {
		t.Helper()
		var event string
		for lines.Scan() {
			if line := lines.Text(); line != "" {
				event += line + "\n"
				continue
			}
			if strings.HasPrefix(event, "event: quiet") {
				event = ""
				continue
			}
			break
		}
		if event != want {
			t.Fatalf("the event is %q (%v), want %q", event, lines.Err(), want)
		}
	}
	next("event: hello\nretry: 2000\ndata: {\"clicks\":0}\n")
	for i := range 2 {
		visitor, err := http.NewRequestWithContext(ctx, "GET", site.URL+"/sale", nil)
		if err != nil {
			t.Fatal(err)
		}
		visitor.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
		res, err := http.DefaultTransport.RoundTrip(visitor)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		res.Body.Close()
		next("event: clicks\nretry: 2000\ndata: {\"clicks\":" + string(rune('1'+i)) + "}\n")
	}
}

// TestImportOnThePage: a dry run changes nothing and reports every link, and an import makes
// them, once.
func TestImportOnThePage(t *testing.T) {
	t.Parallel()
	app, site := newSite(t)
	browser := visit(t, app, site, "ann")
	const file = "long_url,keyword,title\nhttp://example.org/a,first,A\nftp:nonsense,second,B\nhttp://example.org/c,sale,C\n"
	for _, c := range []struct {
		query, file, want string
		there             bool // the link is there after it
	}{
		{"?dry=true", file, `"sums":{"links":3,"made":1,"known":0,"rejected":2}`, false},
		{"?dry=true", file, `"line":2,"link":"first","long_url":"http://example.org/a","verdict":"made"`, false},
		{"", "a,b\n1,2\n", `{"error":"the file cannot be imported: no column has the long URLs`, false},
		{"", "", `{"error":"the file cannot be imported: the file is empty`, false},
		{"", file, `"sums":{"links":3,"made":1,"known":0,"rejected":2}`, true},
		{"", file, `"line":3,"link":"second","long_url":"ftp:nonsense","verdict":"rejected"`, true},
		{"", file, `"sums":{"links":3,"made":0,"known":1,"rejected":2}`, true},
	} {
		w := browser.send("POST", "/-/links/import"+c.query, c.file)
		if !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("an import with %q is answered %d %s, without %s", c.query, w.Code, w.Body, c.want)
		}
		list := browser.send("GET", "/-/links/view?query=example.org/a", "")
		if there := strings.Contains(list.Body.String(), `"all":1`); there != c.there {
			t.Errorf("after an import with %q the link is there: %v", c.query, there)
		}
	}
	if w := (pageVisitor{t: t, site: site}).send("POST", "/-/links/import", file); w.Code != http.StatusUnauthorized {
		t.Errorf("an import of a stranger is answered %d %s", w.Code, w.Body)
	}
}

// TestViewsAreLimited: a view is one question of the user's rate.
func TestViewsAreLimited(t *testing.T) {
	t.Parallel()
	app, _ := newSite(t)
	site, err := app.Handler(server.PublicOptions{RateLimit: 1})
	if err != nil {
		t.Fatal(err)
	}
	browser := visit(t, app, site, "ann")
	answered := 0
	for range 100 {
		switch w := browser.send("GET", "/-/view", ""); {
		case w.Code == http.StatusOK:
			answered++
			continue
		case w.Code != http.StatusTooManyRequests || w.Body.String() != `{"error":"RATE_LIMIT_EXCEEDED"}`+"\n":
			t.Fatalf("a view is answered %d %s", w.Code, w.Body)
		}
		break
	}
	if answered < 10 || answered == 100 {
		t.Errorf("%d views are answered", answered)
	}
}
