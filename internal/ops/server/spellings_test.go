package server

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/faces/feed"
	"github.com/footfall/footfall/internal/ops/datadir"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/logtest"
)

var updateSpellings = flag.Bool("update-spellings", false, "write testdata/spellings.txt again")

// spellings passes links as people write them to every part that reads them.
type spellings struct {
	t     *testing.T
	app   *App
	site  http.Handler
	token string
	// names are the last parts of the long URLs, by link.
	names map[click.LinkID]string
	lines int // imported so far; each line has another second, because a line that comes again does not count
}

func newSpellings(t *testing.T) *spellings {
	now := time.Unix(1_400_000_000, 0)
	app, err := Open(t.Context(), Options{
		Data:    datadir.Options{Path: t.TempDir(), Create: true, Now: func() time.Time { return now }, Log: logtest.To(t)},
		Domains: []string{"sho.rt", "xn--bcher-kva.rt", "port.rt:8080"}, Host: "sho.rt",
	})
	if err != nil {
		t.Fatal(err)
	}
	s := &spellings{t: t, app: app, names: map[click.LinkID]string{}}
	if s.site, err = app.Handler(PublicOptions{}); err != nil {
		t.Fatal(err)
	}
	if s.token, err = app.AddUser(t.Context(), "bob"); err != nil {
		t.Fatal(err)
	}
	line := `{"type":"link","user":"ann","hash":%q,"aggregate_hash":%q,"long_url":"http://example.org/%s","created":1300000000,"keywords":[{"domain":%q,"keyword":%q}]}` + "\n"
	s.imports("ndjson", fmt.Sprintf(line, "abc", "gabc", "abc", "go.example", "word")+
		fmt.Sprintf(line, "deep/key", "gdeep", "deep", "go.example", "kdeep")+
		fmt.Sprintf(line, "word", "gword", "hash", "other.example", "kword"))
	for id := click.LinkID(1); ; id++ {
		l, err := app.data.DB.LinkByID(t.Context(), id)
		if err != nil {
			return s
		}
		s.names[id] = strings.TrimPrefix(l.LongURL, "http://example.org/")
	}
}

func (s *spellings) imports(format, lines string) feed.Result {
	s.t.Helper()
	r, err := s.app.Import(s.t.Context(), format, strings.NewReader(lines), func(feed.Rejected) {})
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

// request returns the host and target that a client sends for a spelling.
func request(written string) (host, target string) {
	host, rest := "sho.rt", written
	if _, after, ok := strings.Cut(written, "://"); ok {
		rest = after
	}
	if before, after, ok := strings.Cut(rest, "/"); ok {
		if before != "" {
			host = before
		}
		rest = after
	}
	target, _, _ = strings.Cut("/"+rest, "#")
	return host, target
}

// visitor sends the request, byte for byte.
func (s *spellings) visitor(written string) string {
	host, target := request(written)
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader("GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n")))
	if err != nil {
		return "-"
	}
	r.RemoteAddr = "192.0.2.1:1"
	w := httptest.NewRecorder()
	s.site.ServeHTTP(w, r)
	return strings.TrimPrefix(w.Header().Get("Location"), "http://example.org/")
}

func (s *spellings) api(written string) string {
	w := httptest.NewRecorder()
	s.site.ServeHTTP(w, httptest.NewRequest("GET", "http://sho.rt/v3/expand?access_token="+s.token+"&shortUrl="+url.QueryEscape(written), nil))
	var answer struct {
		Data struct {
			Expand []struct {
				LongURL string `json:"long_url"`
			}
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || len(answer.Data.Expand) != 1 {
		return ""
	}
	return strings.TrimPrefix(answer.Data.Expand[0].LongURL, "http://example.org/")
}

func (s *spellings) operator(written string) string {
	l, err := s.app.link(s.t.Context(), written)
	if err != nil && !errors.Is(err, click.ErrNotFound) {
		s.t.Errorf("%q: %v", written, err)
	}
	return s.names[l.ID]
}

// imported imports a line, and returns the link on which its click is counted.
func (s *spellings) imported(format, line string) string {
	s.t.Helper()
	s.lines++
	before := s.clicks()
	s.imports(format, line+"\n")
	for id, n := range s.clicks() {
		if n != before[id] {
			return s.names[id]
		}
	}
	return ""
}

func (s *spellings) clicks() map[click.LinkID]uint64 {
	counted := map[click.LinkID]uint64{}
	for id := range s.names {
		l, err := s.app.data.DB.LinkByID(s.t.Context(), id)
		if err != nil {
			s.t.Fatal(err)
		}
		counts, err := s.app.data.Counts.Counts(s.t.Context(), store.Query{Scope: rollup.Scope{User: l.User, Link: id}, Facet: rollup.All, Edges: []int64{0, 2_000_000_700}})
		if err != nil {
			s.t.Fatal(err)
		}
		for _, c := range counts {
			counted[id] += c.Clicks
		}
	}
	return counted
}

func (s *spellings) ndjson(written string) string {
	line, err := json.Marshal(map[string]any{"link": written, "ts": 1_390_000_000 + s.lines})
	if err != nil {
		s.t.Fatal(err)
	}
	return s.imported("ndjson", string(line))
}

func (s *spellings) combined(written string) string {
	host, target := request(written)
	at := time.Unix(1_390_000_000+int64(s.lines), 0).UTC().Format("02/Jan/2006:15:04:05 -0700")
	return s.imported("combined", fmt.Sprintf(`%s 192.0.2.1 - - [%s] "GET %s HTTP/1.1" 301 0 "-" "Mozilla/5.0"`, host, at, target))
}

// own returns own if the spelling is a short link of this installation, to which a
// link may not lead.
func (s *spellings) own(written string) string {
	own, err := s.app.links.Own(s.t.Context(), written, "sho.rt")
	if err != nil {
		s.t.Errorf("%q: %v", written, err)
	}
	return map[bool]string{true: "own"}[own]
}

// filter returns sho.rt if a link to the spelling passes exact_domain=sho.rt.
func (s *spellings) filter(written string) string {
	w := store.Words{ExactDomain: "sho.rt"}
	return map[bool]string{true: "sho.rt"}[w.Pass(&store.Link{LongURL: written})]
}

func TestSpellings(t *testing.T) {
	t.Parallel()
	const path = "testdata/spellings.txt"
	table, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s := newSpellings(t)
	defer s.app.mustClose(t)
	var got strings.Builder
	for line := range strings.Lines(string(table)) {
		quoted, _, _ := strings.Cut(line, " | ")
		quoted = strings.TrimSpace(quoted)
		if quoted == "" || strings.HasPrefix(quoted, "#") {
			got.WriteString(line)
			continue
		}
		written := quoted
		if strings.HasPrefix(quoted, `"`) {
			if _, err := fmt.Sscanf(quoted, "%q", &written); err != nil {
				t.Fatal(err)
			}
		}
		fmt.Fprintf(&got, "%-44s", quoted)
		for _, verdict := range []string{s.visitor(written), s.combined(written), s.ndjson(written), s.api(written), s.operator(written), s.own(written), s.filter(written)} {
			if verdict == "" {
				verdict = "."
			}
			fmt.Fprintf(&got, " | %-6s", verdict)
		}
		got.WriteString("\n")
	}
	if *updateSpellings {
		if err := os.WriteFile(path, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got.String() != string(table) {
		t.Errorf("the results differ from %s. They are\n%s", path, got.String())
	}
}
