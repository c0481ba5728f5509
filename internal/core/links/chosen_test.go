package links_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

func TestCheckName(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a", "spring-sale", "Spring_Sale", "2026/spring", "v1.2~b", "-a", "--", "_", "été", "e\u0301te\u0301", "हिन्दी", "日本語", "٣", "a.qr", "v3a", strings.Repeat("n", links.MaxName)} {
		if err := links.CheckName(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{
		"", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "./a", "a/.", "a.", "a...", "a b", "a+", "+", "a%", "a?b", "a#b", `a\b`, "a\n", "a\u200b", "\ufeffa", "a,b", "a:b", "a@b", "😀", "\xff", "\ufffd", "a\x00",
		"\u3164", "a\u115fb", "\uffa0a", "pro\u034fmo", "pro\ufe0fmo", "a\u180bb", "a\U000e0100", "a\u202eb", "\u0301a", "-", "-/a", "V3", "v3/x", "OAuth", "healthz", "Robots.txt", "favicon.ico", ".well-known/a", "a.qrcode", "a.QRCode", "x/.qrcode", strings.Repeat("n", links.MaxName+1),
	} {
		if err := links.CheckName(name); !errors.Is(err, links.ErrName) {
			t.Errorf("%q is accepted, or fails with %v", name, err)
		}
	}
}

// TestChosenNamesAreReadAsTheyAre: a short URL with a chosen name leads to it, also in
// other cases and with what programs add to it.
func TestChosenNamesAreReadAsTheyAre(t *testing.T) {
	t.Parallel()
	n := 0
	seedtest.Check(t, func(rt *rapid.T) {
		w := newWorld(t, links.Options{Domains: []string{"sho.rt"}})
		name := rapid.StringOfN(rapid.SampledFrom([]rune("aZ7-_./~éßΣ日")), 1, 9, -1).Draw(rt, "name")
		if links.CheckName(name) != nil {
			return
		}
		n++
		l, _, err := w.Shorten(context.Background(), links.Request{User: w.user, LongURL: "http://a/", Host: "sho.rt", Name: name})
		if err != nil {
			rt.Fatalf("%q: %v", name, err)
		}
		w.importLink(store.ForeignLink{Login: "bob", Hash: "zZ", LongURL: "http://b/"})
		for _, written := range []string{name, strings.ToUpper(name), name + ".", name + "/", "/" + name + "/", name + ".\u00bb"} {
			if len(written) > links.MaxName || strings.ToUpper(name) == written && !strings.EqualFold(name, written) {
				continue
			}
			p, _ := links.ParsePlace(w.ShortURL("sho.rt", click.Hash(written)))
			if got, err := w.Resolve(context.Background(), p.Host, p.Name); got != l {
				rt.Errorf("%q leads to %+v, %v", written, got, err)
			}
			if got, err := w.Find(context.Background(), "sho.rt/"+written, ""); got != l {
				rt.Errorf("Find(%q) is %+v, %v", written, got, err)
			}
		}
	})
	if n == 0 {
		t.Error("no name was chosen")
	}
}

func TestName(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWorld(t, links.Options{Domains: []string{"sho.rt", "j.mp:81"}})
	hosts := []string{"sho.rt", "j.mp", "strange.example"}
	for _, host := range hosts { // unknown, and remembered so
		w.resolves(host, "sale", store.Link{})
		w.resolves(host, "SALE", store.Link{})
	}
	old := w.importLink(store.ForeignLink{Login: "bob", Hash: "theirs", LongURL: "http://b/", Domain: "old.example", Keyword: "Word"})
	for _, host := range hosts {
		w.resolves(host, "WORD", old)
		w.resolves(host, "word", old)
	}
	shorten := func(longURL, name, domain string) (store.Link, bool, error) {
		return w.Shorten(ctx, links.Request{User: w.user, LongURL: longURL, Name: name, Domain: domain, Host: "sho.rt"})
	}
	l, made, err := shorten("http://a/", "Sale", "")
	if err != nil || !made {
		t.Fatal(made, err)
	}
	for _, host := range hosts {
		w.resolves(host, "Sale", l)
		w.resolves(host, "sale", l)
		w.resolves(host, "SALE", l)
	}
	for _, name := range []string{"Sale", "sale", "second", string(l.Hash)} { // a link has many names, and each of them once
		if again, made, err := shorten("http://a/", name, ""); again != l || made || err != nil {
			t.Errorf("%q again gave %+v, %t, %v", name, again, made, err)
		}
	}
	if _, _, err := shorten("http://a/", "word", "j.mp:81"); err != nil {
		t.Fatal(err)
	}
	w.resolves("j.mp", "WORD", l)
	w.resolves("sho.rt", "WORD", old)

	var taken *links.TakenError
	for _, c := range []struct{ name, domain, text string }{
		{"SALE", "", `the name "SALE" is taken: it is a name of the link ` + string(l.Hash)},
		{"sale", "j.mp:81", `the name "sale" is taken: it is a name of the link ` + string(l.Hash)},
		{"theirs", "sho.rt", `the name "theirs" is taken: it is the hash of the link theirs`},
		{string(l.AggregateHash), "", fmt.Sprintf("the name %q is taken: it is the hash of the aggregate link %s", l.AggregateHash, l.AggregateHash)},
		{"word", "", `the name "word" is taken: it is a name of the link theirs`},
	} {
		_, _, err := shorten("http://c/", c.name, c.domain)
		if !errors.As(err, &taken) || err.Error() != c.text || !errors.Is(err, click.ErrExists) {
			t.Errorf("the taken name %q gave %v, want %s", c.name, err, c.text)
		}
	}
	for name, want := range map[string]error{"a b": links.ErrName, "v3": links.ErrName, "x.qrcode": links.ErrName} {
		if _, _, err := shorten("http://c/", name, ""); !errors.Is(err, want) {
			t.Errorf("%q gave %v, want %v", name, err, want)
		}
	}
	if _, _, err := shorten("http://c/", "free", "strange.example"); !errors.Is(err, links.ErrDomain) {
		t.Errorf("a name on another's domain gave %v", err)
	}
	if c, err := w.Lookup(ctx, w.user, "http://c/"); !errors.Is(err, click.ErrNotFound) {
		t.Errorf("names that were refused left %+v, %v", c, err)
	}

	other := w.shorten("http://d/")
	if err := w.Name(ctx, other, links.Naming{Name: "sale"}); !errors.As(err, &taken) {
		t.Errorf("a name of another link gave %v", err)
	}
	for _, host := range hosts { // remembered as they were written
		w.resolves(host, "Sale", l)
		w.resolves(host, "SALE", l)
	}
	if err := w.Name(ctx, other, links.Naming{Name: "sale", Overwrite: true}); err != nil {
		t.Fatal(err)
	}
	leads := func(to store.Link) {
		t.Helper()
		for _, host := range hosts {
			for _, name := range []string{"sale", "Sale", "SALE"} {
				w.resolves(host, name, to)
			}
		}
	}
	leads(other)
	// A short URL on one domain names it too, and it stays on every domain.
	if err := w.Name(ctx, l, links.Naming{Name: "Sale", Domain: "j.mp:81", Overwrite: true}); err != nil {
		t.Fatal(err)
	}
	leads(l)
	w.importLink(store.ForeignLink{Login: "bob", Hash: "theirs", LongURL: "http://b/", Keyword: "bobs"})
	if err := w.Name(ctx, l, links.Naming{Name: "bobs", Domain: "sho.rt", Overwrite: true}); !errors.As(err, &taken) {
		t.Errorf("a name of another user gave %v", err)
	}
}

func TestTooManyNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t, links.Options{})
	l := w.shorten("http://a/")
	name := func(i int) error { return w.Name(context.Background(), l, links.Naming{Name: fmt.Sprint("name", i)}) }
	for i := range links.MaxNames {
		if err := name(i); err != nil {
			t.Fatal(err)
		}
	}
	if err := name(links.MaxNames); !errors.Is(err, links.ErrName) {
		t.Errorf("name %d gave %v", links.MaxNames, err)
	}
	if err := name(0); err != nil {
		t.Errorf("a name that the link has gave %v", err)
	}
}

