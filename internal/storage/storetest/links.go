package storetest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

// LinkSuite checks the rules of store.Links and store.Users. open makes an empty
// store for one rule, and closes it with t.Cleanup.
func LinkSuite(t *testing.T, open func(t *testing.T) LinkStore) {
	laws := []struct {
		name string
		law  func(*testing.T, LinkStore)
	}{
		{"an import returns the links in the order given", linkOrder},
		{"ids are distinct, and aggregate links share the space", linkIDs},
		{"the first link with a hash decides", linkFirstWins},
		{"a hash may name a link and an aggregate link", linkAndAggregate},
		{"an empty aggregate hash is the hash itself", linkEmptyAggregate},
		{"an aggregate link keeps its first long URL", linkAggregateURL},
		{"a long URL may have several aggregate links", linkAggregates},
		{"a keyword stays with the first link that had it", linkKeywordStays},
		{"names are resolved in order of precedence", linkPrecedence},
		{"domains are compared in lower case, names are not", linkCase},
		{"a keyword without a domain is of every domain", keywordEverywhere},
		{"a keyword is found in any case", keywordCase},
		{"names in use are hashes of both kinds, and keywords in any case", namesInUse},
		{"a link gets a name that is free", nameFree},
		{"a name that another link has is not given", nameTaken},
		{"a name may be moved to another link of its user", nameOverwritten},
		{"names that cannot be kept, and of unknown links, are refused", nameRefused},
		{"an import is all or nothing", linkAllOrNothing},
		{"texts are kept byte for byte", linkTexts},
		{"texts that cannot be kept are refused", linkRefused},
		{"unknown names and ids are not found", linkUnknown},
		{"a large batch full of repeats makes each link once", linkLargeBatch},
		{"concurrent imports agree on the first link of a hash", linkConcurrency},
		{"a link that was made is found by its hashes and ids", makeFound},
		{"a user has one made link of a long URL", makeOnce},
		{"links of one long URL share their aggregate link", makeAggregate},
		{"of several links of a long URL the oldest is returned", makeOldest},
		{"a link is made only with names that are free", makeTaken},
		{"a link is made only for a user who exists", makeUser},
		{"texts of a made link are kept byte for byte, or refused", makeTexts},
		{"an import finds links that were made", makeThenImport},
		{"concurrent calls make one link", makeConcurrency},
		{"a made link has the details it was made with", detailsMade},
		{"a later import adds details to a link without any", detailsLater},
		{"links of one user and second get ids in their order", importOrder},
		{"an edit changes only the details that it has", detailsEdited},
		{"an edit with a text that cannot be kept changes nothing", detailsRefused},
		{"a link that leads elsewhere has the aggregate link of its new long URL", editLongURL},
		{"a link is not led elsewhere if a name is taken, or a text cannot be kept", editRefused},
		{"the newest versions of a link are kept", editVersionsKept},
		{"an imported link has the versions that were given", editImported},
		{"versions have their aggregate links", historyAggregates},
		{"links that are led to one long URL at once share its aggregate link", editConcurrency},
		{"links are found by their tags", linkTags},
		{"ids have their hashes, in the order given", linkHashes},
		{"links of a long URL are found, oldest first", linkOfURL},
		{"a user sees an aggregate link if they may see one of its links", aggregatesSeen},
		{"another user's link does not get an aggregate link with the hash of a private link", makePrivateAggregate},
		{"a domain is known if it has keywords", linkDomains},
		{"a user's links are listed, filtered, in pages", linkList},
		{"all links are listed, in pages, with their keywords", linkAll},
		{"a user's links are counted between edges", linkCounts},
		{"a deleted link is not found by any of its names", deleteLink},
		{"aggregate links that a deleted link had are deleted, unless another link has or had them", deleteMoved},
		{"a deleted user is deleted with tokens and links", deleteUser},
		{"random histories are answered as the model answers them", nil},
		{"logins are unique", userUnique},
		{"imports make users, and find existing ones", userImport},
		{"ids of users have their logins, in the order given", userLogins},
		{"users are imported in their order, and existing ones stay", usersImport},
		{"users are listed by login, bytewise, in pages", userList},
		{"a token finds its user", userTokens},
		{"a removed token finds no user", userTokensRemoved},
		{"newer session tokens replace older ones", userSessionTokens},
		{"tokens are listed with their names and last uses", userTokenList},
		{"a session finds its user", userSessions},
		{"a removed session finds no user", userSessionsRemoved},
		{"newer sessions replace older ones", userSessionsReplaced},
		{"a share finds its user, and is of a link or of a tag", userShares},
		{"a removed share is not found, nor one of a deleted link or user", userSharesRemoved},
		{"the version of an apiKey is the one set last", userKeyVersions},
		{"each user has their own full name", userNames},
		{"each user is an admin or disabled alone", userRoles},
		{"the password is the one set last", userPasswords},
		{"the secret is the one offered first", userSecret},
		{"user ids are never reused", userIDs},
		{"concurrent calls make one user", userConcurrency},
	}
	for _, l := range laws {
		t.Run(l.name, func(t *testing.T) {
			if l.law == nil {
				LinkHistories(t, open(t), NewMemoryLinks())
				return
			}
			l.law(t, open(t))
		})
	}
}

