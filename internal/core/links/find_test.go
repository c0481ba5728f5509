package links_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/storage/storetest"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

func TestFind(t *testing.T) {
	t.Parallel()
	kept := storetest.NewMemoryLinks()
	if _, err := kept.ImportLinks(t.Context(), []store.ForeignLink{
		{Login: "ann", Hash: "h", AggregateHash: "g", LongURL: "http://a/", Domain: "go.example", Keyword: "word"},
		{Login: "bitly", Hash: "both", AggregateHash: "both", LongURL: "http://b/"},
		{Login: "ann", Hash: "word", AggregateHash: "w", LongURL: "http://c/"},
		{Login: "ann", Hash: "h/h/", AggregateHash: "w", LongURL: "http://c/"},
		{Login: "ann", Hash: "h/h", AggregateHash: "g", LongURL: "http://a/"},
	}); err != nil {
		t.Fatal(err)
	}
	const host = "asked.example:8080"
	find := func(domains []string, written string) (found, preferred store.Link, err error) {
		l, err := links.New(links.Options{Links: kept, Domains: domains, Now: time.Now, Random: seedtest.Reader(t)})
		if err != nil {
			t.Fatal(err)
		}
		found, err = l.Find(context.Background(), written, host)
		preferred, preferredErr := l.FindPreferAggregate(context.Background(), written, host)
		if errors.Is(err, click.ErrNotFound) != errors.Is(preferredErr, click.ErrNotFound) {
			t.Errorf("%q: Find fails with %v, FindPreferAggregate with %v", written, err, preferredErr)
		}
		return found, preferred, err
	}
	for _, domains := range [][]string{{"sho.rt", "other.rt:81"}, nil} {
		ours := "sho.rt"
		if domains == nil {
			ours = "asked.example"
		}
		for _, c := range []struct{ written, longURL string }{
			{"h", "http://a/"}, {" h ", "http://a/"}, {"g", "http://a/"}, {ours + "/h", "http://a/"}, {"http://" + ours + "/h", "http://a/"},
			{"https://" + ours + ":8080/h?x=1#y", "http://a/"}, {"HTTP://" + ours + "./h/", "http://a/"}, {"ftp://bit.ly/h", "http://a/"},
			{"j.mp/h", "http://a/"}, {"BITLY.com/h", "http://a/"}, {"go.example/h", "http://a/"},
			{"go.example/word", "http://a/"}, {ours + "/word", "http://c/"}, {ours + "/word/", "http://c/"}, {ours + "/h/h", "http://a/"}, {ours + "/h/h/", "http://c/"}, {ours + "/h/h//", "http://c/"}, {ours + "/h//", "http://a/"}, {ours + "//h", "http://a/"}, {"http://" + ours + "//h/", "http://a/"}, {"word", "http://c/"}, {ours + "/%68", "http://a/"},
			{"", ""}, {"/", ""}, {"/h", "http://a/"}, {"//h", "http://a/"}, {ours + "/x/../h", "http://a/"}, {ours + "/.//h", "http://a/"}, {"http://u:p@" + ours + "/h?u=http://x/word", "http://a/"}, {"\u200bh", "http://a/"}, {ours + "/", ""}, {ours, ""}, {ours + "/a/h", ""}, {"strange.example/h", ""}, {ours + "/v3", ""}, {"-", ""},
			{"http:///h", "http://a/"}, {ours + ":x/h", ""}, {ours + ":80/h", "http://a/"}, {"h\x00", ""}, {"\xff", ""}, {ours + "/%zz", ""}, {ours + "/%00", ""}, {"//" + ours + "/h", ""}, {"[::1/h", ""},
		} {
			l, _, err := find(domains, c.written)
			if c.longURL == "" && !errors.Is(err, click.ErrNotFound) || l.LongURL != c.longURL {
				t.Errorf("%q with domains %v is %+v, %v; want %q", c.written, domains, l, err, c.longURL)
			}
		}
	}
	found, preferred, err := find(nil, "both")
	if err != nil || found.User == click.Nobody || preferred.User != click.Nobody || preferred.Hash != "both" {
		t.Errorf("a hash of a link and its aggregate link is %+v, and for questions about clicks %+v, %v", found, preferred, err)
	}
	if found, preferred, err = find(nil, "go.example/word"); err != nil || found != preferred {
		t.Errorf("a keyword is %+v, and for questions about clicks %+v, %v", found, preferred, err)
	}
}

