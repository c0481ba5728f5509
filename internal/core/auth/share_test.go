package auth_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/auth"
	"github.com/footfall/footfall/internal/storage/store"
)

// share makes a share of ann's.
func (h *locked) share(t *testing.T, n auth.NewShare) string {
	t.Helper()
	secret, err := h.auth.NewShare(t.Context(), h.ann, n)
	if err != nil {
		t.Fatalf("a share of %+v was not made: %v", n, err)
	}
	return secret
}

// TestShare: a share is found by its secret until it ends or is revoked.
func TestShare(t *testing.T) {
	h := newLocked(t)
	now := h.now.Unix()
	short, long := h.share(t, auth.NewShare{Tag: "spring", Ends: now + 60}), h.share(t, auth.NewShare{Tag: "autumn", Frames: []string{"*"}})
	s, err := h.auth.Share(t.Context(), short)
	if err != nil || s.User != h.ann || s.Tag != "spring" || s.Ends != now+60 || s.Password || !s.Opens("") {
		t.Errorf("the share is %+v (%v)", s, err)
	}
	for _, bad := range []string{"", "k", short[1:], short + "0", strings.ToUpper(short)} {
		if _, err := h.auth.Share(t.Context(), bad); !errors.Is(err, click.ErrNotFound) {
			t.Errorf("the secret %q gave %v, not click.ErrNotFound", bad, err)
		}
	}
	if _, err := h.auth.User(t.Context(), short); !errors.Is(err, click.ErrNotFound) {
		t.Errorf("the secret of a share is an access token, too (%v)", err)
	}
	if _, err := h.auth.Session(t.Context(), short); !errors.Is(err, click.ErrNotFound) {
		t.Errorf("the secret of a share is that of a session, too (%v)", err)
	}
	if err := h.auth.UsedShare(t.Context(), s); err != nil {
		t.Error(err)
	}
	list, err := h.auth.Shares(t.Context(), h.ann)
	if err != nil || len(list) != 2 {
		t.Fatalf("the shares are %+v (%v)", list, err)
	}
	if used := list[0].Used + list[1].Used; used != now {
		t.Errorf("a share was used at %d, not at %d", used, now)
	}
	h.now = h.now.Add(time.Minute)
	if _, err := h.auth.Share(t.Context(), short); !errors.Is(err, click.ErrNotFound) {
		t.Errorf("after its end a share gave %v, not click.ErrNotFound", err)
	}
	if list, err = h.auth.Shares(t.Context(), h.ann); err != nil || len(list) != 1 || list[0].Tag != "autumn" || list[0].Frames != "*" {
		t.Fatalf("after the end of one the shares are %+v (%v)", list, err)
	}
	if err := h.auth.RevokeShare(t.Context(), store.User{ID: h.ann.ID + 1}, list[0].ID); !errors.Is(err, click.ErrNotFound) {
		t.Errorf("somebody else revokes a share: %v", err)
	}
	if err := h.auth.RevokeShare(t.Context(), h.ann, list[0].ID); err != nil {
		t.Error(err)
	}
	if _, err := h.auth.Share(t.Context(), long); !errors.Is(err, click.ErrNotFound) {
		t.Errorf("after it was revoked a share gave %v, not click.ErrNotFound", err)
	}
}

// TestSharePassword: the ticket for a password opens one share.
func TestSharePassword(t *testing.T) {
	h := newLocked(t)
	one, err := h.auth.Share(t.Context(), h.share(t, auth.NewShare{Tag: "spring", Password: password}))
	other, err2 := h.auth.Share(t.Context(), h.share(t, auth.NewShare{Tag: "spring", Password: password}))
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	ticket, err := h.auth.OpenShare(t.Context(), one, "here", password)
	if err != nil || !one.Opens(ticket) || one.Opens("") || one.Opens(ticket[1:]) || other.Opens(ticket) {
		t.Errorf("the ticket is %q (%v)", ticket, err)
	}
	for range auth.MaxGuesses {
		if _, err := h.auth.OpenShare(t.Context(), one, "here", "a wrong password"); !errors.Is(err, auth.ErrPassword) {
			t.Fatalf("a wrong password gave %v", err)
		}
	}
	if _, err := h.auth.OpenShare(t.Context(), one, "here", password); !errors.Is(err, auth.ErrTooMany) {
		t.Errorf("after too many wrong passwords the right one gave %v", err)
	}
	if _, err := h.auth.OpenShare(t.Context(), one, "elsewhere", password); err != nil {
		t.Errorf("elsewhere the right one gave %v", err)
	}
	if _, err := h.auth.OpenShare(t.Context(), other, "here", password); err != nil {
		t.Errorf("of another share the right one gave %v", err)
	}
}

// TestShareForms: what cannot be a share is refused.
func TestShareForms(t *testing.T) {
	h := newLocked(t)
	for _, c := range []struct {
		share auth.NewShare
		want  error
	}{
		{auth.NewShare{Tag: "a", Ends: h.now.Unix()}, auth.ErrShareEnd},
		{auth.NewShare{Tag: "a", Password: "short"}, auth.ErrPasswordForm},
		{auth.NewShare{Tag: "a", Password: password, Frames: []string{"*"}}, auth.ErrShareFrames},
		{auth.NewShare{Link: "unknown"}, click.ErrNotFound},
		{auth.NewShare{}, store.ErrText},
	} {
		if _, err := h.auth.NewShare(t.Context(), h.ann, c.share); !errors.Is(err, c.want) {
			t.Errorf("%+v gave %v, not %v", c.share, err, c.want)
		}
	}
	for _, bad := range []string{"example.org", "ftp://example.org", "https://", "https://a@example.org", "https://example.org/path", "https://example.org;", "https://*", "https://e x", "'none'", "https://example.org?x", "* https://a"} {
		if _, err := h.auth.NewShare(t.Context(), h.ann, auth.NewShare{Tag: "a", Frames: []string{bad}}); !errors.Is(err, auth.ErrShareFrames) {
			t.Errorf("a frame of %q gave %v", bad, err)
		}
	}
	s, err := h.auth.Share(t.Context(), h.share(t, auth.NewShare{Tag: "a", Frames: []string{"https://B.example/", "https://a.example:8443", "https://b.example"}}))
	if err != nil || s.Frames != "https://a.example:8443 https://b.example" {
		t.Errorf("the frames are %q (%v)", s.Frames, err)
	}
	for n := 1; n < auth.MaxShares; n++ {
		h.share(t, auth.NewShare{Tag: "a"})
	}
	if _, err := h.auth.NewShare(t.Context(), h.ann, auth.NewShare{Tag: "a"}); !errors.Is(err, auth.ErrShares) {
		t.Errorf("one share too many gave %v", err)
	}
}
