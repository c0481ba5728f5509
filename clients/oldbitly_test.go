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

// oldFunctions are those of bitly 1 to 4, by the method that they ask; each
// version has most of them, and none asks anything else.
var oldFunctions = map[string]string{
	"shorten": "shorten", "expand": "expand", "info": "info", "clicks": "clicks", "clicks_by_day": "clicksByDay",
	"clicks_by_minute": "clicksByMinute", "lookup": "lookup", "countries": "countries", "referrers": "referrers",
	"bitly_pro_domain": "bitlyProDomain", "validate": "validate", "user/link_history": "history", "user/link_edit": "linkEdit",
}

// oldBitly starts a bitly before 5.
func oldBitly(t *testing.T, major int, env ...string) *driver {
	t.Helper()
	return node(t, "bitly.js", append(env, fmt.Sprint("CLIENT_MAJOR=", major))...)
}

// newOldBitly gives its user envelopes; bitly 2 and 3 make errors of those that
// have one, of which they keep the number and the text.
func newOldBitly(d *driver, major int, identify func(string) identity) *dialect {
	c := &dialect{
		driver: d, name: fmt.Sprintf("bitly %d", major), identify: identify,
		spell: func(q question, _ *identity) (string, []any) {
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
		own:    badKeys,
	}
	if major > 2 {
		c.own = editsTitles
	}
	return c
}

// oldArguments are the arguments that stand for the parameters, where there are
// any that do.
func oldArguments(method string, p params) (args []any, sayable bool) {
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
		for _, key := range takes { // in this order they come back
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

// badKeys shows logins and apiKeys that are none, and what validate says.
func badKeys(t *testing.T, c *dialect, a *asker) {
	t.Helper()
	link := pick(a, a.hits).link.hash
	good := c.identify(a.logins[0])
	for _, e := range []struct {
		as   identity
		text string
	}{
		{identity{Login: "nobody-of-that-name", APIKey: good.APIKey}, "INVALID_LOGIN"},
		{identity{Login: good.Login, APIKey: "R_0123456789abcdef0123456789abcdef"}, "INVALID_APIKEY"},
		{identity{Login: a.logins[1], APIKey: good.APIKey}, "INVALID_APIKEY"},
	} {
		c.holds(t, e.as, "expand", []any{[]string{link}}, c.fails(500, e.text, list{}))
		c.holds(t, e.as, "shorten", []any{"http://example.gov/"}, c.fails(500, e.text, list{}))
		c.holds(t, e.as, "info", []any{[]string{link}}, c.fails(500, e.text, nil))
		c.holds(t, e.as, "countries", []any{link}, c.fails(500, e.text, nil))
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

// editsTitles makes links, and edits what is said of them; the whole history of
// a user shows it.
func editsTitles(t *testing.T, c *dialect, a *asker) {
	t.Helper()
	badTokens(t, c, a)
	login := a.logins[len(a.logins)-1]
	s := story{T: t, dialect: c, a: a, login: login}
	for i := range 3 {
		l := s.shorten(login, fmt.Sprintf("http://edits.example.gov/%s/%d?%d", c.name[len("bitly "):], i, a.rng.Int()), nil)
		l.title, l.note = fmt.Sprintf(`"Title" %d of <ünïcode> & +signs`, i), fmt.Sprint("note ", i)
		l.userTS = int64(1300000000 + i)
		s.edits(l, params{"edit": "title,note,user_ts", "title": l.title, "note": l.note, "user_ts": fmt.Sprint(l.userTS)})
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