func TestHasDomain(t *testing.T) {
	t.Parallel()
	kept := storetest.NewMemoryLinks()
	if _, err := kept.ImportLinks(t.Context(), []store.ForeignLink{
		{Login: "ann", Hash: "h", AggregateHash: "g", LongURL: "http://a/", Domain: "go.example", Keyword: "word"},
	}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		domains []string
		domain  string
		want    bool
	}{
		{[]string{"sho.rt", "port.example:8080"}, "sho.rt", true},
		{[]string{"sho.rt"}, "SHO.rt.", true},
		{[]string{"sho.rt"}, "sho.rt:80", true},
		{[]string{"sho.rt"}, "sho.rt:", true},
		{[]string{"sho.rt"}, "sho.rt:anything/x", false},
		{[]string{"sho.rt"}, "sho.rt:80/x", false},
		{[]string{"sho.rt"}, "sho.rt:8x", false},
		{[]string{"sho.rt"}, "sho.rt:-1", false},
		{[]string{"sho.rt"}, "sho.rt/x", false},
		{[]string{"sho.rt"}, "http://sho.rt", false},
		{[]string{"sho.rt", "port.example:8080"}, "port.example", true},
		{[]string{"sho.rt"}, "Go.Example:443", true},
		{[]string{"sho.rt"}, "go.example:x", false},
		{[]string{"sho.rt"}, "asked.example", false},
		{[]string{"sho.rt"}, "", false},
		{nil, "asked.example", true},
		{nil, "asked.example:x", false},
		{nil, "sho.rt", false},
	} {
		l, err := links.New(links.Options{Links: kept, Domains: c.domains, Now: time.Now, Random: seedtest.Reader(t)})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := l.HasDomain(t.Context(), c.domain, "asked.example:8080"); got != c.want || err != nil {
			t.Errorf("of %q, %q is ours: %t, %v", c.domains, c.domain, got, err)
		}
	}
}

func TestLookup(t *testing.T) {
	t.Parallel()
	kept := storetest.NewMemoryLinks()
	imported, err := kept.ImportLinks(t.Context(), []store.ForeignLink{
		{Login: "ann", Hash: "1", AggregateHash: "a1", LongURL: "http://A.example", Created: 2},
		{Login: "ann", Hash: "2", AggregateHash: "a2", LongURL: "http://a.example/", Created: 3},
		{Login: "bob", Hash: "3", AggregateHash: "a2", LongURL: "http://a.example/", Created: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	l, err := links.New(links.Options{Links: kept, Now: time.Now, Random: seedtest.Reader(t)})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		user    click.UserID
		longURL string
		want    click.Hash
	}{
		{imported[0].User, "http://A.example", "1"}, // as imported
		{imported[0].User, "HTTP://a.example", "2"}, // as shortened
		{imported[2].User, "http://a.example/", "3"},
		{click.Nobody, "http://a.example/", "a2"},
		{imported[2].User, "http://A.example", "3"},
		{click.Nobody, "http://b.example/", ""},
		{imported[0].User, "\xff", ""}, {imported[0].User, "", ""}, {imported[0].User, "http://a.example/\x00", ""},
	} {
		lookup := l.Lookup
		if c.user == click.Nobody {
			lookup = l.LookupAggregate
		}
		got, err := lookup(t.Context(), c.user, c.longURL)
		if got.Hash != c.want || c.want == "" && !errors.Is(err, click.ErrNotFound) {
			t.Errorf("%q of user %d is %+v, %v; want %q", c.longURL, c.user, got, err, c.want)
		}
	}
}
