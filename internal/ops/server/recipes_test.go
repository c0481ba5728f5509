package server_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/ops/server"
)

// recipeClicks are all clicks, in the time of Berlin. recipeNow is when the recipes
// run: a Thursday.
const recipeNow = "2026-11-26T12:30:20+01:00"

var recipeClicks = []struct{ at, hash, country, referrer string }{
	{"2025-12-31T23:59:59+01:00", "old111", "DE", "direct"}, // not this year
	{"2026-01-01T00:00:00+01:00", "aaa111", "DE", "direct"},
	{"2026-10-31T23:59:59+01:00", "aaa111", "US", "direct"}, // not this month
	{"2026-11-01T00:00:00+01:00", "aaa111", "AT", "direct"},
	{"2026-11-15T23:59:59+01:00", "bbb222", "CH", "direct"}, // before last week
	{"2026-11-16T00:00:00+01:00", "bbb222", "FR", "direct"},
	{"2026-11-20T12:00:00+01:00", "aaa111", "FR", "direct"},
	{"2026-11-22T23:59:59+01:00", "aaa111", "DE", "direct"},
	{"2026-11-23T00:00:00+01:00", "aaa111", "US", "direct"}, // after it
	{"2026-11-25T00:15:00+01:00", "bbb222", "DE", "http://t.co/x"},
	{"2026-11-25T17:30:00+01:00", "bbb222", "DE", "https://example.org/a"},
	{"2026-11-25T23:59:59+01:00", "bbb222", "DE", "https://example.org/b"},
	{"2026-11-26T12:29:59+01:00", "bbb222", "", "direct"},
}

// recipes has the output of each recipe of docs/api.md. A line of ... stands for lines
// without clicks.
var recipes = map[string]string{
	"this month in Berlin: one number": "10",
	"this month in Berlin, day by day, as CSV": `date,clicks
2026-11-26T00:00:00+01:00,1
2026-11-25T00:00:00+01:00,3
...
2026-11-23T00:00:00+01:00,1
2026-11-22T00:00:00+01:00,1
...
2026-11-20T00:00:00+01:00,1
...
2026-11-16T00:00:00+01:00,1
2026-11-15T00:00:00+01:00,1
...
2026-11-01T00:00:00+01:00,1`,
	"this year, day by day: a list has 100 entries unless limit says otherwise": `date,clicks
2026-11-26T00:00:00+01:00,1
2026-11-25T00:00:00+01:00,3
...
2026-11-23T00:00:00+01:00,1
2026-11-22T00:00:00+01:00,1
...
2026-11-20T00:00:00+01:00,1
...
2026-11-16T00:00:00+01:00,1
2026-11-15T00:00:00+01:00,1
...
2026-11-01T00:00:00+01:00,1
2026-10-31T00:00:00+01:00,1
...
2026-01-01T00:00:00+01:00,1`,
	"last week, Monday to Sunday, by country, as CSV": `country,clicks
FR,2
DE,1`,
	"the hours of yesterday": `date,clicks
2026-11-25T23:00:00+01:00,1
...
2026-11-25T17:00:00+01:00,1
...
2026-11-25T00:00:00+01:00,1`,
	"the ten top links of this year": `link,clicks
http://sho.rt/aaa111,6
http://sho.rt/bbb222,6`,
	"from which sites the clicks of yesterday came": `domain,url,clicks
example.org,https://example.org/,2
t.co,http://t.co/,1`,
	"this month by device": `device,clicks
other,9
mobile,1`,
	"this month, only the links with a tag": "4",
	"one link, month by month, from its first click on": `date,clicks
2026-11-01T00:00:00+01:00,4
2026-10-01T00:00:00+02:00,1
2026-01-01T00:00:00+01:00,1`,
	"the last hour, minute by minute": `date,clicks
...
2026-11-26T12:29:00+01:00,1
...`,
	"the 24 hours up to yesterday, 18 o'clock": `date,clicks
2026-11-25T17:00:00+01:00,1
...
2026-11-25T00:00:00+01:00,1
...`,
	"everything, as one number": "13",
}

