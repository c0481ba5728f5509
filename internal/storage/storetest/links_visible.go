package storetest

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

func madeAt(created int64, l store.ForeignLink) store.ForeignLink {
	l.Created = created
	return l
}

func aggregatesSeen(t *testing.T, s LinkStore) {
	ctx := context.Background()
	got := importLinks(t, s,
		madeAt(30, foreign("ann", "a", "g", "http://a/")), madeAt(20, foreign("bob", "b", "g", "http://a/")), madeAt(10, foreign("cid", "c", "g", "http://a/")),
		madeAt(25, foreign("bob", "d", "f", "http://a/")),
		madeAt(1, foreign("bob", "e", "g", "http://other/")), madeAt(40, foreign("ann", "i", "i", "http://alone/")))
	ann, bob, cid := got[0].User, got[1].User, got[2].User
	g, f, i := got[0].Aggregate, got[3].Aggregate, got[5].Aggregate
	const nobodyElse = 1 << 40
	yes, no := true, false
	edit := func(link int, private *bool) func() {
		return func() { editLink(t, s, got[link].ID, store.LinkEdit{Private: private, Modified: 99}) }
	}
	for _, step := range []struct {
		name string
		does func()
		// created is the Created of the aggregate link as each user sees it; 0 if
		// the user does not see it.
		created map[click.LinkID]map[click.UserID]int64
		ofURL   map[click.UserID]click.LinkID // of http://a/
	}{
		{"all are public", func() {},
			map[click.LinkID]map[click.UserID]int64{g: {ann: 30, bob: 30, cid: 30, nobodyElse: 30}, f: {ann: 25, nobodyElse: 25}, i: {ann: 40, bob: 40}},
			map[click.UserID]click.LinkID{ann: f, nobodyElse: f}},
		{"the link that it was made with is private", edit(0, &yes),
			map[click.LinkID]map[click.UserID]int64{g: {ann: 30, bob: 10, nobodyElse: 10}, f: {ann: 25}},
			map[click.UserID]click.LinkID{ann: f, bob: g, nobodyElse: g}},
		{"so is the oldest", edit(2, &yes),
			map[click.LinkID]map[click.UserID]int64{g: {ann: 30, bob: 20, cid: 10, nobodyElse: 20}},
			map[click.UserID]click.LinkID{ann: f, cid: g, nobodyElse: g}},
		{"so are all, except one of another long URL", edit(1, &yes),
			map[click.LinkID]map[click.UserID]int64{g: {ann: 30, bob: 20, cid: 10, nobodyElse: 0}, f: {nobodyElse: 25}},
			map[click.UserID]click.LinkID{nobodyElse: f}},
		{"the other aggregate link has private ones only, too", edit(3, &yes),
			map[click.LinkID]map[click.UserID]int64{f: {ann: 0, bob: 25, nobodyElse: 0}},
			map[click.UserID]click.LinkID{ann: g, bob: g, nobodyElse: 0}},
		{"one is public again", edit(1, &no),
			map[click.LinkID]map[click.UserID]int64{g: {nobodyElse: 20}}, map[click.UserID]click.LinkID{nobodyElse: g}},
		{"one has the hash of its aggregate link", edit(5, &yes),
			map[click.LinkID]map[click.UserID]int64{i: {ann: 40, bob: 0, nobodyElse: 0}}, nil},
	} {
		step.does()
		for id, users := range step.created {
			for user, created := range users {
				l, err := s.VisibleAggregate(ctx, user, id)
				want := store.Link{}
				if created != 0 {
					want = linkByID(t, s, id)
					want.Created, want.UserTS, want.Modified = created, created, created
				}
				if l != want || errors.Is(err, click.ErrNotFound) != (created == 0) || created != 0 && err != nil {
					t.Errorf("%s: user %d sees the aggregate link %d as %+v, %v; want %+v", step.name, user, id, l, err, want)
				}
			}
		}
		for user, id := range step.ofURL {
			l, err := s.VisibleAggregateOfURL(ctx, user, "http://a/")
			if l.ID != id || errors.Is(err, click.ErrNotFound) != (id == 0) || id != 0 && err != nil {
				t.Errorf("%s: the aggregate link of the long URL is, for user %d, %+v, %v; want %d", step.name, user, l, err, id)
			}
			all, err := s.LinksOfURL(ctx, "http://a/")
			if err != nil {
				t.Fatal(err)
			}
			if seen := slices.ContainsFunc(store.Visible(all, user), func(l store.Link) bool { return l.ID == id }); seen != (id != 0) {
				t.Errorf("%s: user %d sees the aggregate link %d among the links of the long URL: %t", step.name, user, id, seen)
			}
		}
	}
	for _, id := range []click.LinkID{0, got[0].ID, 1 << 40} {
		if l, err := s.VisibleAggregate(ctx, ann, id); !errors.Is(err, click.ErrNotFound) {
			t.Errorf("id %d, which is not of an aggregate link, gave %+v and %v, not click.ErrNotFound", id, l, err)
		}
	}
	for _, longURL := range []string{"", "http://a", "\xff", "\x00"} {
		if l, err := s.VisibleAggregateOfURL(ctx, ann, longURL); !errors.Is(err, click.ErrNotFound) {
			t.Errorf("a long URL without links, %q, gave %+v and %v, not click.ErrNotFound", longURL, l, err)
		}
	}
}

func makePrivateAggregate(t *testing.T, s LinkStore) {
	got := importLinks(t, s, foreign("ann", "same", "same", "http://a/"), foreign("cid", "i", "j", "http://b/"))
	yes := true
	for _, l := range got {
		editLink(t, s, l.ID, store.LinkEdit{Private: &yes, Modified: 1})
	}
	bob, dan := addUser(t, s, "bob", 1).ID, addUser(t, s, "dan", 1).ID
	same(t, "a link shares an aggregate link whose hash is that of another user's private link",
		makeLink(t, s, fresh(bob, "h", "g", "http://a/"), true).AggregateHash, "g")
	same(t, "a third user's link does not share the aggregate link of the second",
		makeLink(t, s, fresh(dan, "k", "unused", "http://a/"), true).AggregateHash, "g")
	same(t, "a link does not share an aggregate link whose hash is not of a private link",
		makeLink(t, s, fresh(bob, "l", "unused", "http://b/"), true).AggregateHash, "j")
	same(t, "a link of another long URL has another aggregate hash than it was given",
		makeLink(t, s, fresh(got[0].User, "m", "m2", "http://c/"), true).AggregateHash, "m2")
}
