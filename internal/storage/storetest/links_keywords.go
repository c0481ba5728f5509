package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

func keywordEverywhere(t *testing.T, s LinkStore) {
	own := importLinks(t, s, named(foreign("ann", "h1", "g1", "http://1/"), "own.example", "name"))[0]
	every := importLinks(t, s, named(foreign("ann", "h2", "g2", "http://2/"), "", "name"))[0]
	same(t, "a keyword of every domain precedes that of the domain", linkByName(t, s, "own.example", "name"), own)
	same(t, "an older keyword of another domain precedes that of every domain", linkByName(t, s, "bit.ly", "name"), every)
	same(t, "a name alone does not find the keyword of every domain", linkByName(t, s, "", "name"), every)
	importLinks(t, s, foreign("ann", "name", "g3", "http://3/"))
	same(t, "a hash precedes the keyword of every domain", linkByName(t, s, "bit.ly", "name"), every)
	all, err := s.Keywords(context.Background(), []click.LinkID{every.ID})
	if err != nil || len(all) != 1 || all[0] != (store.Keyword{Link: every.ID, Keyword: "name"}) {
		t.Errorf("a keyword of every domain is listed as %+v, %v", all, err)
	}
}

func linkByKeyword(t *testing.T, s store.Links, domain, name string) store.Link {
	t.Helper()
	l, err := s.LinkByKeyword(context.Background(), domain, click.Hash(name))
	if err != nil {
		t.Fatalf("a known keyword, %q on %q, was not found: %v", name, domain, err)
	}
	return l
}

func keywordCase(t *testing.T, s LinkStore) {
	got := importLinks(t, s,
		named(foreign("ann", "Hash", "g1", "http://1/"), "old.example", "Ära"),
		named(foreign("ann", "h2", "g2", "http://2/"), "", "ÄRA"),
		named(foreign("ann", "h3", "g3", "http://3/"), "j.mp", "ära"),
		named(foreign("ann", "h4", "g4", "http://4/"), "J.MP", "äRA"),
		named(foreign("ann", "h5", "g5", "http://5/"), "later.example", "Only"))
	same(t, "of the keywords of a domain that differ in case, not the oldest was found", linkByKeyword(t, s, "J.mp", "ÄRa"), got[2])
	same(t, "on another domain the keyword of every domain was not found", linkByKeyword(t, s, "sho.rt", "ära"), got[1])
	same(t, "a keyword of another domain was not found", linkByKeyword(t, s, "sho.rt", "oNLY"), got[4])
	for _, name := range []string{"hash", "HASH", "G1", "ära ", "ara", "", "\xff", "\ufffd"} {
		if l, err := s.LinkByKeyword(context.Background(), "j.mp", click.Hash(name)); !errors.Is(err, click.ErrNotFound) {
			t.Errorf("%q, which is no keyword, gave %+v, %v", name, l, err)
		}
	}
}

func namesInUse(t *testing.T, s LinkStore) {
	importLinks(t, s,
		named(foreign("ann", "Hash", "g1", "http://1/"), "old.example", "Ära"),
		named(foreign("ann", "h2", "", "http://2/"), "", "Every"))
	used := []click.Hash{"Hash", "g1", "h2", "Ära", "äRA", "Every", "EVERY"}
	free := []click.Hash{"hash", "G1", "H2", "ära ", "new", "", "\xff", "\ufffd"}
	for i := range 100 { // more than one query has
		free = append(free, click.Hash(fmt.Sprintf("new%d", i)))
	}
	got, err := s.NamesInUse(context.Background(), append(free, append(used, used...)...))
	if err != nil || len(got) != len(used) {
		t.Errorf("of the names in use, %q, these are reported: %v, %v", used, got, err)
	}
	for _, name := range used {
		if !got[name] {
			t.Errorf("%q is in use, and is not reported", name)
		}
	}
	if got, err := s.NamesInUse(context.Background(), nil); err != nil || len(got) > 0 {
		t.Errorf("of no names, %v are in use, %v", got, err)
	}
}

// nameLink gives a name, or fails because the holder has it; the zero link if it must not fail.
func nameLink(t *testing.T, s store.Links, l store.Link, domain, name string, overwrite bool, holder store.Link) {
	t.Helper()
	got, err := s.NameLink(context.Background(), store.Keyword{Link: l.ID, Domain: domain, Keyword: click.Hash(name)}, overwrite)
	if got != holder || (err != nil) != (holder.ID != 0) || err != nil && !errors.Is(err, click.ErrExists) {
		t.Errorf("naming %q %q on %q (overwrite: %t) gave %+v, %v; want the holder %+v", l.Hash, name, domain, overwrite, got, err, holder)
	}
}

func keywordsOf(t *testing.T, s store.Links, l store.Link, want ...string) {
	t.Helper()
	all, err := s.Keywords(context.Background(), []click.LinkID{l.ID})
	if err != nil || len(all) != len(want) {
		t.Errorf("the keywords of %q are %v, %v; want %q", l.Hash, all, err, want)
		return
	}
	for i, k := range all {
		same(t, "a keyword of "+string(l.Hash)+" differs", k.Domain+"/"+string(k.Keyword), want[i])
	}
}

