package storetest

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

// addShares adds a share of a link of ann, one of a tag of ann, and one of a tag of bob.
func addShares(t *testing.T, s LinkStore) (links []store.Link, shares []store.Share) {
	t.Helper()
	links = importLinks(t, s, foreign("ann", "h", "g", "http://a/"), foreign("bob", "i", "g", "http://a/"))
	ann, bob := links[0].User, links[1].User
	shares = []store.Share{
		{Digest: digestOf(0), User: ann, Link: "h", Created: 5, Ends: 99, Proof: "$argon2id$", Frames: "https://example.org"},
		{Digest: digestOf(1), User: ann, Tag: "spring", Created: 6},
		{Digest: digestOf(2), User: bob, Tag: "spring", Created: 7},
	}
	for _, w := range shares {
		if err := s.AddShare(context.Background(), w); err != nil {
			t.Fatalf("a new share was not kept: %v", err)
		}
	}
	return links, shares
}

func userShares(t *testing.T, s LinkStore) {
	ctx := context.Background()
	links, shares := addShares(t, s)
	for _, want := range shares {
		if got, u, err := s.Share(ctx, want.Digest); err != nil || got != want || u.ID != want.User {
			t.Errorf("a share is %+v of %+v (%v), want %+v", got, u, err, want)
		}
	}
	again, unknown, both, neither, foreign, aggregate, text := shares[0], shares[1], shares[0], shares[1], shares[1], shares[0], shares[1]
	unknown.User, both.Tag, neither.Tag, text.Tag = links[1].User+1, "spring", "", "\xff"
	foreign.Link, foreign.Tag, aggregate.Link = "i", "", "g"
	for name, c := range map[string]struct {
		share store.Share
		want  error
	}{
		"a share that is known": {again, click.ErrExists}, "a share of an unknown user": {unknown, click.ErrNotFound},
		"a share of a link and a tag": {both, store.ErrText}, "a share of nothing": {neither, store.ErrText},
		"a share of a link of somebody else": {foreign, click.ErrNotFound}, "a share of an aggregate link": {aggregate, click.ErrNotFound},
		"a share with a text that cannot be kept": {text, store.ErrText},
	} {
		if c.want != click.ErrExists {
			c.share.Digest = digestOf(50)
		}
		if err := s.AddShare(ctx, c.share); !errors.Is(err, c.want) {
			t.Errorf("%s gave %v, not %v", name, err, c.want)
		}
	}
	if err := errors.Join(s.TouchShare(ctx, digestOf(1), 99), s.TouchShare(ctx, digestOf(77), 99)); err != nil {
		t.Errorf("a share was not touched: %v", err)
	}
	if got, _, err := s.Share(ctx, digestOf(1)); err != nil || got.Used != 99 || got.Created != 6 {
		t.Errorf("a share that was used is %+v (%v)", got, err)
	}
	for _, n := range []int{50, 77} {
		if _, _, err := s.Share(ctx, digestOf(n)); !errors.Is(err, click.ErrNotFound) {
			t.Errorf("an unknown share gave %v, not click.ErrNotFound", err)
		}
	}
}

// wantShares checks which shares a user has, newest first.
func wantShares(t *testing.T, s store.Users, rule string, user click.UserID, want ...int) {
	t.Helper()
	list, err := s.ListShares(context.Background(), user)
	var got, digests []store.TokenDigest
	for _, l := range list {
		got = append(got, l.Digest)
	}
	for _, n := range want {
		digests = append(digests, digestOf(n))
	}
	if err != nil || !slices.Equal(got, digests) {
		t.Errorf("%s: the shares are %x (%v), want %v", rule, got, err, want)
	}
}

func userSharesRemoved(t *testing.T, s LinkStore) {
	ctx := context.Background()
	links, _ := addShares(t, s)
	ann, bob := links[0].User, links[1].User
	wantShares(t, s, "at first", ann, 1, 0)
	if err := s.RemoveShare(ctx, bob, digestOf(1)); !errors.Is(err, click.ErrNotFound) {
		t.Errorf("to remove a share of somebody else gave %v, not click.ErrNotFound", err)
	}
	if err := s.RemoveShare(ctx, ann, digestOf(1)); err != nil {
		t.Errorf("a share was not removed: %v", err)
	}
	if err := s.RemoveShare(ctx, ann, digestOf(1)); !errors.Is(err, click.ErrNotFound) {
		t.Errorf("to remove a share twice gave %v, not click.ErrNotFound", err)
	}
	wantShares(t, s, "after one was removed", ann, 0)
	if _, err := s.DeleteLink(ctx, links[0].ID); err != nil {
		t.Fatalf("a link that is shared was not deleted: %v", err)
	}
	wantShares(t, s, "after its link was deleted", ann)
	wantShares(t, s, "after a link of somebody else was deleted", bob, 2)
	// Another link with the hash of the deleted one is not shared.
	importLinks(t, s, foreign("ann", "h", "g2", "http://b/"))
	if _, err := s.DeleteUser(ctx, bob); err != nil {
		t.Fatalf("a user with shares was not deleted: %v", err)
	}
	wantShares(t, s, "after the user was deleted", bob)
	for n := range 3 {
		if _, _, err := s.Share(ctx, digestOf(n)); !errors.Is(err, click.ErrNotFound) {
			t.Errorf("share %d is still found (%v)", n, err)
		}
	}
}
