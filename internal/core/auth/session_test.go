package auth_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/auth"
)

// signIn signs ann in.
func (h *locked) signIn(t *testing.T) string {
	t.Helper()
	secret, u, err := h.auth.SignIn(t.Context(), "ann", password, "192.0.2.0", "Firefox on Linux")
	if err != nil || u != h.ann {
		t.Fatalf("signing in: %+v, %v", u, err)
	}
	return secret
}

// open checks whether a session is open.
func (h *locked) open(t *testing.T, secret string, want bool) {
	t.Helper()
	s, err := h.auth.Session(t.Context(), secret)
	if want && (err != nil || s.User != h.ann) || !want && !errors.Is(err, click.ErrNotFound) {
		t.Errorf("the session is of %+v (%v); open: want %v", s.User, err, want)
	}
}

func TestSignIn(t *testing.T) {
	h := newLocked(t)
	first, second := h.signIn(t), h.signIn(t)
	if first == second {
		t.Error("two sessions have one secret")
	}
	h.open(t, first, true)
	h.open(t, second, true)
	for _, bad := range []string{"", "k", first[1:], first + "0", strings.ToUpper(first)} {
		h.open(t, bad, false)
	}
	if _, err := h.auth.User(t.Context(), first); !errors.Is(err, click.ErrNotFound) {
		t.Errorf("the secret of a session is an access token, too (%v)", err)
	}
	if _, _, err := h.auth.SignIn(t.Context(), "ann", "wrong password", "here", ""); !errors.Is(err, auth.ErrPassword) {
		t.Errorf("a wrong password gave %v", err)
	}
	list, err := h.auth.Sessions(t.Context(), h.ann)
	if err != nil || len(list) != 2 || list[0].Agent != "Firefox on Linux" || list[0].Place != "192.0.2.0" || list[0].ID == list[1].ID {
		t.Errorf("the sessions are %+v (%v)", list, err)
	}
	if err := h.auth.SignOut(t.Context(), first); err != nil {
		t.Error(err)
	}
	h.open(t, first, false)
	h.open(t, second, true)
	if err := h.auth.SignOut(t.Context(), first); !errors.Is(err, click.ErrNotFound) {
		t.Errorf("signing out twice gave %v", err)
	}
}

// TestSessionsEnd: without use after SessionIdle, and with use after SessionAge.
func TestSessionsEnd(t *testing.T) {
	h := newLocked(t)
	idle, used := h.signIn(t), h.signIn(t)
	begun := h.now
	h.open(t, idle, true)
	h.now = begun.Add(auth.SessionIdle - time.Second)
	h.open(t, used, true)
	h.now = begun.Add(auth.SessionIdle)
	h.open(t, idle, false)
	for h.now = begun.Add(auth.SessionIdle); h.now.Before(begun.Add(auth.SessionAge)); h.now = h.now.Add(auth.SessionIdle / 2) {
		h.open(t, used, true)
	}
	h.now = begun.Add(auth.SessionAge)
	h.open(t, used, false)
	if list, err := h.auth.Sessions(t.Context(), h.ann); err != nil || len(list) != 0 {
		t.Errorf("sessions that ended are listed: %+v (%v)", list, err)
	}
}

func TestEndSessions(t *testing.T) {
	h := newLocked(t)
	a, b, c := h.signIn(t), h.signIn(t), h.signIn(t)
	of := func(secret string) string {
		s, err := h.auth.Session(t.Context(), secret)
		if err != nil {
			t.Fatal(err)
		}
		return s.ID
	}
	if err := h.auth.EndSession(t.Context(), h.bob, of(a)); !errors.Is(err, click.ErrNotFound) {
		t.Errorf("ending a session of somebody else gave %v", err)
	}
	if err := h.auth.EndSession(t.Context(), h.ann, of(a)); err != nil {
		t.Error(err)
	}
	h.open(t, a, false)
	h.open(t, b, true)
	if n, err := h.auth.EndOtherSessions(t.Context(), h.ann, b); err != nil || n != 1 {
		t.Errorf("%d other sessions ended (%v)", n, err)
	}
	h.open(t, b, true)
	h.open(t, c, false)
	h.set(t, "another password")
	h.open(t, b, false)
}

func TestInvitations(t *testing.T) {
	h := newLocked(t)
	secret, err := h.auth.Invite(t.Context(), h.ann)
	if err != nil {
		t.Fatal(err)
	}
	late, err := h.auth.Invite(t.Context(), h.ann)
	if err != nil {
		t.Fatal(err)
	}
	session := h.signIn(t)
	h.open(t, secret, false) // it is no session
	if u, err := h.auth.Invited(t.Context(), secret); err != nil || u != h.ann {
		t.Errorf("the invitation is of %+v (%v)", u, err)
	}
	if _, err := h.auth.Accept(t.Context(), secret, "short"); !errors.Is(err, auth.ErrPasswordForm) {
		t.Errorf("a short password gave %v", err)
	}
	if u, err := h.auth.Accept(t.Context(), secret, "the password chosen"); err != nil || u != h.ann {
		t.Errorf("accepting gave %+v, %v", u, err)
	}
	h.try(t, "ann", "the password chosen", nil)
	h.open(t, session, false)
	for _, s := range []string{secret, late, "", session} {
		if _, err := h.auth.Accept(t.Context(), s, "yet another one"); !errors.Is(err, click.ErrNotFound) {
			t.Errorf("an invitation that has ended gave %v", err)
		}
	}
	entrance, err := h.auth.InviteIn(t.Context(), h.ann)
	if err != nil {
		t.Fatal(err)
	}
	if entered, err := h.auth.Enter(t.Context(), entrance, "", ""); err != nil {
		t.Error(err)
	} else {
		h.open(t, entered, true)
	}
	if secret, err = h.auth.Invite(t.Context(), h.ann); err != nil {
		t.Fatal(err)
	}
	if _, err := h.auth.Enter(t.Context(), secret, "", ""); !errors.Is(err, click.ErrNotFound) {
		t.Errorf("entering with an invitation gave %v", err)
	}
	h.now = h.now.Add(auth.InvitationAge)
	if _, err := h.auth.Invited(t.Context(), secret); !errors.Is(err, click.ErrNotFound) {
		t.Errorf("an old invitation gave %v", err)
	}
	if _, err := h.auth.Enter(t.Context(), entrance, "", ""); !errors.Is(err, click.ErrNotFound) {
		t.Errorf("an old entrance gave %v", err)
	}
}
