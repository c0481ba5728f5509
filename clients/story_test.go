//go:build clients

package clients_test

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/testkit/await"
	"github.com/footfall/footfall/internal/testkit/harness"
)

var drawn = regexp.MustCompile(`^[0-9A-Za-z]{7}$`)

// story makes changes with a client, and checks that clients see them.
type story struct {
	*testing.T
	*dialect
	*site
	a     *asker
	login string
}

// site is the server, as clients reach it.
type site struct {
	base     string
	http     *http.Client // follows no redirect
	register func(t *testing.T, login string)
}

// made adds a link that a client has just made to the model. Its aggregate link is that of
// the long URL, or new.
func (s story) made(login, longURL, hash, aggregate string, from int64) *link {
	s.Helper()
	if old := s.a.linkOf("", longURL); old != nil && aggregate != old.hash {
		s.Fatalf("shortening %s returned the aggregate link %s; the long URL has %s already", longURL, aggregate, old.hash)
	} else if old == nil && (!drawn.MatchString(aggregate) || s.a.aggregates[aggregate] != nil || s.a.links[aggregate] != nil) {
		s.Fatalf("shortening %s returned the aggregate link %q, which is not a new hash", longURL, aggregate)
	}
	if !drawn.MatchString(hash) || s.a.links[hash] != nil || s.a.aggregates[hash] != nil || hash == aggregate {
		s.Fatalf("shortening %s returned the hash %q, which is not a new one", longURL, hash)
	}
	l := s.a.add(&link{hash: hash, aggregate: aggregate, owner: login, longURL: longURL})
	created := s.created(login, l)
	if now := time.Now().Unix(); created < from || created > now {
		s.Fatalf("the link of %s says that it was made at %d; it was made between %d and %d", longURL, created, from, now)
	}
	l.created, l.userTS, l.modified = created, created, created
	if g := s.a.aggregates[aggregate]; g.created == 0 {
		g.created = created
	}
	return l
}

// created asks when a link was made.
func (s story) created(login string, l *link) int64 {
	s.Helper()
	if s.can("user/link_history") {
		return int64(s.one(login, l)["created_at"].(float64))
	}
	info := s.data(s.T, "info", login, params{"shortUrl": []string{shortURL(l.hash)}})["info"].([]any)
	return int64(info[0].(map[string]any)["created_at"].(float64))
}

// one asks for a link in the history.
func (s story) one(login string, l *link) map[string]any {
	s.Helper()
	p := params{"link": shortURL(l.hash)}
	if !s.canSend("user/link_history", p) {
		p = params{}
	}
	for _, one := range s.data(s.T, "user/link_history", login, p)["link_history"].([]any) {
		if one := one.(map[string]any); one["link"] == shortURL(l.hash) {
			return one
		}
	}
	s.Fatalf("the link history of %s does not have %s", login, l.hash)
	return nil
}

// counted asks for the clicks on a link.
func (s story) counted(l *link) int {
	s.Helper()
	if s.can("link/clicks") {
		return int(s.data(s.T, "link/clicks", s.login, params{"link": l.hash})["link_clicks"].(float64))
	}
	clicks := s.data(s.T, "clicks", s.login, params{"hash": []string{l.hash}})["clicks"].([]any)
	return int(clicks[0].(map[string]any)["user_clicks"].(float64))
}

// asks asks a random question of each method, as a user.
func (s story) asks(login string, methods ...string) {
	s.Helper()
	for _, m := range methods {
		s.ask(s.T, makers()[m](s.a, m, login))
	}
}

// is asks a question, and compares the answer with want.
func (s story) is(method string, p params, want object) {
	s.Helper()
	s.ask(s.T, question{method, s.login, p, func(int64) object { return want }})
}

