package storetest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

// fresh is a link to make, with the Created of foreign.
func fresh(user click.UserID, hash, aggregate, longURL string) store.NewLink {
	return store.NewLink{
		User: user, LongURL: longURL, Hash: click.Hash(hash), AggregateHash: click.Hash(aggregate), Created: 1331822918,
	}
}

// makeLink makes a link, or finds one if wantMade is false.
func makeLink(t *testing.T, s store.Links, n store.NewLink, wantMade bool) store.Link {
	t.Helper()
	l, made, err := s.MakeLink(context.Background(), n)
	if err != nil {
		t.Fatalf("MakeLink(%+v): %v", n, err)
	}
	if made != wantMade {
		t.Errorf("a link, %+v, was made: %t, want %t", n, made, wantMade)
	}
	return l
}

// notMade checks that making the link fails and changes nothing.
func notMade(t *testing.T, s store.Links, n store.NewLink, want error) {
	t.Helper()
	if l, made, err := s.MakeLink(context.Background(), n); !errors.Is(err, want) || made || l != (store.Link{}) {
		t.Errorf("making %+v gave %+v, %t and the error %v, not %v alone", n, l, made, err, want)
	}
}

func makeFound(t *testing.T, s LinkStore) {
	ann := addUser(t, s, "ann", 1)
	l := makeLink(t, s, fresh(ann.ID, "h", "g", "http://a/"), true)
	if l.ID == click.AllLinks || l.Aggregate == click.AllLinks || l.ID == l.Aggregate {
		t.Errorf("a made link and its aggregate link have wrong ids: %+v", l)
	}
	same(t, "a made link has other fields than were given", l, store.Link{
		ID: l.ID, User: ann.ID, Hash: "h", Aggregate: l.Aggregate, AggregateHash: "g", LongURL: "http://a/",
		Created: 1331822918, Modified: 1331822918, LinkDetails: fresh(0, "", "", "").LinkDetails,
	})
	same(t, "the hash of a made link finds another link", linkByName(t, s, "bit.ly", "h"), l)
	same(t, "the id of a made link finds another link", linkByID(t, s, l.ID), l)
	aggregate := store.Link{
		ID: l.Aggregate, User: click.Nobody, Hash: "g", Aggregate: l.Aggregate, AggregateHash: "g",
		LongURL: "http://a/", Created: 1331822918, Modified: 1331822918, LinkDetails: store.LinkDetails{UserTS: 1331822918},
	}
	same(t, "a new aggregate link differs from a link of click.Nobody with the same URL and Created", linkByName(t, s, "bit.ly", "g"), aggregate)
	same(t, "the id of a made aggregate link finds another link", linkByID(t, s, l.Aggregate), aggregate)
}

func makeOnce(t *testing.T, s LinkStore) {
	ann := addUser(t, s, "ann", 1).ID
	first := makeLink(t, s, fresh(ann, "h", "g", "http://a/"), true)
	for _, names := range [][2]string{{"h2", "g2"}, {"h", "g"}, {"g", "g"}, {"h2", "h"}} {
		later := fresh(ann, names[0], names[1], "http://a/")
		later.Created--
		same(t, "a long URL that the user has a link of returned another link", makeLink(t, s, later, false), first)
	}
	same(t, "finding a link changed it", linkByName(t, s, "", "h"), first)
	noLink(t, s, "", "h2")
	noLink(t, s, "", "g2")

	ids := map[click.LinkID]bool{first.ID: true, first.Aggregate: true}
	for i, longURL := range []string{"http://a", "http://a/?", "http://a/#", "http://A/", "HTTP://a/", "http://a/%2f", "http://a/%2F"} {
		l := makeLink(t, s, fresh(ann, fmt.Sprintf("h-%d", i), fmt.Sprintf("g-%d", i), longURL), true)
		if ids[l.ID] || ids[l.Aggregate] {
			t.Errorf("%q shares a link or an aggregate link with another long URL: %+v", longURL, l)
		}
		ids[l.ID], ids[l.Aggregate] = true, true
	}
}

