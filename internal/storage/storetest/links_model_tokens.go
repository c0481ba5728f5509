package storetest

import (
	"context"

	"pgregory.net/rapid"

	"github.com/footfall/footfall/internal/storage/store"
)

func (h *linkHistory) digest(t *rapid.T) (d store.TokenDigest) {
	copy(d[:], h.name(t, "token"))
	return d
}

func (h *linkHistory) addToken(t *rapid.T) {
	got, want := h.users(t)
	digest, created := h.digest(t), h.second().Draw(t, "created")
	if keep := rapid.IntRange(0, 4).Draw(t, "keep"); keep > 0 {
		h.match.errors(t, h.store.AddSessionToken(context.Background(), got.ID, digest, created, keep),
			h.model.AddSessionToken(context.Background(), want.ID, digest, created, keep))
		return
	}
	h.match.errors(t, h.store.AddToken(context.Background(), got.ID, digest, created),
		h.model.AddToken(context.Background(), want.ID, digest, created))
}

func (h *linkHistory) removeToken(t *rapid.T) {
	got, want := h.users(t)
	digest := h.digest(t)
	h.match.errors(t, h.store.RemoveToken(context.Background(), got.ID, digest), h.model.RemoveToken(context.Background(), want.ID, digest))
}

func (h *linkHistory) removeTokens(t *rapid.T) {
	if rapid.IntRange(0, 3).Draw(t, "rarely") > 0 {
		return
	}
	got, want := h.users(t)
	n, err := h.store.RemoveTokens(context.Background(), got.ID)
	wantN, wantErr := h.model.RemoveTokens(context.Background(), want.ID)
	if !h.match.errors(t, err, wantErr) && n != wantN {
		t.Fatalf("%d tokens were removed, in the model %d", n, wantN)
	}
}

func (h *linkHistory) countTokens(t *rapid.T) {
	got, want := h.users(t)
	n, err := h.store.CountTokens(context.Background(), got.ID)
	wantN, wantErr := h.model.CountTokens(context.Background(), want.ID)
	if !h.match.errors(t, err, wantErr) && n != wantN {
		t.Fatalf("a user has %d tokens, in the model %d", n, wantN)
	}
}

func (h *linkHistory) userByToken(t *rapid.T) {
	digest := h.digest(t)
	got, err := h.store.UserByToken(context.Background(), digest)
	want, wantErr := h.model.UserByToken(context.Background(), digest)
	if !h.match.errors(t, err, wantErr) {
		h.match.user(t, got, want)
	}
}
