package storetest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// lead gives a link another long URL.
func lead(t *testing.T, s LinkStore, id click.LinkID, longURL, aggregate string, at int64) store.Link {
	t.Helper()
	return editLink(t, s, id, store.LinkEdit{LongURL: &longURL, AggregateHash: click.Hash(aggregate), Modified: at})
}

func versions(t *testing.T, s LinkStore, id click.LinkID, want ...store.Version) {
	t.Helper()
	got, err := s.Versions(context.Background(), id)
	for i := range got {
		got[i].AggregateHash = "" // historyAggregates has its rules
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("the versions of a link are %+v (%v), want %+v", got, err, want)
	}
}

func editLongURL(t *testing.T, s LinkStore) {
	ctx := context.Background()
	ann := addUser(t, s, "ann", 1)
	l := makeLink(t, s, fresh(ann.ID, "h", "g", "http://a/"), true)
	versions(t, s, l.ID, store.Version{Number: 1, LongURL: "http://a/", Since: l.Created})
	want := l
	want.LongURL, want.AggregateHash, want.Modified = "http://b/", "g2", 900
	got := lead(t, s, l.ID, "http://b/", "g2", 900)
	want.Aggregate = got.Aggregate
	same(t, "a link that leads elsewhere is another one than it should be", got, want)
	for _, name := range []string{"h"} {
		same(t, "a link that leads elsewhere was not kept", linkByName(t, s, "", name), want)
	}
	a := linkByName(t, s, "", "g2")
	if a.ID != got.Aggregate || a.LongURL != "http://b/" || a.Created != 900 || a.User != click.Nobody {
		t.Errorf("the aggregate link of the new long URL is %+v", a)
	}
	same(t, "the former aggregate link is gone, or leads elsewhere", linkByName(t, s, "", "g").LongURL, "http://a/")
	if _, err := s.VisibleAggregateOfURL(ctx, ann.ID, "http://a/"); !errors.Is(err, click.ErrNotFound) {
		t.Errorf("an aggregate link without links is visible: %v", err)
	}
	if _, err := s.LinkOfURL(ctx, ann.ID, "http://a/"); !errors.Is(err, click.ErrNotFound) {
		t.Errorf("a link is found by its former long URL: %v", err)
	}
	same(t, "a link is not found by its new long URL", makeLink(t, s, fresh(ann.ID, "h2", "g3", "http://b/"), false), want)
	// The same long URL again is no version, and a way back is one.
	lead(t, s, l.ID, "http://b/", "g4", 950)
	back := lead(t, s, l.ID, "http://a/", "g5", 1000)
	same(t, "a link that leads back does not get its former aggregate link", back.Aggregate, l.Aggregate)
	versions(t, s, l.ID, store.Version{Number: 3, LongURL: "http://a/", Since: 1000},
		store.Version{Number: 2, LongURL: "http://b/", Since: 900}, store.Version{Number: 1, LongURL: "http://a/", Since: l.Created})
	// Two links of a user may lead to one long URL.
	other := makeLink(t, s, fresh(ann.ID, "i", "k", "http://c/"), true)
	moved := lead(t, s, other.ID, "http://a/", "k2", 1100)
	same(t, "a link does not join the aggregate link of its new long URL", moved.Aggregate, l.Aggregate)
	same(t, "of two links that lead to a long URL, the oldest is not found", makeLink(t, s, fresh(ann.ID, "j", "k3", "http://a/"), false).Hash, min(back.Hash, moved.Hash))
	for _, id := range []click.LinkID{0, l.Aggregate, math.MaxInt64 + 1, math.MaxUint64} {
		if _, err := s.Versions(ctx, id); !errors.Is(err, click.ErrNotFound) {
			t.Errorf("versions of id %d, which is not a link of a user: %v", id, err)
		}
	}
}

func editRefused(t *testing.T, s LinkStore) {
	ctx := context.Background()
	l := importLinks(t, s, named(foreign("ann", "h", "g", "http://a/"), "j.mp", "word"), foreign("bob", "i", "k", "http://b/"))[0]
	title := "title"
	for _, c := range []struct {
		longURL, aggregate string
		want               error
	}{
		{"http://new/", "h", click.ErrExists}, {"http://new/", "g", click.ErrExists}, {"http://new/", "word", click.ErrExists}, {"http://new/", "k", click.ErrExists},
		{"http://new/", "", store.ErrText}, {"", "free", store.ErrText}, {"\xff", "free", store.ErrText},
	} {
		e := store.LinkEdit{LongURL: &c.longURL, AggregateHash: click.Hash(c.aggregate), Title: &title, Modified: 9}
		if got, err := s.EditLink(ctx, l.ID, e); !errors.Is(err, c.want) {
			t.Errorf("leading a link to %q with the aggregate hash %q gave %+v and %v, want %v", c.longURL, c.aggregate, got, err, c.want)
		}
	}
	for _, tags := range []store.Tags{"b,a", "a,a", "a,", ",", "\xff"} {
		if _, err := s.EditLink(ctx, l.ID, store.LinkEdit{Tags: &tags, Title: &title, Modified: 9}); !errors.Is(err, store.ErrText) {
			t.Errorf("the tags %q gave %v, not store.ErrText", tags, err)
		}
	}
	same(t, "a refused edit changed a link", linkByID(t, s, l.ID), l)
	versions(t, s, l.ID, store.Version{Number: 1, LongURL: l.LongURL, Since: l.Created})
	// The hash is not needed if there is an aggregate link.
	same(t, "a link does not join an aggregate link, because a name is taken", lead(t, s, l.ID, "http://b/", "h", 10).AggregateHash, "k")
}

