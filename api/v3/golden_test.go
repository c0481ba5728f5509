package v3_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	v3 "github.com/footfall/footfall/api/v3"
	"github.com/footfall/footfall/click"
	"github.com/footfall/footfall/links"
	"github.com/footfall/footfall/metrics"
	"github.com/footfall/footfall/rollup"
	"github.com/footfall/footfall/store"
	"github.com/footfall/footfall/store/storetest"
)

var update = flag.Bool("update", false, "rewrite the golden wire files")

// now is when every question is asked: 2013-03-14 12:59:25 UTC, in New York
// four days after the change of clocks.
var now = time.Unix(1363265965, 0)

// clicks are the clicks of user 1 on link 1.
func clicks() []click.Click {
	var list []click.Click
	for _, c := range []struct {
		at      string
		country string
		n       int
	}{
		{"2013-03-14T12:59:10Z", "US", 3},
		{"2013-03-14T12:40:00Z", "GB", 1},
		{"2013-03-14T11:00:00Z", "", 2},
		{"2013-03-13T23:00:00Z", "US", 5},
		{"2013-03-13T22:00:00Z", "NZ", 2},
		{"2013-03-13T22:00:00Z", "OM", 2},
		{"2013-03-13T22:00:00Z", "", 2},
		{"2013-03-10T06:30:00Z", "CA", 7},
		{"2013-01-01T05:00:00Z", "US", 1},
		{"1980-01-01T00:00:00Z", "US", 1},
	} {
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			panic(err)
		}
		for range c.n {
			list = append(list, click.Click{Time: at.UnixMilli(), User: 1, Link: 1, Country: click.ParseCountry(c.country)})
		}
	}
	return list
}

// newAPI answers from those clicks. The token "good" is of user ann, "new" of
// one without clicks, and "broken" makes the store of users fail.
func newAPI(t testing.TB) *v3.API {
	counts := new(storetest.MemoryClicks)
	b := &store.Batch{To: 1, MinutesFrom: now.Unix() - 7200 - now.Unix()%3600}
	cells, minutes := map[rollup.Key]uint64{}, map[rollup.Key]uint64{}
	for _, c := range clicks() {
		rollup.Each(c, rollup.QuarterHour, func(k rollup.Key) { cells[k]++ })
		if c.Time/1000 >= b.MinutesFrom {
			rollup.Each(c, rollup.Minute, func(k rollup.Key) { minutes[k]++ })
		}
	}
	for k, n := range cells {
		b.Cells = append(b.Cells, rollup.Cell{Key: k, Clicks: n})
	}
	for k, n := range minutes {
		b.Minutes = append(b.Minutes, rollup.Cell{Key: k, Clicks: n})
	}
	if err := counts.Record(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	users := storetest.NewMemoryLinks()
	for _, login := range []string{"ann", "bob"} {
		if _, err := users.AddUser(t.Context(), login, 1); err != nil {
			t.Fatal(err)
		}
	}
	short, err := links.New(links.Options{
		Links: users, Domains: []string{"sho.rt", "j.mp"}, Now: func() time.Time { return now }, Random: &dice{},
	})
	if err != nil {
		t.Fatal(err)
	}
	return v3.New(v3.Options{
		Links: short,
		User: func(_ context.Context, token string) (store.User, error) {
			switch token {
			case "good":
				return store.User{ID: 1, Login: "ann"}, nil
			case "new":
				return store.User{ID: 2, Login: "bob"}, nil
			case "broken":
				return store.User{}, errors.New("disk /secret/path is on fire")
			case "away":
				return store.User{}, fmt.Errorf("database: %w", click.ErrUnavailable)
			case "panic":
				panic("a bug")
			}
			return store.User{}, click.ErrNotFound
		},
		Metrics: metrics.New(counts),
		Now:     func() time.Time { return now },
		Log:     slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
}

// dice is randomness that everybody can guess: the same hashes in every run.
type dice struct{ n byte }

func (d *dice) Read(b []byte) (int, error) {
	for i := range b {
		d.n += 7
		b[i] = d.n
	}
	return len(b), nil
}

// TestWire holds every exchange of the golden files against the API: a request
// line and headers, and below it what goes over the wire.
func TestWire(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no golden files", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			api := newAPI(t)
			golden, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			for _, block := range strings.Split(string(golden), "\n\n") {
				request := block
				if lines := strings.SplitAfter(block, "\n"); !strings.HasPrefix(block, "#") {
					request = ""
					for _, l := range lines {
						if strings.HasPrefix(l, "< ") {
							break
						}
						request += l
					}
					request = strings.TrimRight(request, "\n")
				}
				if out.Len() > 0 {
					out.WriteString("\n\n")
				}
				out.WriteString(strings.TrimRight(request, "\n"))
				if !strings.HasPrefix(block, "#") {
					out.WriteString("\n" + exchange(t, api, request))
				}
			}
			out.WriteByte('\n')
			if *update {
				if err := os.WriteFile(name, out.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got, want := out.String(), string(golden); got != want {
				g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
				for i := range g {
					if i >= len(w) || g[i] != w[i] {
						t.Fatalf("line %d\n got %s\nwant %s", i+1, g[i], w[min(i, len(w)-1)])
					}
				}
				t.Fatal("the answers are cut short")
			}
		})
	}
}

// exchange sends a request and prints the answer, each line behind "< ".
func exchange(t *testing.T, api http.Handler, request string) string {
	t.Helper()
	lines := strings.Split(request, "\n")
	method, target, _ := strings.Cut(lines[0], " ")
	r := httptest.NewRequest(method, strings.ReplaceAll(target, " ", "%20"), nil)
	for _, l := range lines[1:] {
		key, value, _ := strings.Cut(l, ": ")
		r.Header.Add(key, value)
	}
	w := httptest.NewRecorder()
	api.ServeHTTP(w, r)
	h := w.Result().Header
	var b strings.Builder
	fmt.Fprintf(&b, "< %d %s", w.Code, h.Get("Content-Type"))
	for _, key := range []string{"Allow"} {
		if h.Get(key) != "" {
			fmt.Fprintf(&b, "; %s: %s", key, h.Get(key))
		}
	}
	body, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	if h.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("%s: no Access-Control-Allow-Origin", request)
	}
	wellFormed(t, request, h.Get("Content-Type"), body)
	for l := range strings.SplitSeq(strings.TrimRight(string(body), "\n"), "\n") {
		if l != "" {
			b.WriteString("\n< " + l)
		}
	}
	return b.String()
}

// wellFormed holds a body against a strict parser of its type.
func wellFormed(t *testing.T, request, contentType string, body []byte) {
	t.Helper()
	if len(body) == 0 {
		return
	}
	switch {
	case strings.HasPrefix(contentType, "application/json"):
		if !json.Valid(body) {
			t.Errorf("%s: not JSON: %s", request, body)
		}
	case strings.HasPrefix(contentType, "application/xml"):
		for d := xml.NewDecoder(bytes.NewReader(body)); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				return
			} else if err != nil {
				t.Fatalf("%s: not XML: %v: %s", request, err, body)
			}
		}
	}
}