func nameFree(t *testing.T, s LinkStore) {
	l := importLinks(t, s, foreign("ann", "h", "g", "http://a/"))[0]
	nameLink(t, s, l, "Sho.RT", "Sale", false, store.Link{})
	nameLink(t, s, l, "", "ära", false, store.Link{})
	nameLink(t, s, l, "other.example", "Sale", false, store.Link{})
	same(t, "a name was not found on its domain", linkByName(t, s, "sho.rt", "Sale"), l)
	same(t, "a name of every domain was not found", linkByName(t, s, "any.example", "ära"), l)
	for _, again := range [][2]string{{"sho.rt", "Sale"}, {"", "ära"}, {"", "h"}, {"sho.rt", "h"}} {
		nameLink(t, s, l, again[0], again[1], false, store.Link{})
	}
	keywordsOf(t, s, l, "sho.rt/Sale", "/ära", "other.example/Sale")
	// Another case is another keyword, or a link of another domain would be found first.
	o := importLinks(t, s, named(foreign("bob", "i", "j", "http://b/"), "third.example", "SALE"))[0]
	same(t, "a keyword of another domain was not found", linkByName(t, s, "sho.rt", "SALE"), o)
	nameLink(t, s, l, "sho.rt", "SALE", false, store.Link{})
	same(t, "another case of a name was not found", linkByName(t, s, "sho.rt", "SALE"), l)
}

func nameTaken(t *testing.T, s LinkStore) {
	got := importLinks(t, s,
		foreign("ann", "h", "g", "http://a/"), named(foreign("bob", "i", "j", "http://b/"), "sho.rt", "Word"), named(foreign("bob", "k", "l", "http://c/"), "", "Every"))
	l, bobs, every := got[0], got[1], got[2]
	for _, c := range []struct {
		domain, name string
		holder       store.Link
	}{
		{"", "i", bobs},
		{"sho.rt", "i", bobs},
		{"sho.rt", "j", linkByID(t, s, bobs.Aggregate)},
		{"", "g", linkByID(t, s, l.Aggregate)},
		{"Sho.rt", "WORD", bobs},
		{"", "word", bobs},
		{"other.example", "eVERY", every},
		{"", "every", every},
	} {
		for _, overwrite := range []bool{false, true} {
			nameLink(t, s, l, c.domain, c.name, overwrite, c.holder)
		}
		if holder, err := s.NameHolder(context.Background(), c.domain, click.Hash(c.name)); err != nil || holder != c.holder {
			t.Errorf("the holder of %q on %q is %+v, %v; want %+v", c.name, c.domain, holder, err, c.holder)
		}
	}
	keywordsOf(t, s, l)
	for _, free := range []string{"I", "word", "new"} {
		if holder, err := s.NameHolder(context.Background(), "other.example", click.Hash(free)); !errors.Is(err, click.ErrNotFound) {
			t.Errorf("the holder of the free name %q is %+v, %v", free, holder, err)
		}
		nameLink(t, s, l, "other.example", free, false, store.Link{})
	}
	keywordsOf(t, s, l, "other.example/I", "other.example/word", "other.example/new")
}

func nameOverwritten(t *testing.T, s LinkStore) {
	got := importLinks(t, s,
		named(foreign("ann", "h", "g", "http://a/"), "sho.rt", "Word"), foreign("ann", "i", "j", "http://b/"), named(foreign("bob", "k", "l", "http://c/"), "", "bobs"))
	nameLink(t, s, got[1], "sho.rt", "word", false, got[0])
	nameLink(t, s, got[1], "sho.rt", "word", true, store.Link{})
	same(t, "a name that was moved does not find its new link", linkByName(t, s, "sho.rt", "word"), got[1])
	keywordsOf(t, s, got[0])
	nameLink(t, s, got[1], "sho.rt", "WORD", true, store.Link{})
	keywordsOf(t, s, got[1], "sho.rt/WORD")
	noLink(t, s, "sho.rt", "word")
	nameLink(t, s, got[1], "sho.rt", "bobs", true, got[2])
	nameLink(t, s, got[0], "", "word", true, got[1]) // is of another domain, and stays
	keywordsOf(t, s, got[1], "sho.rt/WORD")
}

func nameRefused(t *testing.T, s LinkStore) {
	l := importLinks(t, s, foreign("ann", "h", "g", "http://a/"))[0]
	refused := func(k store.Keyword, want error) {
		t.Helper()
		if holder, err := s.NameLink(context.Background(), k, false); !errors.Is(err, want) || holder != (store.Link{}) {
			t.Errorf("naming %+v gave %+v, %v; want %v", k, holder, err, want)
		}
	}
	for _, text := range []string{"", "\xff", "a\x00"} {
		refused(store.Keyword{Link: l.ID, Domain: "sho.rt", Keyword: click.Hash(text)}, store.ErrText)
	}
	refused(store.Keyword{Link: l.ID, Domain: "\xff", Keyword: "a"}, store.ErrText)
	for _, id := range []click.LinkID{0, l.Aggregate, l.ID + 9} {
		refused(store.Keyword{Link: id, Keyword: "a"}, click.ErrNotFound)
	}
	keywordsOf(t, s, l)
}
