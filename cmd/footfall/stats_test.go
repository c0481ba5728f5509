package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// clickLines returns clicks on a link at these times, as NDJSON.
func clickLines(hash string, bot bool, at ...time.Time) (s string) {
	for _, t := range at {
		s += fmt.Sprintf(`{"ts":%d,"hash":%q,"bot":%v}`+"\n", t.Unix(), hash, bot)
	}
	return s
}

// TestStatsAgree: stats and link list print the counts of the API, of one user and of
// all, in every zone, with a server and without one.
func TestStatsAgree(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	now := time.Now()
	ago := func(hours ...int) (at []time.Time) {
		for _, h := range hours {
			at = append(at, now.Add(-time.Duration(h)*time.Hour))
		}
		return at
	}
	in := `{"type":"user","login":"bob","created":1}` + "\n" + linkLines("one", "two", "three") +
		`{"type":"link","user":"bob","hash":"four","long_url":"http://example.org/?a=b&c=d\u202e\u001b[2J","created":1}` + "\n" +
		clickLines("one", false, ago(0, 1, 5, 20, 30, 100, 160, 200, 700, 800, 9000)...) + clickLines("two", false, ago(2, 900)...) +
		clickLines("four", false, ago(3, 4, 300)...) + clickLines("one", true, ago(6, 40, 1000)...)
	run(t, "import", "--format", "ndjson", "--data", data, writeFile(t, filepath.Join(dir, "in"), in))
	server := serve(t, "--data", data, "--domain", "sho.rt")
	get := func(path string) string {
		t.Helper()
		return strings.TrimSpace(fetch(t, server.URL+path))
	}
	type spans struct {
		Today int `json:"today"`
		D7    int `json:"last_7_days"`
		D30   int `json:"last_30_days"`
		All   int `json:"all"`
	}
	type stats struct {
		Users, Links int
		Timezone     string
		Clicks, Bots spans
		TopLinks     []struct {
			Link, Login string
			LongURL     string `json:"long_url"`
			Clicks      int
		} `json:"top_links"`
	}
	read := func(into any, args ...string) string {
		t.Helper()
		out := run(t, append(args, "--data", data, "--domain", "sho.rt")...)
		if err := json.Unmarshal([]byte(out), into); err != nil {
			t.Fatalf("footfall %v: %v in %s", args, err, out)
		}
		return out
	}
	compare := func() {
		t.Helper()
		for zones := []string{"", "Asia/Kolkata", "Pacific/Apia", "-11"}; len(zones) > 0; {
			zone, began := zones[0], time.Now().Truncate(15*time.Minute)
			var wrong []string
			var sum, all stats
			for _, login := range []string{"ann", "bob"} {
				var s stats
				token := newToken(t, data, login)
				var want spans
				read(&s, "stats", login, "--json", "--timezone="+cmp.Or(zone, "America/New_York"))
				for units, to := range map[string]*int{"1": &want.Today, "7": &want.D7, "30": &want.D30, "-1": &want.All} {
					_, _ = fmt.Sscan(get("/v3/user/clicks?format=txt&unit=day&units="+units+"&timezone="+zone+"&access_token="+token), to)
				}
				if s.Clicks != want || s.Users != 1 {
					wrong = append(wrong, fmt.Sprintf("stats of %s in %q are %+v, and the API has %+v", login, zone, s, want))
				}
				var popular struct {
					Data struct {
						Links []struct {
							Link   string
							Clicks int
						} `json:"popular_links"`
					}
				}
				if err := json.Unmarshal([]byte(get("/v3/user/popular_links?unit=day&units=-1&access_token="+token)), &popular); err != nil {
					t.Fatal(err)
				}
				for i, l := range popular.Data.Links {
					if i >= len(s.TopLinks) || s.TopLinks[i].Link != l.Link || s.TopLinks[i].Clicks != l.Clicks || s.TopLinks[i].Login != login {
						wrong = append(wrong, fmt.Sprintf("the most visited links of %s are %+v, and the API has %+v", login, s.TopLinks, popular))
					}
				}
				sum.Links += s.Links
				sum.Bots.All += s.Bots.All
				for to, n := range map[*int]int{&sum.Clicks.Today: s.Clicks.Today, &sum.Clicks.D7: s.Clicks.D7, &sum.Clicks.D30: s.Clicks.D30, &sum.Clicks.All: s.Clicks.All} {
					*to += n
				}
			}
			read(&all, "stats", "--json", "--top", "1", "--timezone="+cmp.Or(zone, "America/New_York"))
			if all.Clicks != sum.Clicks || all.Links != 4 || sum.Links != 4 || all.Users != 2 || all.Bots.All != 3 || sum.Bots.All != 3 || len(all.TopLinks) != 1 || all.TopLinks[0].Link != "http://sho.rt/one" {
				wrong = append(wrong, fmt.Sprintf("in %q, all together have %+v, and the users have %+v", zone, all, sum))
			}
			if !time.Now().Truncate(15 * time.Minute).Equal(began) {
				continue // a new day may have begun between two questions
			}
			if zones = zones[1:]; len(wrong) > 0 {
				t.Error(strings.Join(wrong, "\n"))
			}
		}
		var links []struct {
			Link, Login string
			LongURL     string `json:"long_url"`
			CreatedAt   int64  `json:"created_at"`
			Clicks      int
		}
		out := read(&links, "link", "list", "--json")
		got := ""
		for _, l := range links {
			got += fmt.Sprintf("%s %s %d\n", l.Login, l.Link, l.Clicks)
		}
		if want := "ann http://sho.rt/three 0\nann http://sho.rt/two 2\nann http://sho.rt/one 11\nbob http://sho.rt/four 3\n"; got != want {
			t.Errorf("link list prints\n%swant\n%s", got, want)
		}
		if links[3].LongURL != "http://example.org/?a=b&c=d\u202e\u001b[2J" || links[3].CreatedAt != 1 || strings.ContainsAny(out, "\u202e\u001b") {
			t.Errorf("link list --json has %+v in %q", links[3], out)
		}
		token := newToken(t, data, "ann")
		if n := get("/v3/link/clicks?format=txt&unit=day&units=-1&link=http://sho.rt/one&access_token=" + token); n != "11" {
			t.Errorf("the API counts %s clicks on the link, want 11", n)
		}
	}
	compare()
	// A visit is counted in both.
	if res := visit(t, server.URL+"/three", "Host: sho.rt"); res.StatusCode != http.StatusMovedPermanently {
		t.Fatal(res.Status)
	}
	if out := run(t, "link", "list", "ann", "--data", data); !strings.Contains(out, "\n     1  1970-01-01T00:00:01Z  http://sho.rt/three  ann    http://example.org/three\n") {
		t.Errorf("after a visit link list prints\n%s", out)
	}
	if out := run(t, "stats", "bob", "--data", data); strings.ContainsAny(out, "\u202e\u001b") || !strings.Contains(out, "bob: 1 link; days begin as in America/New_York\n") ||
		!strings.Contains(out, `     3  http://sho.rt/four  "http://example.org/?a=b&c=d\u202e\x1b[2J"`+"\n") {
		t.Errorf("stats prints\n%s", out)
	}
	stop(t, server)
	if out := run(t, "link", "list", "bob", "--data", data, "--domain", "b.example"); !strings.Contains(out, "http://b.example/four") {
		t.Errorf("without a server link list prints\n%s", out)
	}
	var users []struct {
		Login     string
		CreatedAt int64 `json:"created_at"`
		Tokens    int
	}
	out := run(t, "user", "list", "--json", "--data", data)
	if err := json.Unmarshal([]byte(out), &users); err != nil || len(users) != 2 || users[0].Login != "ann" || users[0].CreatedAt != 1 || users[1].Tokens == 0 {
		t.Errorf("user list --json prints %s (%+v, %v)", out, users, err)
	}
}