func TestETag(t *testing.T) {
	api := newAPI(t)
	ask := func(ifNoneMatch string) *http.Response {
		r := httptest.NewRequest("GET", "/v3/user/clicks?access_token=good&unit=day", nil)
		r.Header.Set("If-None-Match", ifNoneMatch)
		w := httptest.NewRecorder()
		api.ServeHTTP(w, r)
		return w.Result()
	}
	etag := ask("").Header.Get("ETag")
	for _, c := range []struct {
		ifNoneMatch string
		want        int
	}{
		{etag, 304}, {`"a", ` + etag, 304}, {"W/" + etag, 304}, {"*", 304}, {`"a"`, 200}, {"", 200}, {strings.Trim(etag, `"`), 200},
	} {
		if got := ask(c.ifNoneMatch); got.StatusCode != c.want || got.Header.Get("ETag") != etag {
			t.Errorf("If-None-Match %s: %d, want %d", c.ifNoneMatch, got.StatusCode, c.want)
		}
	}
}

// FuzzQuery asks with any query: the API never fails on its own account, and
// always answers in the form that was asked for.
func FuzzQuery(f *testing.F) {
	for _, q := range []string{
		"unit=day&units=3", "unit=%zz", "format=xml&unit=day&timezone=Asia/Kolkata", "callback=a.b&unit=hour", "&&==", "unit=day;units=3",
		"unit=minute&units=60&rollup=0", "unit_reference_ts=4102444799000&timezone=+14", "limit=1000&unit=month&rollup=FALSE", "days=99999999999999999999",
	} {
		f.Add("clicks", q)
		f.Add("countries", q)
	}
	f.Fuzz(func(t *testing.T, method, query string) {
		api := newAPI(t)
		r := httptest.NewRequest("GET", "/v3/user/clicks", nil)
		r.URL.RawQuery = "access_token=good&" + query
		if method == "countries" {
			r.URL.Path = "/v3/user/countries"
		}
		w := httptest.NewRecorder()
		api.ServeHTTP(w, r)
		wellFormed(t, query, w.Header().Get("Content-Type"), w.Body.Bytes())
		if strings.Contains(w.Body.String(), "UNKNOWN_ERROR") || strings.Contains(w.Body.String(), "TEMPORARILY") {
			t.Fatalf("%s: %s", query, w.Body)
		}
	})
}

// TestDocs runs the examples of docs/api.md.
func TestDocs(t *testing.T) {
	api := newAPI(t)
	docs, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(docs), "<!-- api/v3: example -->\n```\n")[1:]
	if len(blocks) == 0 {
		t.Fatal("docs/api.md has no examples")
	}
	for _, block := range blocks {
		block, _, _ = strings.Cut(block, "\n```")
		for example := range strings.SplitSeq(block, "\n\n") {
			request, want, _ := strings.Cut(example, "\n")
			if got := strings.TrimPrefix(exchange(t, api, request), "< 200 application/json; charset=utf-8\n< "); got != want {
				t.Errorf("%s\n got %s\nwant %s", request, got, want)
			}
		}
	}
}
