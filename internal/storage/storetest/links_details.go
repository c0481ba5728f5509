package storetest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

func editLink(t *testing.T, s store.Links, id click.LinkID, e store.LinkEdit) store.Link {
	t.Helper()
	l, err := s.EditLink(context.Background(), id, e)
	if err != nil {
		t.Fatalf("EditLink: %v", err)
	}
	return l
}

func detailsMade(t *testing.T, s LinkStore) {
	n := fresh(addUser(t, s, "ann", 1).ID, "h", "g", "http://a/")
	n.LinkDetails = store.LinkDetails{Title: "title", Note: "note", Private: true, Archived: true, UserTS: 7}
	l := makeLink(t, s, n, true)
	same(t, "a made link has other details", l.LinkDetails, n.LinkDetails)
	same(t, "the Modified of a made link is not its Created", l.Modified, l.Created)
	same(t, "a made link's details were not kept", linkByID(t, s, l.ID), l)
	same(t, "an aggregate link has details", linkByID(t, s, l.Aggregate).LinkDetails, store.LinkDetails{UserTS: n.Created})
	n.LinkDetails = store.LinkDetails{Title: "other"}
	same(t, "finding a link changed its details", makeLink(t, s, n, false), l)
	for _, text := range []string{"\xff", "a\x00b"} {
		bad := fresh(n.User, "x", "y", "http://b/")
		bad.Title = text
		notMade(t, s, bad, store.ErrText)
		bad.Title, bad.Note = "", text
		notMade(t, s, bad, store.ErrText)
	}
	imported := importLinks(t, s, foreign("ann", "i", "g", "http://a/"))[0]
	same(t, "an imported link has details", imported.LinkDetails, store.LinkDetails{UserTS: imported.Created})
	secret := foreign("ann", "s", "s", "http://secret/")
	secret.Details.Private = true
	imported = importLinks(t, s, secret)[0]
	same(t, "a link that is imported as private is public", imported.LinkDetails, store.LinkDetails{Private: true, UserTS: imported.Created})
	same(t, "an imported private link was stored otherwise", linkByID(t, s, imported.ID), imported)
	same(t, "the aggregate link of a private one is private", linkByID(t, s, imported.Aggregate).Private, false)
	secret.Details.Private = false
	same(t, "a second import of a private link made it public", importLinks(t, s, secret)[0], imported)
	same(t, "the Modified of an imported link is not its Created", imported.Modified, imported.Created)
}

func detailsEdited(t *testing.T, s LinkStore) {
	got := importLinks(t, s, foreign("ann", "h", "g", "http://a/"), foreign("ann", "i", "g", "http://a/"))
	want, other := got[0], got[1]
	yes, no, ts := true, false, int64(math.MinInt64)
	for i, step := range []struct {
		edit store.LinkEdit
		set  func()
	}{
		{store.LinkEdit{}, func() {}},
		{store.LinkEdit{Title: new(string)}, func() {}},
		{store.LinkEdit{Private: &yes}, func() { want.Private = true }},
		{store.LinkEdit{Archived: &yes}, func() { want.Archived = true }},
		{store.LinkEdit{Private: &no, UserTS: &ts}, func() { want.Private, want.UserTS = false, ts }},
	} {
		step.edit.Modified = int64(100 - i)
		step.set()
		want.Modified = step.edit.Modified
		same(t, "an edit returned another link than it should", editLink(t, s, want.ID, step.edit), want)
		same(t, "an edit was not kept", linkByID(t, s, want.ID), want)
	}
	for _, text := range append(oddTexts(), "") {
		want.Title, want.Note = text, text
		same(t, "an edit did not take a text byte for byte",
			editLink(t, s, want.ID, store.LinkEdit{Title: &text, Note: &text, Modified: want.Modified}), want)
		same(t, "an edited text was not kept byte for byte", linkByName(t, s, "", "h"), want)
	}
	same(t, "an edit changed another link", linkByID(t, s, other.ID), other)
}

func detailsRefused(t *testing.T, s LinkStore) {
	ctx := context.Background()
	l := importLinks(t, s, foreign("ann", "h", "g", "http://a/"))[0]
	good := "good"
	for _, id := range []click.LinkID{0, l.Aggregate, l.ID + l.Aggregate, math.MaxInt64 + 1, math.MaxUint64} {
		if got, err := s.EditLink(ctx, id, store.LinkEdit{Title: &good}); !errors.Is(err, click.ErrNotFound) {
			t.Errorf("an edit of id %d, which is not a link of a user, gave %+v and %v, not click.ErrNotFound", id, got, err)
		}
	}
	for _, bad := range []string{"\xff", "a\x00b"} {
		for _, e := range []store.LinkEdit{{Title: &bad, Note: &good, Modified: 9}, {Title: &good, Note: &bad, Modified: 9}} {
			if got, err := s.EditLink(ctx, l.ID, e); !errors.Is(err, store.ErrText) {
				t.Errorf("an edit with the text %q gave %+v and %v, not store.ErrText", bad, got, err)
			}
		}
	}
	same(t, "a refused edit changed a link", linkByID(t, s, l.ID), l)
}