// foreign is a link with the given names, for tests in which the rest does not matter.
func foreign(login, hash, aggregate, longURL string) store.ForeignLink {
	return store.ForeignLink{
		Login: login, Hash: click.Hash(hash), AggregateHash: click.Hash(aggregate),
		LongURL: longURL, Created: 1331822918,
	}
}

func named(l store.ForeignLink, domain, keyword string) store.ForeignLink {
	l.Domain, l.Keyword = domain, click.Hash(keyword)
	return l
}

func importLinks(t *testing.T, s store.Links, links ...store.ForeignLink) []store.Link {
	t.Helper()
	got, err := s.ImportLinks(context.Background(), links)
	if err != nil {
		t.Fatalf("an import of valid links failed: %v", err)
	}
	if len(got) != len(links) {
		t.Fatalf("an import of %d links returned %d", len(links), len(got))
	}
	return got
}

func linkByName(t *testing.T, s store.Links, domain, name string) store.Link {
	t.Helper()
	l, err := s.LinkByName(context.Background(), domain, click.Hash(name))
	if err != nil {
		t.Fatalf("a known name, %q on %q, was not resolved: %v", name, domain, err)
	}
	return l
}

func noLink(t *testing.T, s store.Links, domain, name string) {
	t.Helper()
	if l, err := s.LinkByName(context.Background(), domain, click.Hash(name)); !errors.Is(err, click.ErrNotFound) {
		t.Errorf("an unknown name, %q on %q, gave %+v and the error %v, not click.ErrNotFound", name, domain, l, err)
	}
}

func linkByID(t *testing.T, s store.Links, id click.LinkID) store.Link {
	t.Helper()
	l, err := s.LinkByID(context.Background(), id)
	if err != nil {
		t.Fatalf("a known id, %d, was not found: %v", id, err)
	}
	return l
}

func same[T comparable](t *testing.T, rule string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n got %+v\nwant %+v", rule, got, want)
	}
}

func linkOrder(t *testing.T, s LinkStore) {
	links := []store.ForeignLink{
		foreign("ann", "z1", "g2", "http://b/"), foreign("bob", "a1", "g1", "http://a/"),
		foreign("ann", "z1", "g2", "http://b/"), foreign("ann", "m1", "g1", "http://a/"),
	}
	for round := range 2 { // new, then known
		for i, l := range importLinks(t, s, links...) {
			same(t, fmt.Sprintf("round %d: link %d of an import is not that of its hash", round, i), l.Hash, links[i].Hash)
			same(t, "an imported link has another aggregate hash", l.AggregateHash, links[i].AggregateHash)
			same(t, "an imported link has another long URL", l.LongURL, links[i].LongURL)
			same(t, "an imported link has another creation", l.Created, links[i].Created)
			same(t, "the id of an imported link finds another link", linkByID(t, s, l.ID), l)
			same(t, "the hash of an imported link finds another link", linkByName(t, s, "bit.ly", string(l.Hash)), l)
		}
	}
	if got := importLinks(t, s); len(got) != 0 {
		t.Errorf("an empty import returned %d links", len(got))
	}
}

func linkIDs(t *testing.T, s LinkStore) {
	seen := map[click.LinkID]click.Hash{click.AllLinks: "(all links)"}
	for batch := range 3 {
		var links []store.ForeignLink
		for i := range 40 {
			n := fmt.Sprintf("%d-%d", batch, i)
			links = append(links, foreign("ann", "h"+n, "g"+n, "http://"+n+"/"))
		}
		for _, l := range importLinks(t, s, links...) {
			for id, hash := range map[click.LinkID]click.Hash{l.ID: l.Hash, l.Aggregate: l.AggregateHash} {
				if other, taken := seen[id]; taken {
					t.Errorf("id %d was given to %q and to %q", id, other, hash)
				}
				seen[id] = hash
			}
		}
	}
}