func makeAggregate(t *testing.T, s LinkStore) {
	ann, bob := addUser(t, s, "ann", 1).ID, addUser(t, s, "bob", 1).ID
	first := makeLink(t, s, fresh(ann, "h", "g", "http://a/"), true)
	second := makeLink(t, s, fresh(bob, "i", "unused", "http://a/"), true)
	same(t, "a second user's link of a long URL has another aggregate link", second.Aggregate, first.Aggregate)
	same(t, "a second user's link of a long URL has another aggregate hash", second.AggregateHash, "g")
	if second.ID == first.ID || second.User != bob {
		t.Errorf("a second user got the first one's link: %+v", second)
	}
	noLink(t, s, "", "unused")
	same(t, "a hash that was not needed cannot be used later",
		makeLink(t, s, fresh(ann, "j", "unused", "http://b/"), true).AggregateHash, "unused")

	// An aggregate link that was imported with a link of another long URL belongs to its own long URL.
	imported := importLinks(t, s, foreign("cid", "k", "k2", "http://c/"), foreign("cid", "l", "k2", "http://d/"))
	same(t, "an imported aggregate link was not found by its long URL",
		makeLink(t, s, fresh(ann, "m", "m2", "http://c/"), true).Aggregate, imported[0].Aggregate)
	same(t, "an aggregate link was found by a long URL that is not its own",
		makeLink(t, s, fresh(ann, "n", "n2", "http://d/"), true).AggregateHash, "n2")
}

func makeOldest(t *testing.T, s LinkStore) {
	at := func(l store.ForeignLink, created int64) store.ForeignLink {
		l.Created = created
		return l
	}
	importLinks(t, s, at(foreign("ann", "a", "1", "http://a/"), 30))
	importLinks(t, s,
		at(foreign("ann", "c", "6", "http://a/"), 20), at(foreign("ann", "b", "5", "http://a/"), 20),
		at(foreign("ann", "B", "4", "http://other/"), 10), at(foreign("bob", "A", "7", "http://a/"), 20))
	importLinks(t, s, at(foreign("ann", "d", "3", "http://a/"), 20), at(foreign("ann", "ü", "2", "http://a/"), 20))
	ann, err := s.UserByLogin(context.Background(), "ann")
	if err != nil {
		t.Fatal(err)
	}
	same(t, "of a user's links of a long URL not the oldest, then first by hash, was returned",
		makeLink(t, s, fresh(ann.ID, "x", "y", "http://a/"), false).Hash, "b")
	same(t, "of a long URL's aggregate links not the oldest, then first by hash, was used",
		makeLink(t, s, fresh(addUser(t, s, "cid", 1).ID, "x", "y", "http://a/"), true).AggregateHash, "2")
}

func makeTaken(t *testing.T, s LinkStore) {
	importLinks(t, s, named(foreign("ann", "link", "aggregate", "http://a/"), "j.mp", "keyword"))
	bob := addUser(t, s, "bob", 1).ID
	for _, taken := range []string{"link", "aggregate", "keyword"} {
		for _, longURL := range []string{"http://b/", "http://a/"} { // without and with an aggregate link
			notMade(t, s, fresh(bob, taken, "free", longURL), click.ErrExists)
			notMade(t, s, fresh(bob, "free", taken, longURL), click.ErrExists)
		}
	}
	notMade(t, s, fresh(bob, "free", "free", "http://b/"), click.ErrExists)
	notMade(t, s, fresh(bob, "free", "free", "http://a/"), click.ErrExists)
	noLink(t, s, "", "free")
	same(t, "names that differ in case from known hashes cannot be used",
		makeLink(t, s, fresh(bob, "LINK", "Aggregate", "http://b/"), true).AggregateHash, "Aggregate")
	notMade(t, s, fresh(bob, "Keyword", "free", "http://c/"), click.ErrExists) // its visitors would get this link
	notMade(t, s, fresh(bob, "free", "KEYWORD", "http://c/"), click.ErrExists)
	notMade(t, s, fresh(bob, "LINK", "free", "http://c/"), click.ErrExists)
	notMade(t, s, fresh(bob, "free", "Keyword", "http://c/"), click.ErrExists)
}

