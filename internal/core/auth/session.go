package auth

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

const (
	// SessionAge is how long after its beginning a session ends, and SessionIdle how long after
	// its last use.
	SessionAge  = 90 * 24 * time.Hour
	SessionIdle = 30 * 24 * time.Hour
	// MaxSessions is the number of sessions of a user that stay open, the newest.
	MaxSessions = 50
	// InvitationAge is how long an invitation is valid, and maxInvitations the number of them
	// that a user has, the newest.
	InvitationAge  = 24 * time.Hour
	maxInvitations = 3

	// touchEvery is the time after which the last use of a session is written again.
	touchEvery = time.Minute
	// maxSessionText bounds the texts of a session, in bytes.
	maxSessionText = 200
)

// Session is a browser that is signed in.
type Session struct {
	User store.User
	// ID names the session for its user. It is not secret.
	ID string
	// Created and Used are Unix seconds.
	Created, Used int64
	Agent, Place  string
}

func sessionOf(s store.Session, u store.User) Session {
	return Session{u, hex.EncodeToString(s.Digest[:8]), s.Created, s.Used, s.Agent, s.Place}
}

// SignIn opens a session for a login and a password, and returns its secret, which is always a
// new one. place is where the browser is, for the limits of wrong passwords and for the list
// of sessions, and agent which browser it is. The errors are those of UserByPassword.
func (a *Auth) SignIn(ctx context.Context, login, password, place, agent string) (secret string, u store.User, err error) {
	if u, err = a.UserByPassword(ctx, place, login, password); err != nil {
		return "", store.User{}, err
	}
	secret, err = a.NewSession(ctx, u, place, agent)
	return secret, u, err
}

// NewSession opens a session without a password, and returns its secret. It fails with
// click.ErrNotFound if the user was deleted.
func (a *Auth) NewSession(ctx context.Context, u store.User, place, agent string) (secret string, err error) {
	return a.open(ctx, u, store.Session{Kind: store.SignedIn, Agent: sessionText(agent), Place: sessionText(place)}, MaxSessions)
}

// Invite returns the secret of an invitation, with which the user may set a password once, for
// InvitationAge.
func (a *Auth) Invite(ctx context.Context, u store.User) (secret string, err error) {
	return a.open(ctx, u, store.Session{Kind: store.Invitation}, maxInvitations)
}

// InviteIn returns the secret of an entrance, with which browsers are signed in as the user,
// for InvitationAge. It is for demonstrations.
func (a *Auth) InviteIn(ctx context.Context, u store.User) (secret string, err error) {
	return a.open(ctx, u, store.Session{Kind: store.Entrance}, maxInvitations)
}

// Enter opens a session with an entrance, and returns its secret. It fails with
// click.ErrNotFound.
func (a *Auth) Enter(ctx context.Context, entrance, place, agent string) (secret string, err error) {
	u, err := a.invited(ctx, store.Entrance, entrance)
	if err != nil {
		return "", err
	}
	return a.NewSession(ctx, u, place, agent)
}

func (a *Auth) open(ctx context.Context, u store.User, s store.Session, keep int) (secret string, err error) {
	if secret, err = NewToken(rand.Reader); err != nil {
		return "", err
	}
	now := a.now().Unix()
	s.Digest, s.User, s.Created, s.Used = Digest(secret), u.ID, now, now
	if err := a.users.AddSession(ctx, s, keep); err != nil {
		return "", fmt.Errorf("auth: open session: %w", err)
	}
	return secret, nil
}

// sessionText is a text of strangers as it can be kept.
func sessionText(s string) string {
	s = s[:min(len(s), maxSessionText)]
	if store.CheckText("", s) != nil {
		return ""
	}
	return s
}

// Session returns the session of a secret. It fails with click.ErrNotFound if there is none, if it
// has ended, or if its user is disabled. The answer may be up to CacheAge old.
func (a *Auth) Session(ctx context.Context, secret string) (Session, error) {
	if !wellFormed(secret) {
		return Session{}, fmt.Errorf("auth: malformed secret of a session: %w", click.ErrNotFound)
	}
	digest, now := Digest(secret), a.now()
	s, fresh, generation := a.sessions.Get(digest, now)
	if !fresh {
		kept, u, err := a.users.Session(ctx, store.SignedIn, digest)
		if err == nil && u.Disabled {
			err = errDisabled
		}
		if err != nil {
			if errors.Is(err, click.ErrNotFound) {
				a.sessions.Drop(digest)
			}
			return Session{}, fmt.Errorf("auth: session: %w", err)
		}
		s = sessionOf(kept, u)
		if ended(s, now) {
			return Session{}, fmt.Errorf("auth: the session has ended: %w", click.ErrNotFound)
		}
		if now.Unix()-s.Used >= int64(touchEvery.Seconds()) {
			s.Used = now.Unix()
			if err := a.users.TouchSession(ctx, digest, s.Used); err != nil && !errors.Is(err, click.ErrUnavailable) {
				return Session{}, fmt.Errorf("auth: session: %w", err)
			}
		}
		a.sessions.Add(digest, s, now, generation)
	}
	if ended(s, now) {
		return Session{}, fmt.Errorf("auth: the session has ended: %w", click.ErrNotFound)
	}
	return s, nil
}