// TestRecipes runs the recipes of docs/api.md as they are written, against a server
// that listens.
func TestRecipes(t *testing.T) {
	t.Parallel()
	now, err := time.Parse(time.RFC3339, recipeNow)
	if err != nil {
		t.Fatal(err)
	}
	app := open(t, t.TempDir(), now)
	defer closeApp(t, app)
	var feed strings.Builder
	for _, c := range recipeClicks {
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		country := fmt.Sprintf(`"c":%q,`, c.country)
		if c.country == "" {
			country = ""
		}
		agent := "Mozilla/5.0"
		if c.country == "US" {
			agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 6_0 like Mac OS X) AppleWebKit/536.26 (KHTML, like Gecko) Version/6.0 Mobile/10A403 Safari/8536.25"
		}
		fmt.Fprintf(&feed, `{"a":%q,%s"g":"g%s","h":"%s","l":"ann","hh":"sho.rt","r":%q,"u":"http://example.com/%s","t":%d,"hc":1700000000}`+"\n",
			agent, country, c.hash, c.hash, c.referrer, c.hash, at.Unix())
	}
	if r, err := app.Import(t.Context(), "bitly-feed", strings.NewReader(feed.String()), nil); err != nil || int(r.Clicks) != len(recipeClicks) {
		t.Fatalf("imported %+v, %v", r, err)
	}
	site, err := app.Handler(server.PublicOptions{})
	if err != nil {
		t.Fatal(err)
	}
	listening := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Host = "sho.rt"
		site.ServeHTTP(w, r)
	}))
	defer listening.Close()

	docs, err := os.ReadFile("../../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	block := func(mark string) string {
		_, rest, found := strings.Cut(string(docs), mark+"\n```sh\n")
		block, _, ends := strings.Cut(rest, "\n```")
		if !found || !ends {
			t.Fatalf("docs/api.md has no code block after %s", mark)
		}
		return block
	}
	sh := shell{now: now, vars: map[string]string{}}
	for line := range strings.Lines(block("<!-- recipes: what they need -->")) {
		sh.assign(t, strings.TrimSpace(line))
	}
	sh.vars["at"] = listening.URL + "/v3"
	sh.vars["token"], sh.vars["link"] = token(t, app, "ann"), "http://sho.rt/aaa111"

	tagged, err := http.Get(listening.URL + "/v3/user/link_edit?link=aaa111&edit=tags&tags=promo&access_token=" + sh.vars["token"])
	if err != nil || tagged.Body.Close() != nil || tagged.StatusCode != http.StatusOK {
		t.Fatal(tagged, err)
	}
	seen := map[string]bool{}
	for recipe := range strings.SplitSeq(block("<!-- recipes -->"), "\n\n") {
		name, command, _ := strings.Cut(strings.TrimPrefix(recipe, "# "), "\n")
		want, known := recipes[name]
		if !known || seen[name] {
			t.Errorf("the recipe %q is unknown or comes twice", name)
		}
		seen[name] = true
		target := sh.curl(t, strings.ReplaceAll(command, "\\\n", " "))
		answer, err := http.Get(target)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if warned := answer.Header.Values("Warning"); warned != nil {
			t.Errorf("the answer to the recipe %s has the warning %q", name, warned)
		}
		if got := withoutZeros(string(body)); answer.StatusCode != 200 || got != want {
			t.Errorf("%s: %s\n got %d %s\nwant %s", name, target, answer.StatusCode, got, want)
		}
	}
	if len(seen) != len(recipes) {
		t.Errorf("docs/api.md has only %d of the %d recipes", len(seen), len(recipes))
	}
}

// withoutZeros replaces successive lines that end with ,0 by one line of ....
func withoutZeros(body string) string {
	var lines []string
	for line := range strings.SplitSeq(strings.TrimSpace(body), "\n") {
		if line = strings.TrimSuffix(line, "\r"); strings.HasSuffix(line, ",0") {
			if line = "..."; lines[len(lines)-1] == line {
				continue
			}
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// shell runs as much of a shell as the recipes need. now is its clock.
type shell struct {
	now  time.Time
	vars map[string]string
}

var (
	assignment = regexp.MustCompile(`^([a-z]+)=(\S+|\$\((.*)\))(?:\s+#.*)?$`)
	dateOf     = regexp.MustCompile(`^TZ=\$zone date(?: -d ('?)([a-z0-9 -]+)('?))? \+(\S+)$`)
	variable   = regexp.MustCompile(`\$\{?([a-z]+)\}?`)
)

// assign runs a line such as month=$(TZ=$zone date +%Y-%m-01) # comment.
func (sh *shell) assign(t *testing.T, line string) {
	t.Helper()
	m := assignment.FindStringSubmatch(line)
	if m == nil {
		t.Fatalf("%q is not an assignment", line)
	}
	value := m[2]
	if m[3] != "" {
		value = sh.date(t, m[3])
	}
	sh.vars[m[1]] = value
}

// date returns what date of GNU prints.
func (sh *shell) date(t *testing.T, command string) string {
	t.Helper()
	m := dateOf.FindStringSubmatch(command)
	if m == nil || m[1] != m[3] || strings.Contains(m[2], " ") != (m[1] != "") {
		t.Fatalf("%q is not a command that the test can run", command)
	}
	at := sh.now.In(time.FixedZone("", zoneOf(t, sh.vars["zone"]).Offset(sh.now.Unix())))
	word, days, more := strings.Cut(m[2], " -")
	switch word {
	case "":
	case "yesterday":
		at = at.AddDate(0, 0, -1)
	case "last sunday":
		for at = at.AddDate(0, 0, -1); at.Weekday() != time.Sunday; {
			at = at.AddDate(0, 0, -1)
		}
	default:
		t.Fatalf("the test cannot run %q, because of %q", command, word)
	}
	if more {
		var n int
		if _, err := fmt.Sscanf(days, "%d days", &n); err != nil {
			t.Fatalf("%q: %v", command, err)
		}
		at = at.AddDate(0, 0, -n)
	}
	return strings.NewReplacer("%F", at.Format(time.DateOnly), "%Y", at.Format("2006"), "%m", at.Format("01")).Replace(m[4])
}

// curl returns the URL that a curl command requests.
func (sh *shell) curl(t *testing.T, command string) string {
	t.Helper()
	words := strings.Fields(variable.ReplaceAllStringFunc(command, func(name string) string {
		value, known := sh.vars[variable.FindStringSubmatch(name)[1]]
		if !known {
			t.Fatalf("the command %q uses the variable %s, which has no value", command, name)
		}
		return value
	}))
	if len(words) < 3 || words[0] != "curl" || words[1] != "-sG" {
		t.Fatalf("%q is not a curl command that the test can run", command)
	}
	target, query := words[2], []string{}
	for i := 3; i+1 < len(words); i += 2 {
		switch name, value, _ := strings.Cut(words[i+1], "="); words[i] {
		case "-d":
			query = append(query, words[i+1])
		case "--data-urlencode":
			query = append(query, name+"="+url.QueryEscape(value))
		default:
			t.Fatalf("the test cannot run %q, because of %s", command, words[i])
		}
	}
	if len(words)%2 == 0 {
		t.Fatalf("the option %s of the command %q has no value", words[len(words)-1], command)
	}
	return target + "?" + strings.Join(query, "&")
}