// TestUnknown: all commands print the same error for an unknown user or link, with a
// server and without one.
func TestUnknown(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	addUser(t, data, "anna")
	check := func(picks func() bool) {
		t.Helper()
		for _, args := range [][]string{
			{"user", "token", "LOGIN"}, {"user", "revoke", "LOGIN", "x"}, {"user", "revoke", "LOGIN", "--all"}, {"user", "key", "LOGIN"}, {"user", "key", "LOGIN", "--new"},
			{"user", "delete", "LOGIN"}, {"user", "delete", "LOGIN", "--yes"}, {"link", "add", "LOGIN", "http://example.org/"}, {"link", "list", "LOGIN"}, {"stats", "LOGIN"},
			{"user", "password", "LOGIN"}, {"link", "delete", "LINK"}, {"link", "delete", "LINK", "--yes"},
		} {
			for name, want := range map[string]string{
				"bob":    `footfall: there is no user "bob": footfall user list lists all users; footfall user add bob adds this one` + "\n",
				"ana":    `footfall: there is no user "ana": did you mean "anna"? footfall user list lists all users; footfall user add ana adds this one` + "\n",
				"no one": `footfall: there is no user "no one": footfall user list lists all users` + "\n",
			} {
				if !picks() {
					continue
				}
				command := append([]string{}, args...)
				for i := range command {
					switch command[i] {
					case "LOGIN":
						command[i] = name
					case "LINK":
						command[i] = name
						want = fmt.Sprintf("footfall: there is no link %q: name it by its hash, or by its short URL on a domain of this installation; footfall link list lists all links\n", name)
					}
				}
				if p := tryWith(t, "a good password\n", append(command, "--data", data)...); p.status == 0 || p.stderr != want {
					t.Errorf("footfall %v: %+v, want %q", command, p, want)
				}
			}
		}
	}
	check(seedtest.Sample(t, 2)) // each question starts a process, which opens the directory
	serve(t, "--data", data)
	check(seedtest.Sample(t, 3))
}
