//go:build clients

package clients_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/testkit/harness"
)

// The clients of Debian's archive connect over http to fixed hosts. They use footfall as
// a proxy.

// newBTI starts bti, a shell script. It accepts only http URLs, and does not show errors
// of the server.
func newBTI(t *testing.T, proxy string) *driver {
	t.Helper()
	return node(t, "bti.js", "CLIENT_HOME="+t.TempDir(), "http_proxy="+proxy)
}

// newTwitteringMode starts twittering-mode, a mode of Emacs. It does not show errors of
// the server.
func newTwitteringMode(t *testing.T, proxy string) *driver {
	t.Helper()
	return drive(t, "debian", []string{"emacs", "--batch", "--no-init-file", "--load", "twittering-mode.el"},
		"HOME="+t.TempDir(), "http_proxy="+proxy)
}

// newMikutter starts mikutter, a program in Ruby. Our plugin calls its plugin for Bitly.
func newMikutter(t *testing.T, proxy string) *driver {
	t.Helper()
	home := t.TempDir()
	if err := os.CopyFS(filepath.Join(home, "plugin"), os.DirFS("debian/mikutter")); err != nil {
		t.Fatal(err)
	}
	return drive(t, "debian", []string{"mikutter", "--confroot=" + home, "--plugin=lines", "--debug"},
		"HOME="+home, "LANG=C.UTF-8", "http_proxy="+proxy)
}

// debian tests all functions of the clients of Debian's archive. witness is a client that
// can ask for the result.
func debian(t *testing.T, at *site, a *asker, witness *dialect) {
	t.Helper()
	s := story{dialect: witness, site: at, a: a}
	for _, c := range []struct {
		name string
		new  func(t *testing.T, proxy string) *driver
		fail string // what the client shows for every error
	}{
		{"bti", newBTI, "Failed to shrink '%s'"},
		{"twittering-mode", newTwitteringMode, "Failed to shorten a URL %s with bit.ly"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.T = t
			s.checkPlainText(c.new(t, at.base), c.name, c.fail)
		})
	}
	t.Run("mikutter", func(t *testing.T) {
		s.T = t
		s.checkExpand(newMikutter(t, at.base))
	})
}

// checkPlainText shortens with a client that gets the short URL as plain text.
func (s story) checkPlainText(d *driver, name, fail string) {
	s.Helper()
	calls := 0
	shorten := func(as identity, want string, params ...any) string {
		s.Helper()
		calls++
		raw, failed := d.call(as, "shorten", params...)
		short, _ := plain(raw).(string)
		if failed != nil || !regexp.MustCompile(want).MatchString(short) {
			s.Fatalf("%s: shorten(%s) as %+v returned %s, error %s; want a match of %s", name, text(params), as, raw, text(failed), want)
		}
		return short
	}
	const any = `^http://sho\.rt/[0-9A-Za-z]{7}$`
	exactly := func(short string) string { return "^" + regexp.QuoteMeta(short) + "$" }

	one, other := name+"-one", name+"-other"
	s.register(s.T, one)
	s.register(s.T, other)
	s.login = one
	for i, query := range []string{"?a=b&c=d", "/a%20b/(x)'y'?q=1+2;3", "/[z]/$@!*,~-_.?utf8=%E2%9C%93&empty=#top"} {
		longURL := fmt.Sprintf("http://www.example.gov/%s/%d%s", name, s.a.rng.Int(), query)
		short := shorten(s.identify(one), any, longURL)
		shorten(s.identify(one), exactly(short), longURL, "j.mp")
		if theirs := shorten(s.identify(other), any, longURL, "bit.ly"); theirs == short {
			s.Fatalf("%s: two users got the same short URL %s", name, short)
		}
		l := &link{hash: short[len(shortURL("")):], longURL: longURL}
		visitors := 2 + i
		for range visitors {
			s.visit(l, harness.Browser, "193.99.144.80", "https://t.co/abc?x")
		}
		s.visit(l, "curl/8.5.0", "8.8.8.8", "")
		for n := 0; n < visitors+1; n = s.counted(l) {
		}
		s.checkLink(l, list{object{"country": "DE", "clicks": visitors}, object{"country": "US", "clicks": 1}},
			list{object{"referrer": "https://t.co/abc", "clicks": visitors}, object{"referrer": "direct", "clicks": 1}})
	}

	// Imported links keep their short URLs.
	imported := slices.IndexFunc(s.a.linksOf(s.a.logins[0]), func(l *link) bool {
		return kept.MatchString(l.longURL) && strings.HasPrefix(l.longURL, "http://") && len(l.longURL) > 40
	})
	l := s.a.linkOf(s.a.logins[0], s.a.linksOf(s.a.logins[0])[imported].longURL)
	shorten(s.identify(s.a.logins[0]), exactly(shortURL(l.hash)), l.longURL)

	good := s.identify(one)
	for _, e := range []struct {
		as  identity
		url string
	}{
		{identity{Login: one, APIKey: s.identify(other).APIKey}, "http://www.example.gov/with/the/key/of/another"},
		{identity{Login: "nobody-of-that-name", APIKey: good.APIKey}, "http://www.example.gov/with/the/key/of/another"},
		{good, shortURL(l.hash)},
	} {
		calls++
		raw, failed := d.call(e.as, "shorten", e.url)
		if failed == nil || failed.Message != fmt.Sprintf(fail, e.url) {
			s.Errorf("%s: shorten(%s) as %+v returned %s, error %s; want the error %q", name, e.url, e.as, raw, text(failed), fmt.Sprintf(fail, e.url))
		}
	}
	s.Logf("%s: %d calls; every answer was right", name, calls)
}

