//go:build clients

package clients_test

import (
	"slices"
	"testing"
)

// fails returns what a client shows for an envelope without data.
func (c *dialect) fails(code int, text string, data any) func(int64) (any, *clientError) {
	return func(int64) (any, *clientError) { return c.show(envelope(code, text, data)) }
}

// checkBadTokens sends wrong tokens, and no token.
func checkBadTokens(t *testing.T, c *dialect, a *asker) {
	t.Helper()
	link := pick(a, a.clicks).link.hash
	for _, e := range []struct {
		method, unknown string
		code            int
		missing         string
		data            any
	}{
		{"link/clicks", "INVALID_ACCESS_TOKEN", 403, "MISSING_ARG_ACCESS_TOKEN", nil},
		{"user/clicks", "INVALID_ACCESS_TOKEN", 403, "MISSING_ARG_ACCESS_TOKEN", nil},
		{"user/link_save", "INVALID_ACCESS_TOKEN", 403, "MISSING_ARG_ACCESS_TOKEN", nil},
		{"shorten", "INVALID_ARG_ACCESS_TOKEN", 500, "MISSING_ARG_ACCESS_TOKEN", list{}},
		{"expand", "INVALID_ARG_ACCESS_TOKEN", 500, "MISSING_ARG_ACCESS_TOKEN", list{}},
		{"clicks", "INVALID_ACCESS_TOKEN", 403, "MISSING_ARG_ACCESS_TOKEN", list{}},
		{"info", "INVALID_ACCESS_TOKEN", 403, "MISSING_ARG_LOGIN", nil},
		{"lookup", "INVALID_ACCESS_TOKEN", 403, "MISSING_ARG_LOGIN", nil},
		{"countries", "INVALID_ACCESS_TOKEN", 403, "MISSING_ARG_LOGIN", nil},
	} {
		p := params{"hash": []string{link}}
		if e.method == "countries" {
			p["hash"] = link
		}
		q := question{e.method, "", p, func(int64) object { return envelope(e.code, e.unknown, e.data) }}
		c.askAs(t, identity{Token: "gnosuchtoken"}, q)
		q.want = func(int64) object { return envelope(500, e.missing, e.data) }
		c.askAs(t, identity{}, q)
	}
}

func nodeBitlyAPIPeculiarities(t *testing.T, c *dialect, a *asker) {
	t.Helper()
	checkBadTokens(t, c, a)
	// Names of links are not in the model of this test: only what a call lacks.
	c.compare(t, c.identify(a.logins[0]), "userSaveCustomDomainKeyword", []any{params{"keyword_link": shortURL("word")}}, c.fails(500, "MISSING_ARG_TARGET_LINK", nil))
	as := c.identify(a.logins[0])
	c.compare(t, as, "shortenLink", []any{shortURL(a.linksOf(a.logins[0])[0].hash)}, c.fails(500, "ALREADY_A_BITLY_LINK", list{}))
	// The client ignores the status of /oauth/access_token, and returns neither a token
	// nor an error.
	c.compare(t, as, "authenticate", []any{a.logins[0], "wrong"}, func(int64) (any, *clientError) { return nil, nil })
	// This function of the client calls one that does not exist.
	c.compare(t, as, "user.getInfo", nil, func(int64) (any, *clientError) {
		return nil, &clientError{Message: "this.bitly.getInfoForUser is not a function"}
	})
}

func oauthPeculiarities(t *testing.T, c *dialect, a *asker) {
	t.Helper()
	as := c.identify(a.logins[0])
	raw, failed := c.call(as, "authenticate")
	c.note("authenticate", nil, raw, failed)
	token, _ := normal(raw).(string)
	if failed != nil || len(token) < 43 || token[0] < 'g' || token[0] > 'z' {
		t.Fatalf("authenticate returned %s, error %s; want a token", raw, text(failed))
	}
	// A wrong password is HTTP 401. The client shows only the number.
	as.Password = "wrong"
	c.compare(t, as, "authenticate", nil, func(int64) (any, *clientError) {
		return nil, &clientError{Message: "[object Object]", StatusCode: 401}
	})
	// During other calls it ignores that error, and continues without a token.
	as.Password = "as wrong"
	link := pick(a, a.clicks).link.hash
	c.compare(t, as, "link.clicks", []any{params{"link": link}}, c.fails(500, "MISSING_ARG_ACCESS_TOKEN", nil))
	c.compare(t, as, "info", []any{params{"hash": link}}, c.fails(500, "MISSING_ARG_LOGIN", nil))
	if !slices.Contains(c.list(), "user.link_save") {
		t.Errorf("the client lists %q, but not user.link_save: nested functions are missing", c.list())
	}
}
