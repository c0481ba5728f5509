package server

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/plain"
	"github.com/footfall/footfall/internal/core/auth"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/core/recorder"
	"github.com/footfall/footfall/internal/faces/feed"
	"github.com/footfall/footfall/internal/ops/control"
	"github.com/footfall/footfall/internal/ops/datadir"
	"github.com/footfall/footfall/internal/storage/backup"
)

// AddUser makes a user and returns a token of his.
func (a *App) AddUser(ctx context.Context, login string) (token string, err error) {
	if err := auth.ValidLogin(login); err != nil {
		return "", err
	}
	if _, err := a.data.Links.AddUser(ctx, login, a.now().Unix()); errors.Is(err, click.ErrExists) {
		return "", fmt.Errorf("the login %q %w: footfall user token %s prints another token", login, click.ErrExists, plain.Text(login))
	} else if err != nil {
		return "", err
	}
	return a.AddToken(ctx, login)
}

// AddToken returns another token of a user.
func (a *App) AddToken(ctx context.Context, login string) (token string, err error) {
	token, err = auth.Issue(ctx, a.data.Links, login, a.now())
	if errors.Is(err, click.ErrNotFound) {
		err = a.unknownUser(ctx, login)
	}
	return token, err
}

// RevokeToken takes a token of a user away.
func (a *App) RevokeToken(ctx context.Context, login, token string) error {
	u, err := a.user(ctx, login)
	if err != nil {
		return err
	}
	err = a.auth.Revoke(ctx, u, token)
	if errors.Is(err, click.ErrNotFound) {
		return fmt.Errorf("the token: %w among those of %q: it was revoked before, is another user's, or was never one", click.ErrNotFound, login)
	}
	return err
}

// RevokeTokens takes all tokens of a user away, and says how many there were.
func (a *App) RevokeTokens(ctx context.Context, login string) (int, error) {
	u, err := a.user(ctx, login)
	if err != nil {
		return 0, err
	}
	return a.auth.RevokeAll(ctx, u)
}

// SetPassword gives a user another password. His tokens stay.
func (a *App) SetPassword(ctx context.Context, login, password string) error {
	err := a.auth.SetPassword(ctx, login, password)
	if errors.Is(err, click.ErrNotFound) {
		return a.unknownUser(ctx, login)
	}
	return err
}

// APIKey returns a user's apiKey.
func (a *App) APIKey(ctx context.Context, login string) (string, error) {
	u, err := a.user(ctx, login)
	if err != nil {
		return "", err
	}
	return a.auth.APIKey(ctx, u)
}

// NewAPIKey gives a user another apiKey and returns it.
func (a *App) NewAPIKey(ctx context.Context, login string) (string, error) {
	u, err := a.user(ctx, login)
	if err != nil {
		return "", err
	}
	return a.auth.NewKey(ctx, u)
}

// pageOfUsers is how many users one answer lists.
const pageOfUsers = 1000

// ListUsers lists users by login, from the first after the given one.
func (a *App) ListUsers(ctx context.Context, after string) ([]control.User, error) {
	users, err := a.data.Links.ListUsers(ctx, after, pageOfUsers)
	if err != nil {
		return nil, err
	}
	list := make([]control.User, len(users))
	for i, u := range users {
		list[i].User = u
		if list[i].Tokens, err = a.data.Links.CountTokens(ctx, u.ID); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Import brings in one input of clicks that others recorded.
func (a *App) Import(ctx context.Context, format string, r io.Reader, reject func(feed.Rejected)) (feed.Result, error) {
	return a.importer.Import(ctx, format, r, reject)
}

// Export writes users, links and counts as NDJSON; with clicks, the clicks that
// the journal keeps instead of the counts.
func (a *App) Export(ctx context.Context, w io.Writer, clicks bool) (err error) {
	x := &feed.Exporter{Links: a.data.Links, Users: a.data.Links}
	if clicks {
		release, err := a.data.HoldJournal(ctx)
		if err != nil {
			return err
		}
		defer release()
		return x.Clicks(ctx, w, recorder.Clicks(ctx, &a.data.Journal.Contents, a.data.Journal.End()))
	}
	if err := a.data.Recorder.Settle(ctx); err != nil {
		return err
	}
	snap, err := a.data.Counts.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, snap.Close()) }()
	return x.Counts(ctx, w, snap)
}

// Backup implements control.Owner.
func (a *App) Backup(ctx context.Context, to string, keep int) (backup.Manifest, error) {
	return a.data.Backup(ctx, to, keep)
}

// Check implements control.Owner.
func (a *App) Check(ctx context.Context, report func(string)) (datadir.Verdict, error) {
	return a.data.Check(ctx, report)
}

// Repair implements control.Owner.
func (a *App) Repair(ctx context.Context, report func(string)) error {
	return a.data.Repair(ctx, report)
}

// AddLink makes a short link of a user, unless he has it, and returns its URL.
func (a *App) AddLink(ctx context.Context, login, longURL, domain string) (shortURL string, err error) {
	user, err := a.user(ctx, login)
	if err != nil {
		return "", err
	}
	if domain, err = a.links.Domain(domain, a.host); err != nil {
		return "", err
	}
	link, _, err := a.links.Shorten(ctx, links.Request{User: user.ID, LongURL: longURL, Domain: domain, Host: a.host})
	if err != nil {
		return "", err
	}
	return a.links.ShortURL(domain, link.Hash), nil
}