func linkFirstWins(t *testing.T, s LinkStore) {
	first := foreign("ann", "h", "g", "http://first/")
	later := foreign("bob", "h", "g2", "http://later/")
	later.Created++
	got := importLinks(t, s, first, later)
	same(t, "a later link of the same batch changed a link", got[1], got[0])
	same(t, "a link of a later batch changed a link", importLinks(t, s, later)[0], got[0])
	same(t, "the first link was not kept", linkByName(t, s, "", "h").LongURL, "http://first/")
	noLink(t, s, "", "g2")
	if u, err := s.UserByLogin(context.Background(), "bob"); !errors.Is(err, click.ErrNotFound) {
		t.Errorf("a later link with a known hash made a user: %+v, %v", u, err)
	}
}

func linkAndAggregate(t *testing.T, s LinkStore) {
	l := importLinks(t, s, foreign("bitly", "h", "h", "http://a/"))[0]
	if l.ID == l.Aggregate || l.User == click.Nobody {
		t.Fatalf("a link with the hash of its aggregate link is not a link of its own: %+v", l)
	}
	aggregate := store.Link{
		ID: l.Aggregate, User: click.Nobody, Hash: "h", Aggregate: l.Aggregate, AggregateHash: "h",
		LongURL: "http://a/", Created: l.Created, Modified: l.Created, LinkDetails: store.LinkDetails{UserTS: l.Created},
	}
	same(t, "the aggregate link differs from a link of click.Nobody with the same URL", linkByID(t, s, l.Aggregate), aggregate)
	same(t, "a hash of a link and of an aggregate link does not find the link", linkByName(t, s, "", "h"), l)

	other := importLinks(t, s, foreign("ann", "o", "h", "http://a/"))[0]
	same(t, "two links with one aggregate hash have different aggregate links", other.Aggregate, l.Aggregate)
	// A hash of an aggregate link, and later of a user's link.
	first := importLinks(t, s, foreign("ann", "p", "q", "http://q/"))[0]
	same(t, "the hash of an aggregate link does not find it", linkByName(t, s, "", "q").ID, first.Aggregate)
	second := importLinks(t, s, foreign("bitly", "q", "q", "http://q/"))[0]
	same(t, "an aggregate link was made twice", second.Aggregate, first.Aggregate)
	same(t, "a hash of a link and of its aggregate link does not find the link", linkByName(t, s, "", "q"), second)
}

func linkEmptyAggregate(t *testing.T, s LinkStore) {
	got := importLinks(t, s, foreign("ann", "h", "", "http://a/"), foreign("bob", "i", "h", "http://a/"))
	same(t, "a link without an aggregate hash got one other than its own hash", got[0].AggregateHash, "h")
	same(t, "an aggregate link that was made without a hash is not found by the link's hash", got[1].Aggregate, got[0].Aggregate)
}

func linkAggregateURL(t *testing.T, s LinkStore) {
	got := importLinks(t, s, foreign("ann", "h", "g", "http://first/"), foreign("bob", "i", "g", "http://later/"))
	same(t, "links with the same aggregate hash have different aggregate links", got[1].Aggregate, got[0].Aggregate)
	same(t, "a link lost its own long URL", got[1].LongURL, "http://later/")
	same(t, "an aggregate link lost its first long URL", linkByID(t, s, got[0].Aggregate).LongURL, "http://first/")
}

func linkAggregates(t *testing.T, s LinkStore) {
	got := importLinks(t, s, foreign("ann", "h", "g1", "http://a/"), foreign("bob", "i", "g2", "http://a/"))
	same(t, "the first link of a URL has another aggregate hash than it was given", got[0].AggregateHash, "g1")
	same(t, "the second link of a URL has another aggregate hash than it was given", got[1].AggregateHash, "g2")
	if got[0].Aggregate == got[1].Aggregate {
		t.Errorf("two aggregate hashes are of one aggregate link: %+v", got)
	}
}