// shorten shortens a new long URL twice.
func (s story) shorten(login, longURL string, as params) *link {
	s.Helper()
	from := time.Now().Unix()
	p := params{"longUrl": longURL}
	for key, v := range as {
		p[key] = v
	}
	got := s.data(s.T, "shorten", login, p)
	l := s.made(login, longURL, got["hash"].(string), got["global_hash"].(string), from)
	want := object{"long_url": longURL, "url": shortURL(l.hash), "hash": l.hash, "global_hash": l.aggregate, "new_hash": 1}
	if text(normal(got)) != text(normal(want)) {
		s.Fatalf("shorten answered %s, want %s", text(got), text(want))
	}
	want["new_hash"] = 0
	s.ask(s.T, question{"shorten", login, params{"longUrl": longURL}, func(int64) object { return ok(want) }})
	return l
}

// checkShorten shortens long URLs that have links already, and new ones.
func (s story) checkShorten(other string) {
	s.Helper()
	fresh := fmt.Sprintf("http://www.example.gov/%s/%d", s.login, s.a.rng.Int())
	l := s.shorten(s.login, fresh, params{"domain": "bit.ly"})
	again := s.shorten(other, fresh, nil)
	if again.aggregate != l.aggregate {
		s.Fatalf("two users shortened %s and got different aggregate links", fresh)
	}
	for _, h := range s.a.clicks { // of another user, with a long URL that is stored unchanged
		if s.a.linkOf(s.login, h.link.longURL) == nil && kept.MatchString(h.link.longURL) {
			s.shorten(s.login, h.link.longURL, nil)
			break
		}
	}
	found := map[bool]bool{} // imported, by whether the long URL is stored unchanged
	for _, login := range s.a.logins {
		for _, l := range s.a.linksOf(login) {
			l = s.a.linkOf(login, l.longURL)
			if spelt := kept.MatchString(l.longURL); !found[spelt] && !drawn.MatchString(l.hash) {
				found[spelt] = true
				s.ask(s.T, question{"shorten", login, params{"longUrl": l.longURL}, func(int64) object {
					return ok(object{"long_url": l.longURL, "url": shortURL(l.hash), "hash": l.hash, "global_hash": l.aggregate, "new_hash": 0})
				}})
			}
		}
	}
	if !found[true] || !found[false] {
		s.Fatalf("the feed lacks imported links to shorten again: found a long URL that is stored unchanged: %t, one that is stored changed: %t", found[true], found[false])
	}
	for _, text := range []string{shortURL(l.hash), shortURL(l.aggregate), shortURL(again.hash)} {
		n := s.a.resolve(text)
		s.is("expand", params{"shortUrl": []string{text}}, ok(object{"expand": list{
			object{"short_url": text, "user_hash": n.hash, "global_hash": n.aggregate, "long_url": fresh},
		}}))
	}
	s.asks(s.login, "user/shorten_counts", "user/shorten_counts", "user/link_history")
}

// kept matches long URLs that are stored unchanged.
var kept = regexp.MustCompile(`^https?://[a-z][a-z0-9.-]*[a-z]/[!-~]*$`)

// checkSave saves a link with all parameters, and edits it.
func (s story) checkSave(other string) {
	s.Helper()
	longURL := fmt.Sprintf("https://save.example.gov/%d?a=b&c=%%20d", s.a.rng.Int())
	const title, note = `A "title" <with> ünïcode & +signs`, "a note; to oneself"
	from := time.Now().Unix()
	p := params{"longUrl": longURL, "title": title, "note": note, "private": "true", "user_ts": "1300000000"}
	got := s.data(s.T, "user/link_save", s.login, p)["link_save"].(map[string]any)
	hash := func(key string) string { return got[key].(string)[len(shortURL("")):] }
	l := s.made(s.login, longURL, hash("link"), hash("aggregate_link"), from)
	l.title, l.note, l.private, l.userTS = title, note, true, 1300000000
	saved := object{"link": shortURL(l.hash), "aggregate_link": shortURL(l.aggregate), "long_url": longURL, "new_link": 1}
	if text(normal(got)) != text(normal(saved)) {
		s.Fatalf("link_save answered %s, want %s", text(got), text(saved))
	}
	saved["new_link"] = 0
	s.is("user/link_save", params{"longUrl": longURL, "title": "another"}, envelope(304, "LINK_ALREADY_EXISTS", object{"link_save": saved}))
	s.checkShown(l, other)

	s.checkEdit(l, params{"edit": "title,note", "title": "new", "note": "newer", "private": "false"})
	l.title, l.note = "new", "newer"
	s.checkShown(l, other)
	s.checkEdit(l, params{"edit": "private,archived,user_ts", "private": "0", "archived": "TRUE", "user_ts": "1310000000"})
	l.private, l.archived, l.userTS = false, true, 1310000000
	s.checkShown(l, other)
	s.checkEdit(l, params{"edit": "note"}) // empties it
	l.note = ""
	s.checkShown(l, other)
}

