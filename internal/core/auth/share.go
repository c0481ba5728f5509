package auth

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

const (
	// MaxShares is the number of shares that a user can have.
	MaxShares = 200
	// maxFrames is the number of sites that may show a share in a frame.
	maxFrames = 10
)

// Share is a secret address at which anybody sees the clicks on one link or one tag of a user.
type Share struct {
	User store.User
	// ID names the share for its user. It is not secret.
	ID string
	// Link is the hash of a link, or Tag is a tag. The other one is empty.
	Link click.Hash
	Tag  string
	// Created, Ends and Used are Unix seconds. Ends is 0 if it does not end, Used if it was not used.
	Created, Ends, Used int64
	Password            bool // it asks for one
	// Frames says which sites may show it in a frame: *, or origins with spaces between them.
	Frames string

	secret, proof string
}

func shareOf(s store.Share, u store.User) Share {
	return Share{u, hex.EncodeToString(s.Digest[:8]), s.Link, s.Tag, s.Created, s.Ends, s.Used, s.Proof != "", s.Frames, "", s.Proof}
}

// NewShare is a share to make: of one link of the user, or of one tag.
type NewShare struct {
	Link     click.Hash
	Tag      string
	Ends     int64  // Unix second; 0: it does not end
	Password string // empty: it asks for none
	// Frames lists the origins of the sites that may show it in a frame; * alone is all of them.
	Frames []string
}

// NewShare makes a share, and returns its secret. It fails with ErrShareEnd, ErrShareFrames,
// ErrShares and ErrPasswordForm, and with click.ErrNotFound if the user has no such link.
func (a *Auth) NewShare(ctx context.Context, u store.User, n NewShare) (secret string, err error) {
	now := a.now().Unix()
	if n.Ends != 0 && n.Ends <= now {
		return "", ErrShareEnd
	}
	s := store.Share{User: u.ID, Link: n.Link, Tag: n.Tag, Created: now, Ends: n.Ends}
	if s.Frames, err = frames(n.Frames); err != nil {
		return "", err
	}
	all, err := a.Shares(ctx, u)
	if err != nil {
		return "", err
	}
	if len(all) >= MaxShares {
		return "", ErrShares
	}
	if n.Password != "" {
		if s.Frames != "" { // a browser keeps no cookie of a frame
			return "", ErrShareFrames
		}
		if err := ValidPassword(n.Password); err != nil {
			return "", err
		}
		done, err := a.queue.take(ctx)
		if err != nil {
			return "", err
		}
		s.Proof, err = newProof(n.Password, a.cost)
		done()
		if err != nil {
			return "", fmt.Errorf("auth: new share: %w", err)
		}
	}
	if secret, err = NewToken(rand.Reader); err != nil {
		return "", err
	}
	s.Digest = Digest(secret)
	if err := a.users.AddShare(ctx, s); err != nil {
		return "", fmt.Errorf("auth: new share: %w", err)
	}
	return secret, nil
}

// frames is a list of origins in the words of frame-ancestors.
func frames(origins []string) (string, error) {
	if len(origins) > maxFrames {
		return "", ErrShareFrames
	}
	var list []string
	for _, o := range origins {
		if o == "*" {
			if len(origins) > 1 {
				return "", ErrShareFrames
			}
			return o, nil
		}
		u, err := url.Parse(strings.ToLower(o))
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || strings.TrimSuffix(u.Path, "/") != "" ||
			u.RawQuery != "" || u.Fragment != "" || len(u.Host) > 255 || strings.Trim(u.Host, "abcdefghijklmnopqrstuvwxyz0123456789-.:[]") != "" {
			return "", ErrShareFrames
		}
		list = append(list, u.Scheme+"://"+u.Host)
	}
	slices.Sort(list)
	return strings.Join(slices.Compact(list), " "), nil
}