func linkHashes(t *testing.T, s LinkStore) {
	ctx := context.Background()
	var links []store.ForeignLink
	for _, n := range oddTexts() {
		links = append(links, foreign("ann", n, "g"+n, "http://a/"))
	}
	var ids []click.LinkID
	var want []click.Hash
	for i, l := range importLinks(t, s, links...) {
		ids = append(ids, l.ID, 0, l.Aggregate, l.ID, math.MaxUint64)
		want = append(want, links[i].Hash, "", links[i].AggregateHash, links[i].Hash, "")
	}
	for range 40 { // more than an engine may look up at once
		ids, want = append(ids, ids[:150]...), append(want, want[:150]...)
	}
	for _, n := range []int{0, 1, len(ids)} {
		got, err := s.Hashes(ctx, ids[:n])
		sameOrder(t, fmt.Sprintf("Hashes of %d ids", n), got, want[:n], err)
	}
}

// sameOrder fails at the first text that differs.
func sameOrder[T ~string](t *testing.T, what string, got, want []T, err error) {
	t.Helper()
	if err != nil || len(got) != len(want) {
		t.Errorf("%s: %d texts and %v, want %d", what, len(got), err, len(want))
		return
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("%s: text %d is %.100q, want %.100q", what, i, got[i], want[i])
			return
		}
	}
}

func linkOfURL(t *testing.T, s LinkStore) {
	ctx := context.Background()
	at := func(l store.ForeignLink, created int64) store.ForeignLink {
		l.Created = created
		return l
	}
	got := importLinks(t, s,
		at(foreign("ann", "c", "z", "http://a/"), 20), at(foreign("ann", "b", "b", "http://a/"), 20),
		at(foreign("ann", "a", "y", "http://a/"), 30), at(foreign("bob", "d", "z", "http://a/"), 10),
		at(foreign("bob", "e", "z", "http://other/"), 1))
	const nobodyElse = 1 << 40
	for range 64 { // more than an engine has connections
		for user, want := range map[click.UserID]click.LinkID{
			got[0].User: got[1].ID, got[3].User: got[3].ID, click.Nobody: got[1].Aggregate, nobodyElse: 0,
		} {
			l, err := s.LinkOfURL(ctx, user, "http://a/")
			if want == 0 && errors.Is(err, click.ErrNotFound) {
				continue
			}
			if err != nil || l != linkByID(t, s, want) {
				t.Fatalf("user %d's oldest link of a long URL is %+v, %v; want id %d", user, l, err, want)
			}
		}
	}
	for _, longURL := range []string{"", "http://a", "http://A/", "\xff", "\x00"} {
		if l, err := s.LinkOfURL(ctx, got[0].User, longURL); !errors.Is(err, click.ErrNotFound) {
			t.Errorf("a long URL without links, %q, gave %+v and %v, not click.ErrNotFound", longURL, l, err)
		}
		if all, err := s.LinksOfURL(ctx, longURL); err != nil || len(all) != 0 {
			t.Errorf("a long URL without links, %q, has %v, %v", longURL, all, err)
		}
	}
	all, err := s.LinksOfURL(ctx, "http://a/")
	var ids []click.LinkID
	for _, l := range all {
		ids = append(ids, l.ID)
		same(t, "a link of a long URL differs from the link of its id", l, linkByID(t, s, l.ID))
	}
	want := []click.LinkID{got[3].ID, got[1].Aggregate, got[1].ID, got[0].ID, got[0].Aggregate, got[2].ID, got[2].Aggregate}
	if err != nil || !slices.Equal(ids, want) {
		t.Errorf("LinksOfURL lists %v (%v), want oldest first %v", ids, err, want)
	}
}

func linkDomains(t *testing.T, s LinkStore) {
	importLinks(t, s, named(foreign("ann", "h", "g", "http://a/"), "J.MP", "word"), foreign("ann", "other.example", "g", "http://b/"))
	for domain, want := range map[string]bool{"j.mp": true, "J.mp": true, "other.example": false, "": false, "j.m%": false, "\xff": false} {
		if got, err := s.HasDomain(context.Background(), domain); err != nil || got != want {
			t.Errorf("domain %q is known: %t, %v; want %t", domain, got, err, want)
		}
	}
}