func linkKeywordStays(t *testing.T, s LinkStore) {
	got := importLinks(t, s,
		named(foreign("ann", "h", "g", "http://a/"), "j.mp", "word"),
		named(foreign("bob", "i", "g", "http://a/"), "j.mp", "word"))
	same(t, "a keyword does not find the first link of the batch that has it", linkByName(t, s, "j.mp", "word"), got[0])
	importLinks(t, s, named(foreign("bob", "i", "g", "http://a/"), "j.mp", "word"))
	same(t, "a keyword does not find the link of the first batch that has it", linkByName(t, s, "j.mp", "word"), got[0])
	importLinks(t, s, named(foreign("bob", "i", "g", "http://a/"), "j.mp", "another"))
	same(t, "a known link did not get a second keyword", linkByName(t, s, "j.mp", "another"), got[1])
	importLinks(t, s, named(foreign("bob", "i", "g", "http://a/"), "1.usa.gov", "word"))
	same(t, "a keyword cannot be of different links on different domains", linkByName(t, s, "1.usa.gov", "word"), got[1])
}

func linkPrecedence(t *testing.T, s LinkStore) {
	ctx := context.Background()
	other := importLinks(t, s, named(foreign("ann", "h1", "g1", "http://1/"), "old.example", "name"))[0]
	newer := importLinks(t, s, named(foreign("ann", "h2", "g2", "http://2/"), "new.example", "name"))[0]
	same(t, "a keyword on its own domain does not find its link", linkByName(t, s, "new.example", "name"), newer)
	same(t, "on a domain without the keyword, the oldest such keyword does not find its link", linkByName(t, s, "bit.ly", "name"), other)
	a := importLinks(t, s, foreign("ann", "h3", "name", "http://3/"))[0].Aggregate
	same(t, "an aggregate link's hash does not precede a keyword of another domain", linkByName(t, s, "bit.ly", "name").ID, a)
	l := importLinks(t, s, foreign("ann", "name", "g4", "http://4/"))[0]
	same(t, "a hash of a link does not precede that of an aggregate link", linkByName(t, s, "bit.ly", "name"), l)
	same(t, "a keyword of the domain does not precede a hash", linkByName(t, s, "old.example", "name"), other)
	if got, err := s.LinkByName(ctx, "", "name"); err != nil || got != l {
		t.Errorf("without a domain, a hash does not find its link: %+v, %v", got, err)
	}
}

func linkCase(t *testing.T, s LinkStore) {
	got := importLinks(t, s,
		named(foreign("ann", "AbC", "G", "http://1/"), "J.MP", "Word"),
		named(foreign("ann", "aBc", "g", "http://2/"), "j.mp", "word"))
	same(t, "the domain of a keyword in upper case is not found in lower case", linkByName(t, s, "j.mp", "Word"), got[0])
	same(t, "the domain of a keyword in lower case is not found in upper case", linkByName(t, s, "J.Mp", "word"), got[1])
	same(t, "hashes that differ in case are mixed up", linkByName(t, s, "", "aBc"), got[1])
	same(t, "aggregate hashes that differ in case are mixed up", linkByName(t, s, "", "G").ID, got[0].Aggregate)
	noLink(t, s, "j.mp", "WORD")
	noLink(t, s, "", "abc")
}

func linkAllOrNothing(t *testing.T, s LinkStore) {
	bad := foreign("zoe", "bad", "bad", "")
	_, err := s.ImportLinks(context.Background(), []store.ForeignLink{
		named(foreign("ann", "h", "g", "http://a/"), "j.mp", "word"), bad,
	})
	if !errors.Is(err, store.ErrText) {
		t.Fatalf("a batch with a bad link gave %v, not store.ErrText", err)
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err = s.ImportLinks(cancelled, []store.ForeignLink{foreign("ann", "h", "g", "http://a/")}); !errors.Is(err, context.Canceled) {
		t.Errorf("an import with a cancelled context gave %v, not context.Canceled", err)
	}
	for _, name := range []string{"h", "g", "word", "bad"} {
		noLink(t, s, "j.mp", name)
	}
	if users, err := s.ListUsers(context.Background(), "", 9); err != nil || len(users) != 0 {
		t.Errorf("a failed import left users: %v, %v", users, err)
	}
}

func linkUnknown(t *testing.T, s LinkStore) {
	known := importLinks(t, s, named(foreign("ann", "h", "g", "http://a/"), "j.mp", "word"))[0]
	for _, name := range []string{"", "H", "h ", "nope", "%", "_", "h\x00", "\xff", strings.Repeat("h", 5000)} {
		noLink(t, s, "j.mp", name)
	}
	for _, id := range []click.LinkID{0, known.ID + 2, math.MaxInt64, math.MaxInt64 + 1, math.MaxUint64} {
		if l, err := s.LinkByID(context.Background(), id); !errors.Is(err, click.ErrNotFound) {
			t.Errorf("an unknown id, %d, gave %+v and the error %v, not click.ErrNotFound", id, l, err)
		}
	}
}