// Share returns the share of a secret. It fails with click.ErrNotFound if there is none, if it has
// ended, or if its user is disabled. Every call asks the store, so that a share is gone as soon as it is revoked.
func (a *Auth) Share(ctx context.Context, secret string) (Share, error) {
	if !wellFormed(secret) {
		return Share{}, fmt.Errorf("auth: malformed secret of a share: %w", click.ErrNotFound)
	}
	kept, u, err := a.users.Share(ctx, Digest(secret))
	if err != nil {
		return Share{}, fmt.Errorf("auth: share: %w", err)
	}
	s := shareOf(kept, u)
	if a.shareEnded(s) {
		return Share{}, fmt.Errorf("auth: the share has ended: %w", click.ErrNotFound)
	}
	if u.Disabled {
		return Share{}, fmt.Errorf("auth: the user of the share is disabled: %w", click.ErrNotFound)
	}
	s.secret = secret
	return s, nil
}

func (a *Auth) shareEnded(s Share) bool { return s.Ends != 0 && a.now().Unix() >= s.Ends }

// UsedShare writes that a share was used, at most once a minute.
func (a *Auth) UsedShare(ctx context.Context, s Share) error {
	now := a.now().Unix()
	if now-s.Used < int64(touchEvery/time.Second) {
		return nil
	}
	if err := a.users.TouchShare(ctx, Digest(s.secret), now); err != nil && !errors.Is(err, click.ErrUnavailable) {
		return fmt.Errorf("auth: share: %w", err)
	}
	return nil
}

// Opens reports whether a ticket is one of the share, which OpenShare gave for its password.
// A share without a password needs none.
func (s Share) Opens(ticket string) bool {
	return !s.Password || hmac.Equal([]byte(ticket), []byte(s.ticket()))
}

// ticket can be computed only with both the secret, which is not in the store, and the proof,
// which visitors do not get.
func (s Share) ticket() string {
	m := hmac.New(sha256.New, []byte(s.proof))
	m.Write([]byte("share\x00" + s.secret))
	return hex.EncodeToString(m.Sum(nil))
}

// OpenShare returns a ticket for the password of a share. from is the place that asks, for the
// limits of wrong passwords, which are those of UserByPassword. It fails with ErrPassword,
// ErrTooMany and ErrBusy.
func (a *Auth) OpenShare(ctx context.Context, s Share, from, password string) (ticket string, err error) {
	if err := ValidPassword(password); err != nil || !s.Password {
		return "", fmt.Errorf("auth: open share: %w", ErrPassword)
	}
	at := guessing(from, "share\x00"+s.secret) // no login has that character
	if !a.guesses.left(at) {
		return "", fmt.Errorf("auth: open share: %w", ErrTooMany)
	}
	done, err := a.queue.take(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	if !a.guesses.take(at) {
		return "", fmt.Errorf("auth: open share: %w", ErrTooMany)
	}
	right, _, err := checkProof(s.proof, password, a.cost)
	if err == nil && !right {
		return "", fmt.Errorf("auth: open share: %w", ErrPassword)
	}
	a.guesses.giveBack(at)
	if err != nil {
		return "", fmt.Errorf("auth: open share: %w", err)
	}
	return s.ticket(), nil
}

// Shares lists the shares of a user that have not ended, newest first. Those that have ended
// are removed.
func (a *Auth) Shares(ctx context.Context, u store.User) ([]Share, error) {
	kept, err := a.users.ListShares(ctx, u.ID)
	if err != nil {
		return nil, fmt.Errorf("auth: shares: %w", err)
	}
	list := []Share{}
	for _, k := range kept {
		s := shareOf(k, u)
		if !a.shareEnded(s) {
			list = append(list, s)
			continue
		}
		if err := a.users.RemoveShare(ctx, u.ID, k.Digest); err != nil && !errors.Is(err, click.ErrNotFound) && !errors.Is(err, click.ErrUnavailable) {
			return nil, fmt.Errorf("auth: shares: %w", err)
		}
	}
	return list, nil
}

// RevokeShare ends the share of a user with an id. It fails with click.ErrNotFound if there is none.
func (a *Auth) RevokeShare(ctx context.Context, u store.User, id string) error {
	kept, err := a.users.ListShares(ctx, u.ID)
	if err != nil {
		return fmt.Errorf("auth: revoke share: %w", err)
	}
	for _, k := range kept {
		if hex.EncodeToString(k.Digest[:8]) == id {
			if err := a.users.RemoveShare(ctx, u.ID, k.Digest); err != nil {
				return fmt.Errorf("auth: revoke share: %w", err)
			}
			return nil
		}
	}
	return fmt.Errorf("auth: revoke share: %w", click.ErrNotFound)
}
