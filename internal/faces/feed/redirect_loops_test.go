package feed_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/storage/store"
)

// TestNoImportedLinkLeadsBack: no imported link leads to itself or to another link of ours, in
// any spelling, and none leads elsewhere than it seems to.
func TestNoImportedLinkLeadsBack(t *testing.T) {
	const back = "which is a short link of this installation"
	for _, c := range []struct {
		longURL, keywordOn, reason string
	}{
		{"http://sho.rt/new", "", back}, // itself
		{"http://sho.rt/new/", "", back},
		{"HTTPS://SHO.RT.:443/./x/%2e%2e/new?a#b", "", back},
		{`http://sho.rt/x\..\new`, "", back},
		{"http://sho.rt/abc", "", back}, // another one
		{"http://sho.rt/none", "", back},
		{"http://bit.ly/new", "", back},
		{"http://bit.ly/newagg", "", back},
		{"http://bit.ly/abc", "", back},
		{"http://bit.ly/none", "", ""},
		{"http://old.example/abc", "", back}, // a domain of keywords
		{"http://old.example:8080/./abc", "", back},
		{"http://old.example/new", "", back},
		{"http://old.example/none", "", ""},
		{"http://own.example/word", "own.example", back}, // of its own keyword
		{"http://own.example/other", "own.example", ""},
		{"http://own.example/word", "", ""},
		{"http://elsewhere.example/new", "", ""},
		{"http://sho.rt/", "", ""},
		{"http://sho.rt/v3/user/info", "", ""},
		{"ftp://elsewhere.example/new", "", ""},
		{`http://good.com\@evil.com/`, "", "it contains a user name or password"},
		{`http://good.com\evil.com/`, "", "the host has a character that hosts may not have"},
		{"http://user:pw@evil.com/", "", "it contains a user name or password"},
		{"http:///evil.com/", "", "the host is missing"},
	} {
		for format, lines := range map[string][2]string{
			"bitly-feed": {`{"t":1360000000,"hc":1,"l":"ann","h":"new","g":"newagg","u":%q%s}`, `,"hh":%q,"kw":"word"`},
			"ndjson":     {`{"type":"link","user":"ann","hash":"new","aggregate_hash":"newagg","long_url":%q,"created":1%s}`, `,"keywords":[{"domain":%q,"keyword":"word"}]`},
		} {
			im := importer(newTape())
			makeLinks(t, im)
			keyword := ""
			if c.keywordOn != "" {
				keyword = fmt.Sprintf(lines[1], c.keywordOn)
			}
			r, rejected := imports(t, im, format, fmt.Sprintf(lines[0], c.longURL, keyword)+"\n")
			reason := strings.Join(rejected, "\n")
			if (reason == "") != (c.reason == "") || !strings.Contains(reason, c.reason) {
				t.Errorf("%s: a link that leads to %q is rejected with %q; want %q", format, c.longURL, reason, c.reason)
			}
			_, err := im.Links.LinkByName(t.Context(), "", "new")
			if made := err == nil; made != (c.reason == "") || r.NoLink != 0 || r.Rejected != uint64(len(rejected)) {
				t.Errorf("%s: a link that leads to %q is made: %t; %+v", format, c.longURL, made, r)
			}
		}
	}
}

// TestNoCircleOfImportedLinks: of two links that lead to each other, at least one is not
// made, from one file or two. Links that existed before stay.
func TestNoCircleOfImportedLinks(t *testing.T) {
	const first, second = `{"type":"link","user":"ann","hash":"one","long_url":"http://old.example/two","created":1}` + "\n",
		`{"type":"link","user":"ann","hash":"two","long_url":"http://old.example/one","created":1}` + "\n"
	im := importer(newTape())
	makeLinks(t, im)
	if _, rejected := imports(t, im, "ndjson", first+second); len(rejected) != 2 {
		t.Errorf("of a circle these are rejected: %q", rejected)
	}
	im = importer(newTape())
	makeLinks(t, im)
	if _, rejected := imports(t, im, "ndjson", first); len(rejected) != 0 {
		t.Errorf("a link that leads nowhere yet is rejected: %q", rejected)
	}
	if _, rejected := imports(t, im, "ndjson", second); len(rejected) != 1 {
		t.Errorf("a link that closes a circle is taken: %q", rejected)
	}

	// A link that was made before the domain was ours stays, and its clicks count.
	im = importer(newTape())
	ours := im.Names
	var err error
	if im.Names, err = links.New(links.Options{Links: im.Links, Domains: []string{"before.example"}}); err != nil {
		t.Fatal(err)
	}
	const link, clicks = `{"type":"link","user":"ann","hash":"one","long_url":"http://sho.rt/one","created":1}` + "\n", `{"ts":1360000000,"hash":"one"}` + "\n"
	imports(t, im, "ndjson", link)
	im.Names = ours
	if r, rejected := imports(t, im, "ndjson", clicks+link); len(rejected) != 0 || r.Clicks != 1 {
		t.Errorf("clicks on a link that is here: %+v, %q", r, rejected)
	}
}

// halting is a store that fails when a link is described.
type halting struct{ store.Links }

func (halting) EditLink(context.Context, click.LinkID, store.LinkEdit) (store.Link, error) {
	return store.Link{}, errBroken
}

// TestDescribedFromTheBeginning: a link is made with its details. So a private link is never
// public, not even between two writes.
func TestDescribedFromTheBeginning(t *testing.T) {
	const line = `{"type":"link","user":"ann","hash":"secret","long_url":"http://secret/","created":1,"private":true,"archived":true,"title":"T","note":"N","user_ts":2,"modified":3}` + "\n"
	im := importer(newTape())
	im.Links = halting{im.Links}
	imports(t, im, "ndjson", line)
	l, err := im.Links.LinkByName(t.Context(), "", "secret")
	if want := (store.LinkDetails{Private: true, Archived: true, Title: "T", Note: "N", UserTS: 2}); err != nil || l.LinkDetails != want || l.Modified != 3 {
		t.Errorf("a private link is imported as %+v, %v", l, err)
	}
}

// TestImportedLinksAreFoundAtOnce: also if the name was asked for just before, when it was
// unknown, or was that of another link, which a keyword hides now.
func TestImportedLinksAreFoundAtOnce(t *testing.T) {
	for format, line := range map[string]string{
		"bitly-feed": `{"t":1360000000,"hc":1,"l":"ann","h":"new","g":"newagg","u":"http://elsewhere.example/","hh":"sho.rt","kw":%q}`,
		"ndjson":     `{"type":"link","user":"ann","hash":"new","aggregate_hash":"newagg","long_url":"http://elsewhere.example/","created":1,"keywords":[{"domain":"sho.rt","keyword":%q}]}`,
	} {
		for _, keyword := range []string{"word", "abc"} {
			im := importer(newTape())
			makeLinks(t, im)
			for _, name := range []string{"new", "newagg", "word", "abc"} {
				_, err := im.Names.Resolve(t.Context(), "sho.rt", name)
				if (name == "abc") != (err == nil) {
					t.Fatalf("%s before: %v", name, err)
				}
			}
			if _, rejected := imports(t, im, format, fmt.Sprintf(line, keyword)+"\n"); len(rejected) > 0 {
				t.Fatalf("rejected %q", rejected)
			}
			for _, name := range []string{"new", "newagg", keyword} {
				l, err := im.Names.Resolve(t.Context(), "sho.rt", name)
				if err != nil || l.LongURL != "http://elsewhere.example/" {
					t.Errorf("%s with the keyword %s: %s leads to %q after the import (%v)", format, keyword, name, l.LongURL, err)
				}
			}
		}
	}
}