// checkEdit edits a link.
func (s story) checkEdit(l *link, p params) {
	s.Helper()
	from := time.Now().Unix()
	p["link"] = shortURL(l.hash)
	s.is("user/link_edit", p, ok(object{"link_edit": object{"link": shortURL(l.hash)}}))
	l.modified = int64(s.one(s.login, l)["modified_at"].(float64))
	if now := time.Now().Unix(); l.modified < from || l.modified > now {
		s.Fatalf("link %s says that it was edited at %d; it was edited between %d and %d", l.hash, l.modified, from, now)
	}
}

// checkShown checks the answers about the link to its owner and to another user.
func (s story) checkShown(l *link, other string) {
	s.Helper()
	by := shortURL(l.hash)
	for _, login := range []string{s.login, other} {
		wanted := func(data object) func(int64) object {
			return func(int64) object {
				if !l.sees(login) {
					return notFound
				}
				return ok(data)
			}
		}
		s.ask(s.T, question{"user/link_history", login, params{"link": by, "user": s.login}, wanted(object{
			"link_history": list{s.a.history(l, login)}, "result_count": 1,
		})})
		s.ask(s.T, question{"link/encoders", login, params{"link": by}, wanted(object{
			"aggregate_link": shortURL(l.aggregate), "entries": list{object{"link": by, "user": s.login, "ts": l.created}},
		})})
		entry := object{"short_url": by, "error": "NOT_FOUND"}
		if l.sees(login) {
			entry = object{"short_url": by, "user_hash": l.hash, "global_hash": l.aggregate,
				"title": l.title, "created_at": l.created, "created_by": s.login}
		}
		s.ask(s.T, question{"info", login, params{"shortUrl": []string{by}}, func(int64) object { return ok(object{"info": list{entry}}) }})
		for range 5 {
			s.asks(login, "user/link_history")
		}
	}
}

// checkVisits visits a new link, and asks about it once all visits are counted.
func (s story) checkVisits() {
	s.Helper()
	const browser = harness.Browser
	const robot = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
	visitors := []struct{ agent, address, country, from, referrer string }{
		{browser, "8.8.8.8", "US", "https://t.co/abc?secret=1#x", "https://t.co/abc"},
		{browser, "8.8.8.8", "US", "", "direct"},
		{browser, "193.99.144.80", "DE", "https://t.co/abc", "https://t.co/abc"},
		{browser, "", "None", "http://www.example.com", "http://www.example.com/"},
		{robot, "8.8.8.8", "", "", ""},
	}
	var l *link
	for try := 0; ; try++ { // until all visits are in one minute
		s.login = fmt.Sprintf("%s-%d", strings.Fields(s.dialect.name)[0], s.a.rng.Uint32())
		s.register(s.T, s.login)
		l = s.shorten(s.login, fmt.Sprintf("https://visits.example.gov/%s", s.login), nil)
		before := time.Now().Unix()
		for _, v := range visitors {
			s.visit(l, v.agent, v.address, v.from)
		}
		if time.Now().Unix()/60 != before/60 {
			continue
		}
		for _, v := range visitors {
			if v.agent != robot {
				s.a.clicks = append(s.a.clicks, oneClick{before, l, v.country, v.referrer})
			}
		}
		break
	}
	want := len(s.a.of(l))
	await.Until(s.T, fmt.Sprintf("%d clicks are counted", want), func() (string, bool) {
		n := s.counted(l)
		if n > want {
			s.Fatalf("%d clicks are counted, but there were only %d", n, want)
		}
		return fmt.Sprint(n), n == want
	})
	s.a.texts = []string{shortURL(l.hash), l.hash, shortURL(l.aggregate), l.aggregate}
	for _, method := range slices.Sorted(maps.Keys(makers())) {
		if s.can(method) {
			s.asks(s.login, method, method, method, method, method)
		}
	}
	s.a.texts = nil
}

