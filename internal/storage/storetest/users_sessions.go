package storetest

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

func signedIn(u store.User, n int, created int64) store.Session {
	return store.Session{Digest: digestOf(n), User: u.ID, Kind: store.SignedIn, Created: created, Used: created, Agent: "Firefox on Linux", Place: "192.0.2.0"}
}

func userSessions(t *testing.T, s LinkStore) {
	ctx := context.Background()
	ann, bob := addUser(t, s, "ann", 1), addUser(t, s, "bob", 2)
	want := []store.Session{signedIn(ann, 0, 5), signedIn(bob, 1, 6), {Digest: digestOf(2), User: ann.ID, Kind: store.Invitation, Created: 7, Used: 7}}
	for _, w := range want {
		if err := s.AddSession(ctx, w, 9); err != nil {
			t.Fatalf("a new session was not kept: %v", err)
		}
		if err := s.AddSession(ctx, w, 9); !errors.Is(err, click.ErrExists) {
			t.Errorf("a session that is known gave %v, not click.ErrExists", err)
		}
	}
	for i, u := range []store.User{ann, bob, ann} {
		got, of, err := s.Session(ctx, want[i].Kind, want[i].Digest)
		if err != nil || got != want[i] || of != u {
			t.Errorf("session %d is %+v of %+v (%v)", i, got, of, err)
		}
		if _, _, err := s.Session(ctx, 3-want[i].Kind, want[i].Digest); !errors.Is(err, click.ErrNotFound) {
			t.Errorf("session %d as one of another kind gave %v, not click.ErrNotFound", i, err)
		}
	}
	if err := s.TouchSession(ctx, digestOf(0), 99); err != nil {
		t.Errorf("a session was not touched: %v", err)
	}
	if got, _, err := s.Session(ctx, store.SignedIn, digestOf(0)); err != nil || got.Used != 99 || got.Created != 5 {
		t.Errorf("a session that was used is %+v (%v)", got, err)
	}
	if err := s.TouchSession(ctx, digestOf(77), 99); err != nil {
		t.Errorf("a session that does not exist was touched: %v", err)
	}
	if _, _, err := s.Session(ctx, store.SignedIn, digestOf(77)); !errors.Is(err, click.ErrNotFound) {
		t.Errorf("an unknown session gave %v, not click.ErrNotFound", err)
	}
	if err := s.AddSession(ctx, store.Session{Digest: digestOf(50), User: bob.ID + 1, Kind: store.SignedIn}, 9); !errors.Is(err, click.ErrNotFound) {
		t.Errorf("a session of an unknown user gave %v, not click.ErrNotFound", err)
	}
	bad := signedIn(ann, 51, 9)
	bad.Agent = "\xff"
	if err := s.AddSession(ctx, bad, 9); !errors.Is(err, store.ErrText) {
		t.Errorf("a session with a text that cannot be kept gave %v", err)
	}
	if _, err := s.DeleteUser(ctx, ann.ID); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Session(ctx, store.SignedIn, digestOf(0)); !errors.Is(err, click.ErrNotFound) {
		t.Errorf("a session of a deleted user gave %v, not click.ErrNotFound", err)
	}
	if list, err := s.ListSessions(ctx, ann.ID, store.Invitation); err != nil || len(list) > 0 {
		t.Errorf("a deleted user has %v (%v)", list, err)
	}
}

// wantSessions checks which sessions a user has, newest first.
func wantSessions(t *testing.T, s store.Users, rule string, u store.User, kind store.SessionKind, want ...int) {
	t.Helper()
	list, err := s.ListSessions(context.Background(), u.ID, kind)
	var got, digests []store.TokenDigest
	for _, l := range list {
		got = append(got, l.Digest)
	}
	for _, n := range want {
		digests = append(digests, digestOf(n))
	}
	if err != nil || !slices.Equal(got, digests) {
		t.Errorf("%s: the sessions are %x (%v), want %v", rule, got, err, want)
	}
}

func userSessionsRemoved(t *testing.T, s LinkStore) {
	ctx := context.Background()
	ann, bob := addUser(t, s, "ann", 1), addUser(t, s, "bob", 2)
	for n := range 4 {
		if err := s.AddSession(ctx, signedIn(ann, n, int64(n)), 9); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(s.AddSession(ctx, signedIn(bob, 9, 1), 9),
		s.AddSession(ctx, store.Session{Digest: digestOf(8), User: ann.ID, Kind: store.Invitation}, 9)); err != nil {
		t.Fatal(err)
	}
	wantSessions(t, s, "at first", ann, store.SignedIn, 3, 2, 1, 0)
	if err := s.RemoveSession(ctx, ann.ID, digestOf(1)); err != nil {
		t.Errorf("a session was not removed: %v", err)
	}
	if err := s.RemoveSession(ctx, ann.ID, digestOf(9)); !errors.Is(err, click.ErrNotFound) {
		t.Errorf("to remove a session of somebody else gave %v, not click.ErrNotFound", err)
	}
	wantSessions(t, s, "after one was removed", ann, store.SignedIn, 3, 2, 0)
	if n, err := s.RemoveSessions(ctx, ann.ID, store.SignedIn, digestOf(2)); err != nil || n != 2 {
		t.Errorf("all other sessions: %d were removed (%v), want 2", n, err)
	}
	wantSessions(t, s, "after all others were removed", ann, store.SignedIn, 2)
	wantSessions(t, s, "after those of another kind were removed", ann, store.Invitation, 8)
	wantSessions(t, s, "after those of somebody else were removed", bob, store.SignedIn, 9)
}

func userSessionsReplaced(t *testing.T, s LinkStore) {
	ctx := context.Background()
	ann := addUser(t, s, "ann", 1)
	for n := range 5 {
		if err := s.AddSession(ctx, signedIn(ann, n, int64(10+n)), 3); err != nil {
			t.Fatal(err)
		}
	}
	wantSessions(t, s, "after more than are kept", ann, store.SignedIn, 4, 3, 2)
	// One that is older than all others stays, because somebody has just signed in.
	if err := s.AddSession(ctx, signedIn(ann, 7, 1), 3); err != nil {
		t.Fatal(err)
	}
	wantSessions(t, s, "after an older one", ann, store.SignedIn, 4, 3, 7)
}
