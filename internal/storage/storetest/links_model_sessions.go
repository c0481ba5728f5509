package storetest

import (
	"context"

	"pgregory.net/rapid"

	"github.com/footfall/footfall/internal/storage/store"
)

func drawKind(t *rapid.T) store.SessionKind {
	return rapid.SampledFrom([]store.SessionKind{store.SignedIn, store.Invitation}).Draw(t, "kind")
}

func (h *linkHistory) addSession(t *rapid.T) {
	got, want := h.users(t)
	s := store.Session{
		Digest: h.digest(t), User: got.ID, Kind: drawKind(t), Created: h.second().Draw(t, "created"),
		Agent: rapid.SampledFrom([]string{"", "Firefox", "\xff"}).Draw(t, "agent"),
	}
	model, keep := s, rapid.IntRange(0, 3).Draw(t, "keep")
	model.User = want.ID
	h.match.errors(t, h.store.AddSession(context.Background(), s, keep), h.model.AddSession(context.Background(), model, keep))
}

// listSessions compares the sessions of a user, after one of them was used.
func (h *linkHistory) listSessions(t *rapid.T) {
	got, want := h.users(t)
	kind := drawKind(t)
	list, err := h.store.ListSessions(context.Background(), got.ID, kind)
	model, wantErr := h.model.ListSessions(context.Background(), want.ID, kind)
	if h.match.errors(t, err, wantErr) {
		return
	}
	if len(list) != len(model) {
		t.Fatalf("a user has the sessions %+v, in the model %+v", list, model)
	}
	for i, s := range list {
		m := model[i]
		if s.User != got.ID || m.User != want.ID {
			t.Fatalf("a session is of user %d, in the model %d", s.User, m.User)
		}
		if s.User = m.User; s != m {
			t.Fatalf("a session is %+v, in the model %+v", s, m)
		}
		used := h.second().Draw(t, "used")
		h.match.errors(t, h.store.TouchSession(context.Background(), s.Digest, used), h.model.TouchSession(context.Background(), s.Digest, used))
		touched, u, err := h.store.Session(context.Background(), kind, s.Digest)
		_, wantUser, wantErr := h.model.Session(context.Background(), kind, s.Digest)
		if !h.match.errors(t, err, wantErr) {
			h.match.user(t, u, wantUser)
			if touched.Used != used {
				t.Fatalf("a session was used at %d, and not at %d", touched.Used, used)
			}
		}
	}
}

func (h *linkHistory) removeSession(t *rapid.T) {
	got, want := h.users(t)
	digest := h.digest(t)
	h.match.errors(t, h.store.RemoveSession(context.Background(), got.ID, digest), h.model.RemoveSession(context.Background(), want.ID, digest))
}

func (h *linkHistory) removeSessions(t *rapid.T) {
	if rapid.IntRange(0, 3).Draw(t, "rarely") > 0 {
		return
	}
	got, want := h.users(t)
	kind, except := drawKind(t), h.digest(t)
	n, err := h.store.RemoveSessions(context.Background(), got.ID, kind, except)
	wantN, wantErr := h.model.RemoveSessions(context.Background(), want.ID, kind, except)
	if !h.match.errors(t, err, wantErr) && n != wantN {
		t.Fatalf("%d sessions were removed, in the model %d", n, wantN)
	}
}