// visit visits the link.
func (s story) visit(l *link, agent, address, from string) {
	s.Helper()
	r, err := http.NewRequestWithContext(s.Context(), http.MethodGet, s.base+"/"+l.hash, nil)
	if err != nil {
		s.Fatal(err)
	}
	r.Host = shortDomain
	for name, value := range map[string]string{"User-Agent": agent, "X-Forwarded-For": address, "Referer": from} {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	res, _, err := harness.Do(s.http, r)
	if err != nil {
		s.Fatal(err)
	}
	if res.StatusCode != http.StatusMovedPermanently || res.Header.Get("Location") != l.longURL {
		s.Fatalf("the link %s answered %d with the location %q, want 301 with %q", l.hash, res.StatusCode, res.Header.Get("Location"), l.longURL)
	}
}

// checkProfile changes a name, and validates a login and an apiKey.
func (s story) checkProfile() {
	s.Helper()
	u := s.a.users[s.login]
	u.fullName = fmt.Sprintf("Zoë O'Hara %d", s.a.rng.Int())
	s.is("user/info", params{"full_name": u.fullName}, ok(s.a.ownInfo(s.login)))
	info := s.data(s.T, "user/info", s.login, params{})
	if text(normal(info)) != text(normal(s.a.ownInfo(s.login))) {
		s.Fatalf("user/info answered %s, want %s", text(info), text(s.a.ownInfo(s.login)))
	}
	for key, valid := range map[string]int{info["apiKey"].(string): 1, "R_0123456789abcdef0123456789abcdef": 0} {
		s.is("validate", params{"x_login": s.login, "x_apiKey": key}, ok(object{"valid": valid}))
	}
	s.is("validate", params{"x_login": "nobody-of-that-name", "x_apiKey": "R_x"}, ok(object{"valid": 0}))
}

// checkErrors makes mistakes of every kind.
func (s story) checkErrors(other string) {
	s.Helper()
	known := shortURL(s.a.linksOf(s.login)[0].hash)
	theirs := shortURL(s.a.linksOf(other)[0].hash)
	many := make([]string, 16)
	for i := range many {
		many[i] = fmt.Sprint("hash", i)
	}
	none := list{}
	for _, e := range []struct {
		method string
		params params
		code   int
		text   string
		data   any
	}{
		{"link/clicks", params{}, 500, "MISSING_ARG_LINK", nil},
		{"link/clicks", params{"link": "nope42"}, 404, "NOT_FOUND", nil},
		{"link/clicks", params{"link": "http://example.com/" + known[len(shortURL("")):]}, 404, "NOT_FOUND", nil},
		{"link/clicks", params{"link": known, "unit": "year"}, 500, "INVALID_ARG_UNIT", nil},
		{"link/clicks", params{"link": known, "units": "0"}, 500, "INVALID_ARG_UNITS", nil},
		{"link/clicks", params{"link": known, "unit": "minute", "units": "61"}, 500, "INVALID_ARG_UNITS", nil},
		{"link/clicks", params{"link": known, "timezone": "Mars/Olympus"}, 500, "INVALID_ARG_TIMEZONE", nil},
		{"link/clicks", params{"link": known, "rollup": "maybe"}, 500, "INVALID_ARG_ROLLUP", nil},
		{"link/referrers", params{"link": known, "limit": "1001"}, 500, "INVALID_ARG_LIMIT", nil},
		{"link/countries", params{"link": known, "unit_reference_ts": "yesterday"}, 500, "INVALID_ARG_UNIT_REFERENCE_TS", nil},
		{"link/encoders", params{"link": known, "limit": "0"}, 500, "INVALID_ARG_LIMIT", nil},
		{"link/lookup", params{}, 500, "MISSING_ARG_URL", nil},
		{"lookup", params{}, 500, "MISSING_ARG_URL", nil},
		{"user/link_lookup", params{}, 500, "MISSING_ARG_URL", nil},
		{"user/clicks", params{"days": "few"}, 500, "INVALID_ARG_DAYS", nil},
		{"user/info", params{"login": "nobody-of-that-name"}, 500, "INVALID_ARG_LOGIN", nil},
		{"user/link_history", params{"user": "nobody-of-that-name"}, 500, "INVALID_ARG_USER", nil},
		{"user/link_history", params{"archived": "perhaps"}, 500, "INVALID_ARG_ARCHIVED", nil},
		{"user/link_history", params{"limit": "101"}, 500, "INVALID_ARG_LIMIT", nil},
		{"user/link_history", params{"link": "nope42"}, 404, "NOT_FOUND", nil},
		{"user/link_save", params{}, 500, "MISSING_ARG_LONGURL", nil},
		{"user/link_save", params{"longUrl": "javascript:alert(1)"}, 500, "INVALID_ARG_LONGURL", nil},
		{"user/link_save", params{"longUrl": known}, 500, "ALREADY_A_BITLY_LINK", nil},
		{"user/link_edit", params{}, 500, "MISSING_ARG_LINK", nil},
		{"user/link_edit", params{"link": known}, 500, "MISSING_ARG_EDIT", nil},
		{"user/link_edit", params{"link": known, "edit": "color", "color": "red"}, 400, "INVALID_ARG_COLOR", nil},
		{"user/link_edit", params{"link": known, "edit": "private"}, 500, "MISSING_ARG_PRIVATE", nil},
		{"user/link_edit", params{"link": theirs, "edit": "title", "title": "mine"}, 404, "NOT_FOUND", nil},
		{"user/tracking_domain_clicks", params{"domain": "usa.gov"}, 500, "TRACKING_DOMAIN_NOT_REGISTERED", nil},
		{"shorten", params{}, 500, "MISSING_ARG_LONGURL", none},
		{"shorten", params{"longUrl": "not a url"}, 500, "INVALID_URI", none},
		{"shorten", params{"longUrl": known}, 500, "ALREADY_A_BITLY_LINK", none},
		{"shorten", params{"longUrl": "http://bit.ly" + known[strings.LastIndexByte(known, '/'):]}, 500, "ALREADY_A_BITLY_LINK", none},
		{"shorten", params{"longUrl": "http://example.gov/", "domain": "example.com"}, 500, "INVALID_ARG_DOMAIN", none},
		{"expand", params{}, 500, "MISSING_ARG_SHORTURL", none},
		{"expand", params{"hash": many}, 500, "INVALID_ARG_SHORTURL", none},
		{"clicks", params{"hash": many}, 500, "INVALID_ARG_SHORTURL", none},
		{"info", params{"hash": many}, 500, "INVALID_ARG_SHORTURL", nil},
		{"countries", params{"hash": "nope42"}, 404, "NOT_FOUND", nil},
		{"referrers", params{"shortUrl": "http://bit.ly/nope42"}, 404, "NOT_FOUND", nil},
		{"validate", params{"x_login": s.login}, 500, "MISSING_ARG_X_APIKEY", nil},
		{"highvalue", params{"limit": "2"}, 404, "NOT_FOUND", nil},
	} {
		if s.can(e.method) {
			s.is(e.method, e.params, envelope(e.code, e.text, e.data))
		}
	}
}
