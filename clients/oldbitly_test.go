//go:build clients

package clients_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// oldFunctions has the functions of bitly 1 to 4, by method of the API. Some versions have
// fewer.
var oldFunctions = map[string]string{
	"shorten": "shorten", "expand": "expand", "info": "info", "clicks": "clicks", "clicks_by_day": "clicksByDay",
	"clicks_by_minute": "clicksByMinute", "lookup": "lookup", "countries": "countries", "referrers": "referrers",
	"bitly_pro_domain": "bitlyProDomain", "validate": "validate", "user/link_history": "history", "user/link_edit": "linkEdit",
}

// oldBitly starts bitly 1, 2, 3 or 4.
func oldBitly(t *testing.T, major int, env ...string) *driver {
	t.Helper()
	return node(t, "bitly.js", append(env, fmt.Sprint("CLIENT_MAJOR=", major))...)
}

// newOldBitly describes bitly 1 to 4. They return envelopes, except that bitly 2 and 3
// return an error, with its number and text, for an envelope with an error.
func newOldBitly(d *driver, major int, identify func(string) identity) *dialect {
	c := &dialect{
		driver: d, name: fmt.Sprintf("bitly %d", major), identify: identify,
		translate: func(q question, _ *identity) (string, []any) {
			args, sayable := oldArguments(q.method, q.params)
			if !sayable {
				return "", nil
			}
			return oldFunctions[q.method], args
		},
		show: func(e object) (any, *clientError) {
			if code := e["status_code"].(int); code != 200 && (major == 2 || major == 3) {
				return nil, &clientError{Message: e["status_txt"].(string), StatusCode: code}
			}
			return e, nil
		},
		read:   func(raw json.RawMessage) any { return plain(raw).(map[string]any)["data"] },
		served: func() []string { return slices.Collect(maps.Values(oldFunctions)) },
		own:    checkBadKeys,
	}
	if major > 2 {
		c.own = checkTitles
	}
	return c
}

// oldArguments returns the arguments for the parameters. It reports false if the function
// does not take them.
func oldArguments(method string, p params) (args []any, takesThem bool) {
	var takes []string
	switch method {
	case "shorten":
		takes = []string{"longUrl", "domain"}
		args = []any{p["longUrl"]}
		if domain, given := p["domain"]; given {
			args = append(args, domain)
		}
	case "expand", "info", "clicks", "clicks_by_day", "clicks_by_minute":
		takes = []string{"shortUrl", "hash"}
		items := []string{}
		for _, key := range takes { // in the order of the answer
			if some, given := p[key]; given {
				items = append(items, some.([]string)...)
			}
		}
		args = []any{items}
	case "countries", "referrers":
		takes = []string{"shortUrl", "hash"}
		one := p["shortUrl"]
		if one == nil {
			one = p["hash"]
		}
		if _, many := one.([]string); many {
			return nil, false
		}
		args = []any{one}
	case "lookup":
		takes = []string{"url"}
		args = []any{p["url"]}
	case "bitly_pro_domain":
		takes = []string{"domain"}
		args = []any{p["domain"]}
	case "validate":
		takes = []string{"x_login", "x_apiKey"}
		args = []any{p["x_login"], p["x_apiKey"]}
	case "user/link_history":
		args = []any{}
	case "user/link_edit":
		takes = []string{"link", "edit"}
		var fields, values []any
		edit, _ := p["edit"].(string)
		for _, field := range strings.FieldsFunc(edit, func(r rune) bool { return r == ',' }) {
			value, given := p[field]
			if !given {
				return nil, false
			}
			takes, fields, values = append(takes, field), append(fields, field), append(values, value)
		}
		args = []any{fields, p["link"], values}
	default:
		return nil, false
	}
	for key := range p {
		if !slices.Contains(takes, key) {
			return nil, false
		}
	}
	return args, true
}

// checkBadKeys sends wrong logins and apiKeys, and asks validate about them.
func checkBadKeys(t *testing.T, c *dialect, a *asker) {
	t.Helper()
	link := pick(a, a.clicks).link.hash
	good := c.identify(a.logins[0])
	for _, e := range []struct {
		as   identity
		text string
	}{
		{identity{Login: "nobody-of-that-name", APIKey: good.APIKey}, "INVALID_LOGIN"},
		{identity{Login: good.Login, APIKey: "R_0123456789abcdef0123456789abcdef"}, "INVALID_APIKEY"},
		{identity{Login: a.logins[1], APIKey: good.APIKey}, "INVALID_APIKEY"},
	} {
		c.compare(t, e.as, "expand", []any{[]string{link}}, c.fails(500, e.text, list{}))
		c.compare(t, e.as, "shorten", []any{"http://example.gov/"}, c.fails(500, e.text, list{}))
		c.compare(t, e.as, "info", []any{[]string{link}}, c.fails(500, e.text, nil))
		c.compare(t, e.as, "countries", []any{link}, c.fails(500, e.text, nil))
	}
	for _, e := range []struct {
		login, key string
		valid      int
	}{{good.Login, good.APIKey, 1}, {a.logins[1], good.APIKey, 0}, {"nobody-of-that-name", "R_x", 0}} {
		c.ask(t, question{"validate", good.Login, params{"x_login": e.login, "x_apiKey": e.key}, func(int64) object {
			return ok(object{"valid": e.valid})
		}})
	}
}

// checkTitles makes links and edits their titles, and reads the history of the user.
func checkTitles(t *testing.T, c *dialect, a *asker) {
	t.Helper()
	checkBadTokens(t, c, a)
	login := a.logins[len(a.logins)-1]
	s := story{T: t, dialect: c, a: a, login: login}
	for i := range 3 {
		l := s.shorten(login, fmt.Sprintf("http://edits.example.gov/%s/%d?%d", c.name[len("bitly "):], i, a.rng.Int()), nil)
		l.title, l.note = fmt.Sprintf(`"Title" %d of <ünïcode> & +signs`, i), fmt.Sprint("note ", i)
		l.userTS = int64(1300000000 + i)
		s.checkEdit(l, params{"edit": "title,note,user_ts", "title": l.title, "note": l.note, "user_ts": fmt.Sprint(l.userTS)})
		shown := a.linksOf(login)
		slices.SortFunc(shown, newest)
		history := list{}
		for _, l := range shown {
			history = append(history, a.history(l, login))
		}
		s.is("user/link_history", params{}, ok(object{"link_history": history, "result_count": len(history)}))
	}
	s.is("user/link_edit", params{"link": "nope42", "edit": "title", "title": "x"}, notFound)
}
