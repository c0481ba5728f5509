//go:build clients

package clients_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/faces/feed"
	"github.com/footfall/footfall/internal/testkit/certtest"
	"github.com/footfall/footfall/internal/testkit/harness"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

var (
	perMethod = flag.Int("questions", 12, "number of questions that each client asks of each method")
	feedGlob  = flag.String("feed", "../internal/faces/feed/testdata/*.gz", "files of the feed")
	only      = flag.String("only", "", "methods to ask questions of, separated by commas; nothing else is tested then")
)

// The hosts that clients connect to: bitly 5 and 6 have an option for it. In the others
// it is fixed: bitly-oauth, bitly 3 and 4, and bitly 1 and 2, which use http.
const (
	optionHost     = "api.bitly.test"
	fixedHost      = "api-ssl.bit.ly"
	otherFixedHost = "api-ssl.bitly.com"
	fixedPlainHost = "api.bit.ly"
)

func TestClients(t *testing.T) {
	files, err := filepath.Glob(*feedGlob)
	if err != nil || len(files) == 0 {
		t.Fatalf("-feed %s matches no file: %v", *feedGlob, err)
	}
	a := &asker{model: readFeed(t, files), rng: seedtest.Rand(t)}
	p := newProgram(t)
	var imported feed.Result
	out := p.run(t, "", append([]string{"import", "--format", "bitly-feed", "--json"}, files...)...)
	if err := json.Unmarshal([]byte(out), &imported); err != nil || int(imported.Clicks) != len(a.clicks) || int(imported.Lines) != a.lines {
		t.Fatalf("the import printed %s (%v), but the files have %d lines with %d clicks", out, err, a.lines, len(a.clicks))
	}

	// The users that ask: some with many clicks, some with few, and one without any.
	all := a.model.logins()
	a.logins = append(all[:5:5], all[len(all)/3], all[len(all)/2], all[len(all)-1])
	tokens, keys := map[string]string{}, map[string]string{}
	for _, login := range a.logins {
		tokens[login] = p.run(t, "", "user", "token", login)
		keys[login] = p.run(t, "", "user", "key", login)
	}
	identify := func(login string) identity { return identity{Token: tokens[login]} }
	identifyByKey := func(login string) identity { return identity{Login: login, APIKey: keys[login]} }
	password := func(login string) string { return "password of " + login }
	register := func(t *testing.T, login string) {
		tokens[login] = p.run(t, "", "user", "add", login)
		keys[login] = p.run(t, "", "user", "key", login)
		p.run(t, password(login)+"\n", "user", "password", login)
		a.users[login] = &user{login: login, since: since(t, p, login)}
	}
	register(t, "newcomer")
	a.logins = append(a.logins, "newcomer")

	t.Run("http", func(t *testing.T) {
		server := p.serve(t)
		s := &site{server.URL, harness.NewClient(nil), register}
		_, port, err := net.SplitHostPort(server.Addr)
		if err != nil {
			t.Fatal(err)
		}
		env := []string{"CLIENT_ENDPOINT=" + s.base, "CLIENT_HOSTS=" + fixedPlainHost, "CLIENT_PORT=" + port}
		newNodeBitlyAPI(node(t, "node-bitlyapi.js", env...), a.rng, identify).test(t, s, a)
		for _, major := range []int{1, 2} {
			newOldBitly(oldBitly(t, major, env...), major, identifyByKey).test(t, s, a)
		}
		debian(t, s, a, newOldBitly(oldBitly(t, 1, env...), 1, identifyByKey))
	})
	t.Run("https", func(t *testing.T) {
		shortScheme = "https"
		authority, dir := certtest.New(t), t.TempDir()
		cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
		authority.Write(t, cert, key, time.Now().Add(time.Hour), optionHost, fixedHost, otherFixedHost)
		server := p.serve(t, "--tls-cert", cert, "--tls-key", key)
		s := &site{server.URL, harness.NewClient(authority.Trust(optionHost)), register}
		_, port, err := net.SplitHostPort(server.Addr)
		if err != nil {
			t.Fatal(err)
		}
		env := []string{
			"NODE_EXTRA_CA_CERTS=" + authority.File, "CLIENT_HOST=" + optionHost,
			"CLIENT_HOSTS=" + optionHost + "," + fixedHost + "," + otherFixedHost, "CLIENT_PORT=" + port,
		}
		for _, version := range []int{6, 5} {
			newBitly(node(t, fmt.Sprintf("bitly%d.js", version), env...), version, identify).test(t, s, a)
		}
		for _, major := range []int{4, 3} {
			newOldBitly(oldBitly(t, major, env...), major, identify).test(t, s, a)
		}
		for _, login := range a.logins {
			p.run(t, password(login)+"\n", "user", "password", login)
		}
		newBitlyOAuth(node(t, "bitly-oauth.js", env...), func(login string) identity {
			return identity{Login: login, Password: password(login)}
		}).test(t, s, a)
	})
	if out := p.run(t, "", "check"); !strings.Contains(out, "everything agrees") {
		t.Errorf("footfall check printed\n%s", out)
	}
}