func linkList(t *testing.T, s LinkStore) {
	ctx := context.Background()
	var links []store.ForeignLink
	for i := range 30 {
		l := foreign("ann", string(rune('a'+i)), "g", "http://www.Example.com:80/Path")
		l.Created = int64(100 + i/3) // three in each second
		if i%2 == 0 {
			l = named(l, "j.mp", string(l.Hash))
		}
		links = append(links, l)
	}
	made := importLinks(t, s, append(links, foreign("bob", "bob", "g", "http://a/"))...)
	bob := made[len(made)-1]
	made = made[:len(made)-1]
	yes, no, early, title, note := true, false, int64(3), "a Title, TÉTÈ", "a Note of 300 \u212a"
	made[4] = editLink(t, s, made[4].ID, store.LinkEdit{Private: &yes, UserTS: &early, Modified: 999})
	made[9] = editLink(t, s, made[9].ID, store.LinkEdit{Archived: &yes, Title: &title, Modified: 1000})
	made[12] = editLink(t, s, made[12].ID, store.LinkEdit{Note: &note, Modified: 500})
	slices.SortFunc(made, func(a, b store.Link) int {
		if a.UserTS != b.UserTS {
			return int(b.UserTS - a.UserTS)
		}
		return int(b.ID) - int(a.ID)
	})
	for name, f := range map[string]store.LinkFilter{
		"no condition": {}, "archived": {Archived: &yes}, "not archived": {Archived: &no}, "private": {Private: &yes},
		"not private": {Private: &no}, "created from": {CreatedFrom: 104}, "created to": {CreatedTo: 104},
		"created within": {CreatedFrom: 103, CreatedTo: 103}, "modified from": {ModifiedFrom: 1000}, "keyword": {Keyword: "c"},
		"unknown keyword": {Keyword: "b"}, "query": {Words: store.Words{Query: "tITLE"}},
		"query outside ASCII": {Words: store.Words{Query: "tétÈ"}}, "query of a letter that is another one in lower case": {Words: store.Words{Query: "300 k"}},
		"query in notes": {Words: store.Words{Query: "nOTE"}}, "query but not in notes": {Words: store.Words{Query: "nOTE", WithoutNotes: true}},
		"no words, and not in notes": {Words: store.Words{WithoutNotes: true}},
		"domain":                     {Words: store.Words{RootDomain: "example.COM"}}, "exact domain": {Words: store.Words{ExactDomain: "example.com"}},
		"words and more": {Archived: &no, CreatedFrom: 102, Words: store.Words{Query: "path", ExactDomain: "www.example.com"}},
	} {
		f.User = bob.User
		if f == (store.LinkFilter{User: bob.User}) {
			if got, all, err := s.ListLinks(ctx, store.LinkFilter{User: bob.User, Limit: 9}); err != nil || all != 1 || !slices.Equal(got, []store.Link{bob}) {
				t.Errorf("the links of a user with one link are %v, %d, %v", got, all, err)
			}
		}
		f.User = made[0].User
		want := slices.DeleteFunc(slices.Clone(made), func(l store.Link) bool {
			return f.Archived != nil && l.Archived != *f.Archived || f.Private != nil && l.Private != *f.Private ||
				l.Created < f.CreatedFrom || f.CreatedTo != 0 && l.Created > f.CreatedTo || l.Modified < f.ModifiedFrom ||
				f.Keyword != "" && (l.Hash != f.Keyword || (l.Hash[0]-'a')%2 != 0) || !f.Pass(&l)
		})
		for _, page := range [][2]int{{0, 100}, {0, 4}, {3, 5}, {len(want), 1}, {1000, 1}, {-4, 2}, {0, 0}, {0, -1}} {
			f.Offset, f.Limit = page[0], page[1]
			from := min(max(f.Offset, 0), len(want))
			wantPage := want[from:min(from+max(f.Limit, 0), len(want))]
			got, all, err := s.ListLinks(ctx, f)
			if err != nil || all != len(want) || !slices.Equal(got, wantPage) {
				t.Errorf("%s, from %d at most %d: %d links of %d (%v)\n got %v\nwant %v of %d", name, f.Offset, f.Limit, len(got), all, err, got, wantPage, len(want))
			}
		}
	}
	for user, n := range map[click.UserID]int{made[0].User: len(made), bob.User: 1, click.Nobody: 0, bob.User + 1: 0, math.MaxUint64: 0} {
		for than := -1; than < len(made)+2; than++ {
			if more, err := s.MoreLinks(ctx, user, than); err != nil || more != (n > max(than, 0)) {
				t.Errorf("user %d has %d links: MoreLinks than %d says %t, %v", user, n, than, more, err)
			}
		}
	}
	for _, user := range []click.UserID{click.Nobody, bob.User + 1, math.MaxUint64} {
		if got, all, err := s.ListLinks(ctx, store.LinkFilter{User: user, Limit: 9}); err != nil || len(got) != 0 || all != 0 {
			t.Errorf("user %d, who has no links, lists %v of %d, %v", user, got, all, err)
		}
	}
}