func editVersionsKept(t *testing.T, s LinkStore) {
	l := importLinks(t, s, foreign("ann", "h", "g", "http://a/0"))[0]
	const n = store.MaxVersions + 3
	for i := int64(2); i <= n; i++ {
		lead(t, s, l.ID, fmt.Sprintf("http://a/%d", i%7), fmt.Sprintf("g%d", i), 1000+i)
	}
	var want []store.Version
	for i := int64(n); i > n-store.MaxVersions; i-- {
		want = append(want, store.Version{Number: i, LongURL: fmt.Sprintf("http://a/%d", i%7), Since: 1000 + i})
	}
	versions(t, s, l.ID, want...)
}

func editImported(t *testing.T, s LinkStore) {
	f := foreign("ann", "h", "g", "http://b/")
	f.Versions = &[]store.Version{{LongURL: "http://a/", Since: 5}, {LongURL: "http://b/", Since: 7}}
	l := importLinks(t, s, f)[0]
	want := []store.Version{{Number: 2, LongURL: "http://b/", Since: 7}, {Number: 1, LongURL: "http://a/", Since: 5}}
	versions(t, s, l.ID, want...)
	f.Versions = &[]store.Version{{LongURL: "http://z/", Since: 5}, {LongURL: "http://b/", Since: 7}}
	importLinks(t, s, f)
	versions(t, s, l.ID, want...)
	lead(t, s, l.ID, "http://c/", "g2", 9)
	versions(t, s, l.ID, append([]store.Version{{Number: 3, LongURL: "http://c/", Since: 9}}, want...)...)
	f = foreign("ann", "i", "k", "http://b/")
	f.Versions = &[]store.Version{{LongURL: "http://other/", Since: 5}}
	if _, err := s.ImportLinks(context.Background(), []store.ForeignLink{f}); !errors.Is(err, store.ErrText) {
		t.Errorf("a link whose last version is another long URL gave %v, not store.ErrText", err)
	}
}

func historyAggregates(t *testing.T, s LinkStore) {
	hashes := func(id click.LinkID, want ...click.Hash) {
		t.Helper()
		var got []click.Hash
		all, err := s.Versions(context.Background(), id)
		for _, v := range all {
			got = append(got, v.AggregateHash)
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("the aggregate links of the versions are %q (%v), want %q", got, err, want)
		}
	}
	f := foreign("ann", "h", "g", "http://b/")
	f.Versions = &[]store.Version{
		{LongURL: "http://z/", Since: 3}, {LongURL: "http://a/", Since: 5, AggregateHash: "old"}, {LongURL: "http://b/", Since: 7, AggregateHash: "g"},
	}
	l := importLinks(t, s, f)[0]
	hashes(l.ID, "g", "old", "")
	old := linkByName(t, s, "", "old")
	if old.LongURL != "http://a/" || old.Created != 5 || old.User != click.Nobody {
		t.Errorf("the former aggregate link of an imported link is %+v", old)
	}
	same(t, "a link that leads back does not get its former aggregate link", lead(t, s, l.ID, "http://a/", "x", 9).Aggregate, old.ID)
	lead(t, s, l.ID, "http://c/", "new", 10)
	hashes(l.ID, "new", "old", "g", "old", "")
	if r, err := s.DeleteLink(context.Background(), l.ID); err != nil || r.Aggregates != 3 {
		t.Errorf("the deletion of the link removed %+v (%v), want 3 aggregate links", r, err)
	}
}