// since returns when the user was made, in Unix seconds.
func since(t *testing.T, p program, login string) int64 {
	t.Helper()
	for line := range strings.Lines(p.run(t, "", "user", "list")) {
		if columns := strings.Split(strings.TrimSpace(line), "\t"); columns[0] == login {
			at, err := time.Parse(time.RFC3339, columns[1])
			if err != nil {
				t.Fatal(err)
			}
			return at.Unix()
		}
	}
	t.Fatalf("footfall user list does not list %s", login)
	return 0
}

// can reports whether the client has a function for the method.
func (c *dialect) can(method string) bool { return c.canSend(method, params{}) }

// canSend reports whether the client can call the method with these parameters.
func (c *dialect) canSend(method string, p params) bool {
	function, _ := c.translate(question{method: method, params: p}, &identity{})
	return slices.Contains(c.list(), function)
}

// test asks every question that the client can ask, makes every change that it can make,
// and asks again.
func (c *dialect) test(t *testing.T, at *site, a *asker) {
	t.Run(c.name, func(t *testing.T) {
		c.t = t
		c.questions(t, a, *perMethod/2)
		if *only == "" {
			s := story{t, c, at, a, a.logins[1]}
			other := a.logins[4]
			s.checkShorten(other)
			if c.can("user/link_save") {
				s.checkSave(other)
			}
			if c.can("user/info") {
				s.checkProfile()
			}
			s.checkVisits()
			s.checkErrors(other)
			c.questions(t, a, *perMethod-*perMethod/2)
			c.own(t, c, a)
			c.checkUnserved(t, a)
			c.checkAllCalled(t)
		}
	})
}

// checkAllCalled fails the test if a function of the client was not called.
func (c *dialect) checkAllCalled(t *testing.T) {
	t.Helper()
	methods, calls := 0, 0
	for _, name := range c.list() {
		if c.calls[name] == 0 {
			t.Errorf("%s: no test called %s", c.name, name)
		}
		methods++
		calls += c.calls[name]
	}
	t.Logf("%s: %d methods, %d calls; every answer agreed with the oracle", c.name, methods, calls)
}

// questions asks a number of random questions of each method.
func (c *dialect) questions(t *testing.T, a *asker, each int) {
	t.Helper()
	all := makers()
	for _, method := range slices.Sorted(maps.Keys(all)) {
		if !c.can(method) || *only != "" && !slices.Contains(strings.Split(*only, ","), method) {
			continue
		}
		for range each {
			q := all[method](a, method, pick(a, a.logins))
			for tries := 0; tries < 100 && !c.canSend(method, q.params); tries++ {
				q = all[method](a, method, pick(a, a.logins))
			}
			c.ask(t, q)
		}
	}
}

// checkUnserved calls every function for a method that footfall does not have.
func (c *dialect) checkUnserved(t *testing.T, a *asker) {
	t.Helper()
	served := append(c.served(), c.special...)
	for _, name := range c.list() {
		if !slices.Contains(served, name) {
			c.compare(t, c.identify(a.logins[0]), name, []any{params{"link": "x"}}, c.fails(404, "NOT_FOUND", nil))
		}
	}
}