// checkLink asks the witness about a link, and compares the answers with the clicks.
func (s story) checkLink(l *link, countries, referrers list) {
	s.Helper()
	total, clicks := 0, s.data(s.T, "clicks", s.login, params{"hash": []string{l.hash}})
	for _, c := range countries {
		total += c.(object)["clicks"].(int)
	}
	expanded := s.data(s.T, "expand", s.login, params{"shortUrl": []string{shortURL(l.hash)}})
	info := s.data(s.T, "info", s.login, params{"hash": []string{l.hash}})
	entry := func(data map[string]any, method string) map[string]any {
		return data[method].([]any)[0].(map[string]any)
	}
	got := object{
		"long_url": entry(expanded, "expand")["long_url"], "created_by": entry(info, "info")["created_by"],
		"user_clicks": entry(clicks, "clicks")["user_clicks"], "global_clicks": entry(clicks, "clicks")["global_clicks"],
		"countries": s.data(s.T, "countries", s.login, params{"hash": l.hash})["countries"],
		"referrers": s.data(s.T, "referrers", s.login, params{"hash": l.hash})["referrers"],
	}
	want := object{
		"long_url": l.longURL, "created_by": s.login, "user_clicks": total, "global_clicks": total,
		"countries": countries, "referrers": referrers,
	}
	if text(normal(got)) != text(normal(want)) {
		s.Fatalf("link %s: the answers say %s, want %s", l.hash, text(got), text(want))
	}
}

// checkExpand expands short URLs with mikutter, 15 at a time. mikutter expands URLs on
// bit.ly and j.mp.
func (s story) checkExpand(d *driver) {
	s.Helper()
	login := s.a.logins[0]
	as := s.identify(login)
	for range 25 {
		var given []any
		var left, long list
		seen := map[string]bool{}
		for range 1 + s.a.rng.IntN(40) {
			name, host := pick(s.a, s.a.clicks).link.hash, pick(s.a, []string{"bit.ly", "j.mp"})
			url := "http://" + host + "/" + name
			switch s.a.rng.IntN(8) {
			case 0:
				url = "http://" + host + "/nope42"
			case 1:
				url = "http://www.example.gov/" + name
			case 2:
				url = "http://" + host + "/" + pick(s.a, s.a.clicks).link.aggregate
			}
			if seen[url] {
				continue
			}
			seen[url] = true
			given = append(given, url)
			l := s.a.resolve(url)
			switch {
			case strings.HasPrefix(url, "http://www."):
				left = append(left, url)
			case l == nil || !l.sees(login):
				long = append(long, nil)
			default:
				long = append(long, l.longURL)
			}
		}
		if raw, failed := d.call(as, "expand_url", given); failed != nil || text(plain(raw)) != text(append(append(list{}, left...), long...)) {
			s.Fatalf("mikutter: expand_url(%s)\n got %s, error %s\nwant %s followed by %s", text(given), raw, text(failed), text(left), text(long))
		}
	}
	// It does not look for errors in the answer of the server, so it crashes on this one.
	as.APIKey = "R_0123456789abcdef0123456789abcdef"
	raw, failed := d.call(as, "expand_url", []any{"http://bit.ly/nope42"})
	if failed == nil || !strings.HasPrefix(failed.Message, "NoMethodError") {
		s.Errorf("mikutter: expand_url with a wrong apiKey returned %s, error %s; want a NoMethodError", raw, text(failed))
	}
	s.Logf("mikutter: %d calls; every answer was right", d.calls["expand_url"])
}
