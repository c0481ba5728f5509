package server_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// listedToken is a token in the list of the account.
type listedToken struct {
	ID, Name      string
	Program       bool
	Created, Used int64
}

// TestTokensOnThePage: a user makes a token with a name, sees it once, sees its use and those that
// programs got, and revokes one of them.
func TestTokensOnThePage(t *testing.T) {
	t.Parallel()
	app, site := newSite(t)
	browser := visit(t, app, site, "ann")
	if _, err := app.AddUser(t.Context(), "bob"); err != nil {
		t.Fatal(err)
	}
	change := func(v pageVisitor, what, body string) (c struct {
		Error, Token string
		Account      struct{ Tokens []listedToken }
	}) {
		t.Helper()
		w := v.send("POST", "/-/account/"+what, body)
		if err := json.Unmarshal(w.Body.Bytes(), &c); err != nil {
			t.Fatalf("%s is answered %d %s", what, w.Code, w.Body)
		}
		return c
	}
	answers := func(token string, want bool) {
		t.Helper()
		if _, body := get(t, site, "/v3/user/clicks?unit=day&access_token="+token); strings.Contains(body, `"status_txt": "OK"`) != want {
			t.Errorf("a token is answered %s, want an answer: %v", body, want)
		}
	}
	for _, body := range []string{"x=1", "name=+", "name=a%00b", "name=%ff", "name=" + strings.Repeat("n", 101)} {
		if c := change(browser, "token", body); c.Error != "TOKEN_NAME" || c.Token != "" {
			t.Errorf("a token with %.20q: %+v", body, c)
		}
	}
	made := change(browser, "token", "name=+monthly+reports+")
	r := httptest.NewRequest("POST", "/oauth/access_token", nil)
	r.SetBasicAuth("ann", "a good password")
	r.Header.Set("User-Agent", "reporter/1.0 (cron)")
	w := httptest.NewRecorder()
	if site.ServeHTTP(w, r); w.Code != http.StatusOK {
		t.Fatalf("a program that asks for a token is answered %d %s", w.Code, w.Body)
	}
	program := w.Body.String()
	answers(program, true)
	account := browser.send("GET", "/-/account", "").Body.String()
	if strings.Contains(account, made.Token) || strings.Contains(account, program) {
		t.Error("the account shows a token again")
	}
	list := map[string]listedToken{}
	for _, token := range change(browser, "end-others", "x=1").Account.Tokens {
		list[token.Name] = token
	}
	named, unused := list["reporter/1.0"], list["monthly reports"]
	if len(list) != 3 || !named.Program || named.Used == 0 || named.Created == 0 || unused.Program || unused.Used != 0 || unused.Created == 0 || list[""].ID == "" {
		t.Errorf("the tokens are %+v", list)
	}
	if c := change(visit(t, app, site, "bob"), "revoke", "id="+unused.ID); c.Error != "NOT_FOUND" {
		t.Errorf("somebody else revoked a token: %+v", c)
	}
	for _, id := range []string{"", "none", named.ID + "0"} {
		if c := change(browser, "revoke", "id="+id); c.Error != "NOT_FOUND" {
			t.Errorf("revoking the token %q: %+v", id, c)
		}
	}
	answers(made.Token, true)
	if c := change(browser, "revoke", "id="+unused.ID); c.Error != "" || len(c.Account.Tokens) != 2 {
		t.Errorf("revoking a token: %+v", c)
	}
	answers(made.Token, false)
	answers(program, true)
}
