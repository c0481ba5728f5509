package auth_test

import (
	"errors"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/auth"
	"github.com/footfall/footfall/internal/storage/store"
)

// TestDisabled: everything that a user who is disabled has is refused, also what is remembered,
// and valid again later.
func TestDisabled(t *testing.T) {
	h := newLocked(t)
	token, err := h.auth.NewToken(t.Context(), h.ann, "")
	if err != nil {
		t.Fatal(err)
	}
	ofBob, err := h.auth.NewToken(t.Context(), h.bob, "")
	if err != nil {
		t.Fatal(err)
	}
	session, key := h.signIn(t), apiKey(t, h.auth, h.ann)
	invitation, err := h.auth.Invite(t.Context(), h.ann)
	if err != nil {
		t.Fatal(err)
	}
	entrance, err := h.auth.InviteIn(t.Context(), h.ann)
	if err != nil {
		t.Fatal(err)
	}
	share := h.share(t, auth.NewShare{Tag: "spring"})
	other := auth.WithCost(h.users, func() time.Time { return h.now }, cheap) // another server, which gets a notice
	valid := func(rule string, a *auth.Auth, want bool) {
		t.Helper()
		for what, check := range map[string]struct {
			err     error // of ask, if it is refused
			refused error
		}{
			"token":      {func() error { _, err := a.User(t.Context(), token); return err }(), click.ErrNotFound},
			"apiKey":     {func() error { _, err := a.UserByKey(t.Context(), "ann", key); return err }(), auth.ErrKey},
			"password":   {func() error { _, err := a.UserByPassword(t.Context(), "here", "ann", password); return err }(), auth.ErrPassword},
			"session":    {func() error { _, err := a.Session(t.Context(), session); return err }(), click.ErrNotFound},
			"invitation": {func() error { _, err := a.Invited(t.Context(), invitation); return err }(), click.ErrNotFound},
			"share":      {func() error { _, err := a.Share(t.Context(), share); return err }(), click.ErrNotFound},
			"entrance":   {func() error { _, err := a.Enter(t.Context(), entrance, "", ""); return err }(), click.ErrNotFound},
		} {
			if want && check.err != nil || !want && !errors.Is(check.err, check.refused) {
				t.Errorf("%s: the %s gave %v; valid: want %v", rule, what, check.err, want)
			}
		}
		if !want && (a.Known(token) || a.KnownKey("ann", key)) {
			t.Errorf("%s: the credentials are known to be valid", rule)
		}
		if u, err := a.User(t.Context(), ofBob); err != nil || u != h.bob {
			t.Errorf("%s: another user is %+v, %v", rule, u, err)
		}
	}
	notice := store.Change{Users: []click.UserID{h.ann.ID}}
	for range 2 {
		valid("before, here", h.auth, true)
		valid("before, elsewhere", other, true)
		if err := h.auth.SetDisabled(t.Context(), h.ann, true); err != nil {
			t.Fatal(err)
		}
		valid("disabled, here", h.auth, false)
		other.Changed(notice)
		valid("disabled, elsewhere", other, false)
		if err := h.auth.SetDisabled(t.Context(), h.ann, false); err != nil {
			t.Fatal(err)
		}
		other.Changed(notice)
	}
	valid("enabled again", h.auth, true)
	if err := h.auth.SetDisabled(t.Context(), store.User{ID: 99}, true); !errors.Is(err, click.ErrNotFound) {
		t.Errorf("an unknown user was disabled: %v", err)
	}
}

// TestAdmin: the session of a user says at once whether they are an admin.
func TestAdmin(t *testing.T) {
	h := newLocked(t)
	session := h.signIn(t)
	for _, admin := range []bool{false, true, true, false} {
		if err := h.auth.SetAdmin(t.Context(), h.ann, admin); err != nil {
			t.Fatal(err)
		}
		if s, err := h.auth.Session(t.Context(), session); err != nil || s.User.Admin != admin {
			t.Errorf("the session is of %+v (%v), admin: want %v", s.User, err, admin)
		}
	}
	if err := h.auth.SetAdmin(t.Context(), store.User{ID: 99}, true); !errors.Is(err, click.ErrNotFound) {
		t.Errorf("an unknown user is an admin: %v", err)
	}
}
