//go:build clients

package clients_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
)

// link is a link, or an aggregate link, which has no owner.
type link struct {
	hash, aggregate string
	owner           string
	longURL         string
	created         int64

	title, note       string
	private, archived bool
	userTS, modified  int64
}

type oneClick struct {
	t        int64 // Unix second
	link     *link
	country  string // "None" if it is unknown
	referrer string // "direct" if there is none
}

// keyword is a name on one domain.
type keyword struct {
	domain, name string
	link         *link
}

type user struct {
	login, fullName string
	since           int64
}

// model holds the content of the files, with the changes of the test.
type model struct {
	links, aggregates map[string]*link // by hash
	users             map[string]*user
	keywords          []keyword // in the order of the files
	clicks            []oneClick
	lines             int
}

// readFeed reads files in order. A link has the properties of the first line that
// describes it.
func readFeed(t *testing.T, files []string) *model {
	t.Helper()
	w := &model{links: map[string]*link{}, aggregates: map[string]*link{}, users: map[string]*user{}}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		s := bufio.NewScanner(z)
		s.Buffer(nil, 1<<20)
		for s.Scan() {
			w.line(s.Bytes())
		}
		if s.Err() != nil {
			t.Fatal(s.Err())
		}
		f.Close()
	}
	return w
}

func (w *model) line(line []byte) {
	var c struct {
		T        int64  `json:"t"`
		Created  int64  `json:"hc"`
		Hash     string `json:"h"`
		Global   string `json:"g"`
		Login    string `json:"l"`
		LongURL  string `json:"u"`
		Referrer string `json:"r"`
		Country  string `json:"c"`
		Domain   string `json:"hh"`
		Keyword  string `json:"kw"`
	}
	w.lines++
	if json.Unmarshal(line, &c) != nil || c.T == 0 {
		return // cut off, or not a click
	}
	if w.users[c.Login] == nil {
		w.users[c.Login] = &user{login: c.Login, since: c.Created}
	}
	l := w.links[c.Hash]
	if l == nil {
		l = w.add(&link{hash: c.Hash, aggregate: c.Global, owner: c.Login, longURL: c.LongURL, created: c.Created})
	}
	if c.Keyword != "" && w.keyword(c.Domain, c.Keyword) == nil {
		w.keywords = append(w.keywords, keyword{c.Domain, c.Keyword, l})
	}
	if c.Country == "" {
		c.Country = "None"
	}
	w.clicks = append(w.clicks, oneClick{c.T, l, c.Country, translate(click.ParseReferrer(c.Referrer))})
}

// add adds a link, and its aggregate link if that is new.
func (w *model) add(l *link) *link {
	l.userTS, l.modified = l.created, l.created
	w.links[l.hash] = l
	if w.aggregates[l.aggregate] == nil {
		w.aggregates[l.aggregate] = &link{
			hash: l.aggregate, aggregate: l.aggregate, longURL: l.longURL,
			created: l.created, userTS: l.created, modified: l.created,
		}
	}
	return l
}

func translate(r click.Referrer) string {
	if r == "" {
		return "direct"
	}
	return string(r)
}

// keyword returns the link of a keyword, or nil. If the domain is empty, it returns that of
// the first keyword with that name.
func (w *model) keyword(domain, name string) *link {
	for _, k := range w.keywords {
		if k.name == name && (domain == "" || k.domain == domain) {
			return k.link
		}
	}
	return nil
}

// logins returns the users, those with most clicks first.
func (w *model) logins() []string {
	clicks := map[string]int{}
	for _, h := range w.clicks {
		clicks[h.link.owner]++
	}
	return slices.SortedFunc(maps.Keys(clicks), func(a, b string) int {
		if clicks[a] != clicks[b] {
			return clicks[b] - clicks[a]
		}
		if a < b {
			return -1
		}
		return 1
	})
}