func ended(s Session, now time.Time) bool {
	return now.Sub(time.Unix(s.Created, 0)) >= SessionAge || now.Sub(time.Unix(s.Used, 0)) >= SessionIdle
}

// Sessions lists the open sessions of a user, newest first.
func (a *Auth) Sessions(ctx context.Context, u store.User) ([]Session, error) {
	kept, err := a.users.ListSessions(ctx, u.ID, store.SignedIn)
	if err != nil {
		return nil, fmt.Errorf("auth: sessions: %w", err)
	}
	list := []Session{}
	for _, k := range kept {
		if s := sessionOf(k, u); !ended(s, a.now()) {
			list = append(list, s)
		}
	}
	return list, nil
}

// SignOut ends the session of a secret. It fails with click.ErrNotFound if there is none.
func (a *Auth) SignOut(ctx context.Context, secret string) error {
	s, err := a.Session(ctx, secret)
	if err != nil {
		return err
	}
	defer a.Forget(s.User.ID)
	if err := a.users.RemoveSession(ctx, s.User.ID, Digest(secret)); err != nil {
		return fmt.Errorf("auth: sign out: %w", err)
	}
	return nil
}

// EndSession ends the session of a user with an id. It fails with click.ErrNotFound if there is
// none.
func (a *Auth) EndSession(ctx context.Context, u store.User, id string) error {
	defer a.Forget(u.ID)
	kept, err := a.users.ListSessions(ctx, u.ID, store.SignedIn)
	if err != nil {
		return fmt.Errorf("auth: end session: %w", err)
	}
	for _, s := range kept {
		if hex.EncodeToString(s.Digest[:8]) == id {
			if err := a.users.RemoveSession(ctx, u.ID, s.Digest); err != nil {
				return fmt.Errorf("auth: end session: %w", err)
			}
			return nil
		}
	}
	return fmt.Errorf("auth: end session: %w", click.ErrNotFound)
}

// EndOtherSessions ends all sessions of a user except that of a secret, which may be empty.
func (a *Auth) EndOtherSessions(ctx context.Context, u store.User, secret string) (int, error) {
	defer a.Forget(u.ID)
	n, err := a.users.RemoveSessions(ctx, u.ID, store.SignedIn, Digest(secret))
	if err != nil {
		return 0, fmt.Errorf("auth: end other sessions: %w", err)
	}
	return n, nil
}

// Invited returns the user of an invitation that is valid. It fails with click.ErrNotFound.
func (a *Auth) Invited(ctx context.Context, secret string) (store.User, error) {
	return a.invited(ctx, store.Invitation, secret)
}

func (a *Auth) invited(ctx context.Context, kind store.SessionKind, secret string) (store.User, error) {
	if !wellFormed(secret) {
		return store.User{}, fmt.Errorf("auth: malformed invitation: %w", click.ErrNotFound)
	}
	s, u, err := a.users.Session(ctx, kind, Digest(secret))
	if err == nil && a.now().Sub(time.Unix(s.Created, 0)) >= InvitationAge {
		err = click.ErrNotFound
	}
	if err == nil && u.Disabled {
		err = errDisabled
	}
	if err != nil {
		return store.User{}, fmt.Errorf("auth: invitation: %w", err)
	}
	return u, nil
}

// Accept sets the password of the user of an invitation. The invitation, all others and all
// sessions of the user end. It fails with click.ErrNotFound and ErrPasswordForm.
func (a *Auth) Accept(ctx context.Context, secret, password string) (store.User, error) {
	u, err := a.Invited(ctx, secret)
	if err != nil {
		return store.User{}, err
	}
	if err := ValidPassword(password); err != nil {
		return store.User{}, err
	}
	// First, so that two at once cannot both use it.
	if err := a.users.RemoveSession(ctx, u.ID, Digest(secret)); err != nil {
		return store.User{}, fmt.Errorf("auth: accept invitation: %w", err)
	}
	return u, a.SetPassword(ctx, u.Login, password)
}