func makeUser(t *testing.T, s LinkStore) {
	ann := addUser(t, s, "ann", 1).ID
	makeLink(t, s, fresh(ann, "h", "g", "http://a/"), true)
	for _, user := range []click.UserID{click.Nobody, ann + 1, math.MaxInt64, math.MaxInt64 + 1, math.MaxUint64} {
		for _, longURL := range []string{"http://a/", "http://b/"} {
			notMade(t, s, fresh(user, "i", "j", longURL), click.ErrNotFound)
		}
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := s.MakeLink(cancelled, fresh(ann, "i", "j", "http://b/")); !errors.Is(err, context.Canceled) {
		t.Errorf("making a link with a cancelled context gave %v, not context.Canceled", err)
	}
	noLink(t, s, "", "i")
	noLink(t, s, "", "j")
}

func makeTexts(t *testing.T, s LinkStore) {
	ann := addUser(t, s, "ann", 1).ID
	for _, text := range oddTexts() {
		l := makeLink(t, s, fresh(ann, text, "g"+text, text), true)
		same(t, "a made link's texts were not kept byte for byte", linkByID(t, s, l.ID),
			store.Link{ID: l.ID, User: ann, Hash: click.Hash(text), Aggregate: l.Aggregate,
				AggregateHash: click.Hash("g" + text), LongURL: text, Created: 1331822918, Modified: 1331822918})
		same(t, "a made link is not found by its long URL", makeLink(t, s, fresh(ann, "x", "y", text), false), l)
	}
	for _, text := range []string{"", "\xff", "a\xc3", "\xed\xa0\x80", "a\x00b", "\x00"} {
		notMade(t, s, fresh(ann, text, "y", "http://a/"), store.ErrText)
		notMade(t, s, fresh(ann, "x", text, "http://a/"), store.ErrText)
		notMade(t, s, fresh(ann, "x", "y", text), store.ErrText)
	}
}

func makeThenImport(t *testing.T, s LinkStore) {
	l := makeLink(t, s, fresh(addUser(t, s, "ann", 1).ID, "h", "g", "http://a/"), true)
	same(t, "an import changed a link that was made",
		importLinks(t, s, named(foreign("bob", "h", "other", "http://b/"), "j.mp", "word"))[0], l)
	same(t, "an import did not add a keyword to a made link", linkByName(t, s, "j.mp", "word"), l)
	next := importLinks(t, s, foreign("bob", "i", "g", "http://b/"))[0]
	same(t, "an import made an aggregate link again", next.Aggregate, l.Aggregate)
	if next.ID == l.ID || next.ID == l.Aggregate {
		t.Errorf("an import used an id again: %+v", next)
	}
}

func makeConcurrency(t *testing.T, s LinkStore) {
	const workers, users, urls = 6, 2, 10
	var owners []click.UserID
	for u := range users {
		owners = append(owners, addUser(t, s, fmt.Sprintf("user%d", u), 1).ID)
	}
	type order struct{ user, url int }
	var mu sync.Mutex
	winners := make(map[order]int)
	answers := make(map[order]store.Link)
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			for i := range users * urls {
				o := order{user: i % users, url: i / users}
				name := fmt.Sprintf("%d-%d", w, i)
				l, made, err := s.MakeLink(context.Background(),
					fresh(owners[o.user], "h"+name, "g"+name, fmt.Sprintf("http://%d/", o.url)))
				mu.Lock()
				if known, ok := answers[o]; err != nil || ok && known != l {
					t.Errorf("concurrent calls returned %+v and %+v (%v)", known, l, err)
				}
				answers[o] = l
				if made {
					winners[o]++
				}
				mu.Unlock()
			}
		})
	}
	group.Wait()
	aggregates := make(map[int]click.LinkID)
	for o, l := range answers {
		same(t, "a link was not made exactly once", winners[o], 1)
		same(t, "concurrent calls returned another link than the one that was made", linkByName(t, s, "", string(l.Hash)), l)
		if known, ok := aggregates[o.url]; ok && known != l.Aggregate {
			t.Errorf("concurrent calls made two aggregate links of one long URL: %d and %d", known, l.Aggregate)
		}
		aggregates[o.url] = l.Aggregate
	}
}
