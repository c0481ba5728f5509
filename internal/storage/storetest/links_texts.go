package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

func oddTexts() []string {
	return []string{
		"'", `"`, `\`, "--", "; DROP TABLE links", "$1", "%", "_", "?", "*", "NULL", "0", "1e3", "007",
		" ", " a ", "\t", "\n", "\u0001", "\u007f", "\ufeff", "\u202e", "\ufffd",
		"ä", "a\u0308", "ß", "ẞ", "İ", "ı", "日本語", "🐾", "\U0010ffff",
		strings.Repeat("u", 9000), "http://example.com/" + strings.Repeat("ü/", 20000),
	}
}

func linkTexts(t *testing.T, s LinkStore) {
	texts := oddTexts()
	var links []store.ForeignLink
	for _, text := range texts {
		links = append(links, named(foreign(text, text, "g"+text, text), "d"+text, "k"+text))
	}
	got := importLinks(t, s, links...)
	for i, l := range got {
		same(t, "a hash was not kept byte for byte", string(l.Hash), texts[i])
		l = linkByID(t, s, l.ID)
		same(t, "a stored link differs from the one that was returned", l, got[i])
		same(t, "a long URL was not kept byte for byte", l.LongURL, texts[i])
		same(t, "a hash does not find its link", linkByName(t, s, "", texts[i]), l)
		same(t, "an aggregate hash does not find its link", linkByName(t, s, "", "g"+texts[i]).ID, l.Aggregate)
		same(t, "a keyword does not find its link", linkByName(t, s, "d"+texts[i], "k"+texts[i]), l)
		u, err := s.UserByLogin(context.Background(), texts[i])
		if err != nil || u.ID != l.User {
			t.Errorf("login %q does not find the user of the link: %+v, %v", texts[i], u, err)
		}
	}
}

func linkRefused(t *testing.T, s LinkStore) {
	ctx := context.Background()
	good := named(foreign("ann", "h", "g", "http://a/"), "j.mp", "word")
	for _, text := range []string{"", "\xff", "a\xc3", "\xed\xa0\x80", "a\x00b", "\x00"} {
		bad := []store.ForeignLink{good, good, good, good, good}
		bad[0].Login = text
		bad[1].Hash = click.Hash(text)
		bad[2].LongURL = text
		bad[3].Domain = text
		if text == "" { // every domain
			bad[3].Domain, bad[3].Keyword = "j.mp", ""
		}
		bad[4].Keyword = click.Hash(text)
		if text != "" {
			l := good
			l.AggregateHash = click.Hash(text)
			bad = append(bad, l)
		}
		for _, l := range bad {
			if _, err := s.ImportLinks(ctx, []store.ForeignLink{l}); !errors.Is(err, store.ErrText) {
				t.Errorf("a link with the text %q gave %v, not store.ErrText", text, err)
			}
		}
		if u, err := s.AddUser(ctx, text, 0); !errors.Is(err, store.ErrText) {
			t.Errorf("the login %q gave %+v and %v, not store.ErrText", text, u, err)
		}
	}
	importLinks(t, s, good)
}

// linkLargeBatch covers the sizes at which an engine may split a batch.
func linkLargeBatch(t *testing.T, s LinkStore) {
	const size, distinct = 10_000, 1237
	links := make([]store.ForeignLink, size)
	for i := range links {
		n := i * 7 % distinct
		links[i] = named(foreign(fmt.Sprintf("user%d", n%150), fmt.Sprintf("h%d", n), fmt.Sprintf("g%d", n%1000),
			fmt.Sprintf("http://example.com/%d", n%1000)), "j.mp", fmt.Sprintf("k%d", n%500))
	}
	ids := make(map[click.LinkID]bool)
	aggregates := make(map[click.LinkID]bool)
	first := importLinks(t, s, links...)
	for i, l := range first {
		same(t, "a large batch returned a link with another hash", l.Hash, links[i].Hash)
		ids[l.ID], aggregates[l.Aggregate] = true, true
	}
	same(t, "a large batch did not make each link once", len(ids), distinct)
	same(t, "a large batch did not make each aggregate link once", len(aggregates), 1000)
	users, err := s.ListUsers(context.Background(), "", size)
	if err != nil || len(users) != 150 {
		t.Errorf("a large batch made %d users, not 150 (%v)", len(users), err)
	}
	for i, l := range importLinks(t, s, links...) {
		if l != first[i] {
			t.Fatalf("the same batch returned another link the second time:\n got %+v\nwant %+v", l, first[i])
		}
	}
	for i := range distinct { // the first 1237 are distinct, in the order given
		if n := i * 7 % distinct; n < 500 {
			same(t, "a keyword of a large batch does not find the first link that has it",
				linkByName(t, s, "j.mp", fmt.Sprintf("k%d", n)).ID, firstOf(first[:distinct], links, fmt.Sprintf("k%d", n)))
		}
	}
}

func firstOf(made []store.Link, links []store.ForeignLink, keyword string) click.LinkID {
	for i, l := range made {
		if links[i].Keyword == click.Hash(keyword) {
			return l.ID
		}
	}
	return 0
}

func linkConcurrency(t *testing.T, s LinkStore) {
	const workers, rounds = 6, 8
	answers := make([][]store.Link, workers)
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			for round := range rounds {
				var links []store.ForeignLink
				for i := range 20 {
					n := fmt.Sprintf("%d", round*10+i) // half of them again
					links = append(links, named(foreign(fmt.Sprintf("user%d", w), "h"+n, "g"+n, "http://"+n+"/"), "j.mp", "k"+n))
				}
				got, err := s.ImportLinks(context.Background(), links)
				if err != nil {
					t.Errorf("a concurrent import failed: %v", err)
					return
				}
				answers[w] = append(answers[w], got...)
			}
		})
	}
	group.Wait()
	known := make(map[click.Hash]store.Link)
	byID := make(map[click.LinkID]click.Hash)
	for _, answer := range answers {
		for _, l := range answer {
			if first, ok := known[l.Hash]; ok && first != l {
				t.Fatalf("two imports returned different owners of a hash:\n%+v\n%+v", first, l)
			}
			if hash, ok := byID[l.ID]; ok && hash != l.Hash {
				t.Fatalf("id %d is used for %q and for %q", l.ID, hash, l.Hash)
			}
			known[l.Hash], byID[l.ID] = l, l.Hash
		}
	}
	for hash, l := range known {
		same(t, "a concurrent import returned another link than the one that was made", linkByName(t, s, "", string(hash)), l)
	}
}
