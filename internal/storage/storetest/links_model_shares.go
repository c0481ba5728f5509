package storetest

import (
	"context"

	"pgregory.net/rapid"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

func (h *linkHistory) addShare(t *rapid.T) {
	got, want := h.users(t)
	s := store.Share{
		Digest: h.digest(t), User: got.ID, Created: h.second().Draw(t, "created"), Ends: h.second().Draw(t, "ends"),
		Tag: rapid.SampledFrom([]string{"", "", "spring", "\xff"}).Draw(t, "tag"), Frames: rapid.SampledFrom([]string{"", "*"}).Draw(t, "frames"),
	}
	if s.Tag == "" {
		s.Link = click.Hash(h.name(t, "hash"))
	}
	model := s
	model.User = want.ID
	h.match.errors(t, h.store.AddShare(context.Background(), s), h.model.AddShare(context.Background(), model))
}

// listShares compares the shares of a user, after one of them was used.
func (h *linkHistory) listShares(t *rapid.T) {
	got, want := h.users(t)
	digest, used := h.digest(t), h.second().Draw(t, "used")
	h.match.errors(t, h.store.TouchShare(context.Background(), digest, used), h.model.TouchShare(context.Background(), digest, used))
	list, err := h.store.ListShares(context.Background(), got.ID)
	model, wantErr := h.model.ListShares(context.Background(), want.ID)
	if h.match.errors(t, err, wantErr) {
		return
	}
	if len(list) != len(model) {
		t.Fatalf("a user has the shares %+v, in the model %+v", list, model)
	}
	for i, s := range list {
		if s.User != got.ID || model[i].User != want.ID {
			t.Fatalf("a share is of user %d, in the model %d", s.User, model[i].User)
		}
		if s.User = model[i].User; s != model[i] {
			t.Fatalf("a share is %+v, in the model %+v", s, model[i])
		}
		_, u, err := h.store.Share(context.Background(), s.Digest)
		_, wantUser, wantErr := h.model.Share(context.Background(), s.Digest)
		if !h.match.errors(t, err, wantErr) {
			h.match.user(t, u, wantUser)
		}
	}
}

func (h *linkHistory) removeShare(t *rapid.T) {
	got, want := h.users(t)
	digest := h.digest(t)
	h.match.errors(t, h.store.RemoveShare(context.Background(), got.ID, digest), h.model.RemoveShare(context.Background(), want.ID, digest))
}