func linkCounts(t *testing.T, s LinkStore) {
	ctx := context.Background()
	var links []store.ForeignLink
	for i, created := range []int64{-5, 0, 0, 7, 10, 19, 20, math.MaxInt64} {
		l := foreign("ann", string(rune('a'+i)), "g", "http://a/")
		l.Created = created
		links = append(links, l)
	}
	links = append(links, foreign("bob", "bob", "g", "http://a/"))
	got := importLinks(t, s, links...)
	ann, bob := got[0].User, got[len(got)-1].User
	for _, c := range []struct {
		user  click.UserID
		edges []int64
		want  []uint64
	}{
		{ann, []int64{0, 10, 20}, []uint64{3, 2}},
		{ann, []int64{-5, 0, 1, 20, 21}, []uint64{1, 2, 3, 1}},
		{ann, []int64{-4, 0}, []uint64{0}},
		{ann, []int64{math.MinInt64, math.MaxInt64}, []uint64{7}},
		{bob, []int64{0, 20}, []uint64{0}},
		{click.Nobody, []int64{math.MinInt64, math.MaxInt64}, []uint64{0}},
		{bob + 1, []int64{0, 10, 20}, []uint64{0, 0}},
	} {
		if got, err := s.CountLinks(ctx, c.user, "", c.edges); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("user %d made %v links between %v (%v), want %v", c.user, got, c.edges, err, c.want)
		}
	}
	for user, want := range map[click.UserID]int64{ann: -5, bob: got[len(got)-1].Created} {
		if first, any, err := s.FirstLink(ctx, user, ""); err != nil || !any || first != want {
			t.Errorf("FirstLink of user %d is %d, %t, %v; want %d", user, first, any, err, want)
		}
	}
	for _, user := range []click.UserID{click.Nobody, bob + 1, math.MaxUint64} {
		if first, any, err := s.FirstLink(ctx, user, ""); err != nil || any {
			t.Errorf("user %d, who has no links: FirstLink is %d, %t, %v", user, first, any, err)
		}
	}
}

func linkAll(t *testing.T, s LinkStore) {
	ctx := context.Background()
	var links []store.ForeignLink
	for i := range 70 {
		l := foreign([]string{"ann", "bob"}[i%2], fmt.Sprintf("h%d", i), fmt.Sprintf("g%d", i%50), "http://a/")
		if i%3 == 0 {
			l = named(l, "J.MP", fmt.Sprintf("k%d", i))
		}
		links = append(links, l)
	}
	links = append(links, named(links[0], "bit.ly", "another"))
	want := map[click.LinkID]store.Link{}
	var ids []click.LinkID
	for _, l := range importLinks(t, s, links...) {
		want[l.ID] = l
	}
	for _, limit := range []int{1, 7, 1000} {
		var got []store.Link
		for after := click.LinkID(0); ; after = got[len(got)-1].ID {
			page, err := s.AllLinks(ctx, after, limit)
			if err != nil || len(page) > limit {
				t.Fatalf("a page of %d links has %d, %v", limit, len(page), err)
			}
			if got = append(got, page...); len(page) < limit {
				break
			}
		}
		same(t, "pages do not list every link once", len(got), len(want))
		ids = ids[:0]
		for i, l := range got {
			same(t, "a listed link differs from the link of its id", l, want[l.ID])
			if ids = append(ids, l.ID); i > 0 && l.ID <= ids[i-1] {
				t.Errorf("link %d is listed after %d", l.ID, ids[i-1])
			}
		}
	}
	for _, limit := range []int{0, -1} {
		if page, err := s.AllLinks(ctx, 0, limit); err != nil || len(page) != 0 {
			t.Errorf("limit %d lists links: %v, %v", limit, page, err)
		}
	}
	all, err := s.Keywords(ctx, append(ids, ids...))
	if err != nil || len(all) != 25 {
		t.Fatalf("%d keywords of all links, %v; want 25", len(all), err)
	}
	same(t, "the oldest keyword is not the first", all[0], store.Keyword{Link: linkByName(t, s, "", "h0").ID, Domain: "j.mp", Keyword: "k0"})
	same(t, "the newest keyword is not the last", all[24], store.Keyword{Link: linkByName(t, s, "", "h0").ID, Domain: "bit.ly", Keyword: "another"})
	if none, err := s.Keywords(ctx, []click.LinkID{linkByName(t, s, "", "h1").ID, 1 << 40}); err != nil || len(none) != 0 {
		t.Errorf("keywords of links that have none: %v, %v", none, err)
	}
	if none, err := s.Keywords(ctx, nil); err != nil || len(none) != 0 {
		t.Errorf("keywords of no links: %v, %v", none, err)
	}
}