// deleteMoved: the aggregate links that a link had are deleted with the last link that has
// or had them.
func deleteMoved(t *testing.T, s LinkStore) {
	ctx := context.Background()
	got := importLinks(t, s, foreign("ann", "h", "g", "http://a/"), foreign("bob", "i", "k", "http://b/"), foreign("bob", "j", "m", "http://c/"))
	lead(t, s, got[0].ID, "http://b/", "x", 9)  // ann: g, now k
	lead(t, s, got[2].ID, "http://a/", "y", 10) // bob: m, now g
	lead(t, s, got[2].ID, "http://d/", "n", 11) // bob: m and g, now n
	r, err := s.DeleteLink(ctx, got[0].ID)
	if want := (store.DeletedRows{Links: 1}); err != nil || r != want {
		t.Errorf("deleting a link whose aggregate links others have or had removed %+v (%v), want %+v", r, err, want)
	}
	for _, name := range []string{"g", "k", "m", "n"} {
		linkByName(t, s, "", name)
	}
	r, err = s.DeleteUser(ctx, got[1].User)
	if want := (store.DeletedRows{Users: 1, Links: 2, Aggregates: 4}); err != nil || r != want {
		t.Errorf("deleting a user removed %+v (%v), want %+v", r, err, want)
	}
	for _, name := range []string{"g", "k", "m", "n"} {
		noLink(t, s, "", name)
	}
	want := []rollup.Scope{{Link: got[0].Aggregate}, {Link: got[1].Aggregate}, {Link: got[2].Aggregate}}
	scopes := deletions(t, s)
	for _, scope := range want {
		if !slices.Contains(scopes, scope) {
			t.Errorf("Deletions lists %v, and not %v", scopes, scope)
		}
	}
}

func editConcurrency(t *testing.T, s LinkStore) {
	var foreigns []store.ForeignLink
	for i := range 8 {
		foreigns = append(foreigns, foreign("ann", fmt.Sprintf("h%d", i), fmt.Sprintf("g%d", i), fmt.Sprintf("http://a/%d", i)))
	}
	made := importLinks(t, s, foreigns...)
	edited := make([]store.Link, len(made))
	var all sync.WaitGroup
	for i := range made {
		all.Go(func() {
			var err error
			longURL := "http://new/"
			edited[i], err = s.EditLink(context.Background(), made[i].ID, store.LinkEdit{LongURL: &longURL, AggregateHash: click.Hash(fmt.Sprintf("n%d", i)), Modified: 9})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, l := range edited {
		same(t, "links that were led to one long URL at once have several aggregate links", l.Aggregate, edited[0].Aggregate)
	}
}

func linkTags(t *testing.T, s LinkStore) {
	ctx := context.Background()
	tagged := func(hash string, created int64, tags ...string) store.ForeignLink {
		f := foreign("ann", hash, "g"+hash, "http://a/"+hash)
		f.Created, f.Details.Tags = created, store.NewTags(tags...)
		return f
	}
	bob := foreign("bob", "z", "gz", "http://a/z")
	bob.Details.Tags = "a"
	got := importLinks(t, s, tagged("h", 10, "a", "b"), tagged("i", 20, "b"), tagged("j", 30), bob)
	ann := got[0].User
	makes := fresh(ann, "k", "gk", "http://a/k")
	makes.Created, makes.Tags = 40, "c"
	k := makeLink(t, s, makes, true)
	expect := func(tag string, first int64, want ...click.LinkID) {
		t.Helper()
		ids, err := s.TaggedLinks(ctx, ann, tag)
		if slices.Sort(want); err != nil || !slices.Equal(ids, want) {
			t.Errorf("the links with the tag %q are %v (%v), want %v", tag, ids, err, want)
		}
		if list, all, err := s.ListLinks(ctx, store.LinkFilter{User: ann, Tag: tag, Limit: 9}); err != nil || all != len(want) || len(list) != all {
			t.Errorf("the list with the tag %q has %d links of %d (%v), want %d", tag, len(list), all, err, len(want))
		}
		if counts, err := s.CountLinks(ctx, ann, tag, []int64{0, 100}); err != nil || counts[0] != uint64(len(want)) {
			t.Errorf("%v links with the tag %q were made (%v), want %d", counts, tag, err, len(want))
		}
		if got, any, err := s.FirstLink(ctx, ann, tag); err != nil || got != first || any != (len(want) > 0) {
			t.Errorf("the first link with the tag %q was made at %d, %t (%v), want %d", tag, got, any, err, first)
		}
	}
	expect("a", 10, got[0].ID)
	expect("b", 10, got[0].ID, got[1].ID)
	expect("c", 40, k.ID)
	expect("B", 0)
	editLink(t, s, got[0].ID, store.LinkEdit{Tags: new(store.Tags("c")), Modified: 9})
	expect("a", 0)
	expect("b", 20, got[1].ID)
	expect("c", 10, got[0].ID, k.ID)
	// A later import gives tags to a link without details.
	importLinks(t, s, tagged("j", 30, "b"))
	expect("b", 20, got[1].ID, got[2].ID)
	if _, err := s.DeleteLink(ctx, got[1].ID); err != nil {
		t.Fatal(err)
	}
	expect("b", 30, got[2].ID)
}