// TestNewNameReplacesRememberedAnswers: an imported keyword on every domain is found at once
// on all hosts.
func TestNewNameReplacesRememberedAnswers(t *testing.T) {
	t.Parallel()
	for _, domains := range [][]string{{"sho.rt"}, nil} {
		w := newWorld(t, links.Options{Domains: domains})
		old := w.importLink(store.ForeignLink{Login: "bob", Hash: "word", LongURL: "http://a/", Domain: "old.example", Keyword: "OLD"})
		for _, host := range []string{"sho.rt", "strange.example"} {
			w.resolves(host, "word", old)
			w.resolves(host, "old", old)
		}
		for _, name := range []string{"word", "Old"} {
			f := store.ForeignLink{Login: "bob", Hash: click.Hash("h" + name), LongURL: "http://b/", Keyword: click.Hash(name)}
			l := w.importLink(f)
			w.ForgetImported(f)
			for _, host := range []string{"sho.rt", "strange.example"} {
				w.resolves(host, strings.ToLower(name), l)
			}
		}
		w.resolves("sho.rt", "OLD", old) // exactly so
	}
}

func TestKeywordURL(t *testing.T) {
	t.Parallel()
	w := newWorld(t, links.Options{Domains: []string{"sho.rt", "j.mp:81"}})
	local := newWorld(t, links.Options{})
	for _, c := range []struct {
		of           *world
		on, at, want string
	}{
		{w, "", "sho.rt", "http://sho.rt/a/b"}, {w, "j.mp", "sho.rt", "http://j.mp:81/a/b"}, {w, "old.example", "sho.rt", "http://old.example/a/b"},
		{local, "localhost", "localhost:8080", "http://localhost:8080/a/b"}, {local, "", "localhost:8080", "http://localhost:8080/a/b"},
	} {
		if got := c.of.KeywordURL(store.Keyword{Domain: c.on, Keyword: "a/b"}, c.at); got != c.want {
			t.Errorf("a keyword on %q is %q, want %q", c.on, got, c.want)
		}
	}
}
