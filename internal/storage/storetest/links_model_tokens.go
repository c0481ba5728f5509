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
	token := store.Token{User: got.ID, Digest: digest, Created: created, Name: rapid.SampledFrom([]string{"", "reports", "\xff"}).Draw(t, "name")}
	keep := rapid.IntRange(0, 4).Draw(t, "keep")
	token.Session = keep > 0
	model := token
	model.User = want.ID
	h.match.errors(t, h.store.AddToken(context.Background(), token, keep), h.model.AddToken(context.Background(), model, keep))
}

// listTokens compares the tokens of a user, after some of them were used.
func (h *linkHistory) listTokens(t *rapid.T) {
	got, want := h.users(t)
	used := map[store.TokenDigest]int64{h.digest(t): h.second().Draw(t, "used"), h.digest(t): h.second().Draw(t, "used")}
	h.match.errors(t, h.store.TouchTokens(context.Background(), used), h.model.TouchTokens(context.Background(), used))
	limit := rapid.IntRange(-1, 5).Draw(t, "limit")
	list, err := h.store.ListTokens(context.Background(), got.ID, limit)
	model, wantErr := h.model.ListTokens(context.Background(), want.ID, limit)
	if h.match.errors(t, err, wantErr) {
		return
	}
	if len(list) != len(model) {
		t.Fatalf("a user has the tokens %+v, in the model %+v", list, model)
	}
	for i, token := range list {
		if token.User != got.ID || model[i].User != want.ID {
			t.Fatalf("a token is of user %d, in the model %d", token.User, model[i].User)
		}
		if token.User = model[i].User; token != model[i] {
			t.Fatalf("a token is %+v, in the model %+v", token, model[i])
		}
	}
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
