package server

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/auth"
	"github.com/footfall/footfall/internal/core/recorder"
	"github.com/footfall/footfall/internal/faces/feed"
	"github.com/footfall/footfall/internal/faces/page"
	"github.com/footfall/footfall/internal/ops/control"
	"github.com/footfall/footfall/internal/ops/datadir"
	"github.com/footfall/footfall/internal/storage/backup"
)

// commands returns the commands of operators, each with the function that does it.
func (a *App) commands() []control.Served {
	return []control.Served{
		control.AddUser.Implement(a.AddUser),
		control.AddToken.Implement(a.addToken),
		control.RevokeToken.Implement(func(ctx context.Context, t control.TokenOf) (control.None, error) {
			return control.None{}, a.revokeToken(ctx, t)
		}),
		control.RevokeAllTokens.Implement(a.revokeTokens),
		control.SetPassword.Implement(func(ctx context.Context, p control.PasswordOf) (control.None, error) {
			return control.None{}, a.SetPassword(ctx, p.Login, p.Password)
		}),
		control.SetAdmin.Implement(func(ctx context.Context, r control.Role) (control.None, error) {
			return control.None{}, a.SetAdmin(ctx, r.Login, r.On)
		}),
		control.SetDisabled.Implement(func(ctx context.Context, r control.Role) (control.None, error) {
			return control.None{}, a.SetDisabled(ctx, r.Login, r.On)
		}),
		control.Invite.Implement(a.Invite),
		control.APIKey.Implement(a.apiKey),
		control.NewAPIKey.Implement(a.newAPIKey),
		control.ListUsers.Implement(a.listUsers),
		control.CountUserClicks.Implement(a.UserClicks),
		control.DeleteUser.Implement(a.DeleteUser),
		control.AddLink.Implement(a.addLink),
		control.EditLink.Implement(a.editLink),
		control.LinkHistory.Implement(a.linkHistory),
		control.ListLinks.ImplementWithNotes(func(ctx context.Context, of control.LinksOf, each func(control.Link)) (control.None, error) {
			return control.None{}, a.listLinks(ctx, of, each)
		}),
		control.CountLinkClicks.Implement(a.linkClicks),
		control.DeleteLink.Implement(a.DeleteLink),
		control.Stats.Implement(a.stats),
		control.Import.ImplementWithNotes(func(ctx context.Context, i control.ImportOf, reject func(feed.Rejected)) (feed.Result, error) {
			return a.Import(ctx, i.Format, i.Reader, reject)
		}),
		control.ImportLinks.ImplementWithNotes(func(ctx context.Context, i control.ImportLinksOf, each func(feed.LinkRow)) (feed.LinksResult, error) {
			if _, err := a.user(ctx, i.Login); err != nil {
				return feed.LinksResult{}, err
			}
			return a.importer.ImportLinks(ctx, i.LinksOptions, i.Reader, each)
		}),
		control.Export.ImplementWithNotes(func(ctx context.Context, o control.ExportOptions, piece func([]byte)) (control.None, error) {
			return control.None{}, a.export(ctx, pieces(piece), o.Clicks)
		}),
		control.Backup.Implement(func(ctx context.Context, to control.BackupTo) (backup.Manifest, error) {
			return a.Backup(ctx, to.Dir, to.Keep)
		}),
		control.Check.ImplementWithNotes(func(ctx context.Context, _ control.None, report func(string)) (datadir.Verdict, error) {
			return a.Check(ctx, report)
		}),
		control.Repair.ImplementWithNotes(func(ctx context.Context, _ control.None, report func(string)) (control.None, error) {
			return control.None{}, a.data.Repair(ctx, report)
		}),
		control.Health.Implement(func(context.Context, control.None) (string, error) {
			if !a.serving.Load() {
				return "", control.ErrNotServing
			}
			return a.health(), nil
		}),
		control.Debug.ImplementWithNotes(func(ctx context.Context, p control.Profile, piece func([]byte)) (control.None, error) {
			return control.None{}, profile(ctx, pieces(piece), p)
		}),
	}
}

// pieces is an io.Writer that sends each write over the socket.
type pieces func([]byte)

func (p pieces) Write(b []byte) (int, error) {
	p(b)
	return len(b), nil
}

// AddUser makes a user, and returns a token for them. It returns
// control.ExistsError if the login is taken.
func (a *App) AddUser(ctx context.Context, login string) (token string, err error) {
	if err := auth.ValidLogin(login); err != nil {
		return "", err
	}
	if _, err := a.data.DB.AddUser(ctx, login, a.now().Unix()); errors.Is(err, click.ErrExists) {
		return "", &control.ExistsError{Login: login}
	} else if err != nil {
		return "", err
	}
	return a.AddToken(ctx, login)
}

// AddToken makes another token for a user, and returns it.
func (a *App) AddToken(ctx context.Context, login string) (token string, err error) {
	return a.addToken(ctx, control.NewToken{Login: login})
}

func (a *App) addToken(ctx context.Context, t control.NewToken) (token string, err error) {
	token, err = auth.Issue(ctx, a.data.DB, t.Login, t.Name, a.now())
	if errors.Is(err, click.ErrNotFound) {
		err = a.unknownUser(ctx, t.Login)
	}
	return token, err
}

func (a *App) revokeToken(ctx context.Context, t control.TokenOf) error {
	u, err := a.user(ctx, t.Login)
	if err != nil {
		return err
	}
	err = a.auth.Revoke(ctx, u, t.Token)
	if errors.Is(err, click.ErrNotFound) {
		return fmt.Errorf("the token was %w among those of %q: it was revoked before, belongs to another user, or never existed", click.ErrNotFound, t.Login)
	}
	return err
}

func (a *App) revokeTokens(ctx context.Context, login string) (int, error) {
	u, err := a.user(ctx, login)
	if err != nil {
		return 0, err
	}
	return a.auth.RevokeAll(ctx, u)
}

// SetPassword changes the password of a user. Their tokens stay valid.
func (a *App) SetPassword(ctx context.Context, login, password string) error {
	err := a.auth.SetPassword(ctx, login, password)
	if errors.Is(err, click.ErrNotFound) {
		return a.unknownUser(ctx, login)
	}
	return err
}

// SetAdmin lets a user manage the server, or not any more.
func (a *App) SetAdmin(ctx context.Context, login string, admin bool) error {
	u, err := a.user(ctx, login)
	if err != nil {
		return err
	}
	return a.auth.SetAdmin(ctx, u, admin)
}

// SetDisabled refuses all credentials of a user, or accepts them again. Their links lead on all the
// same.
func (a *App) SetDisabled(ctx context.Context, login string, disabled bool) error {
	u, err := a.user(ctx, login)
	if err != nil {
		return err
	}
	return a.auth.SetDisabled(ctx, u, disabled)
}

// Invite returns the address at which a user sets a password, once.
func (a *App) Invite(ctx context.Context, login string) (string, error) {
	u, err := a.user(ctx, login)
	if err != nil {
		return "", err
	}
	secret, err := a.auth.Invite(ctx, u)
	if err != nil {
		return "", err
	}
	return a.pageURL("welcome?invitation=" + secret)
}

// SignInLink returns an address that signs a browser in as a user, for a day.
func (a *App) SignInLink(ctx context.Context, login string) (string, error) {
	u, err := a.user(ctx, login)
	if err != nil {
		return "", err
	}
	secret, err := a.auth.InviteIn(ctx, u)
	if err != nil {
		return "", err
	}
	return a.pageURL("enter?key=" + secret)
}

// pageURL is the address of a page.
func (a *App) pageURL(path string) (string, error) {
	domain, err := a.links.Domain("", a.host)
	if err != nil {
		return "", err
	}
	return strings.TrimSuffix(a.links.ShortURL(domain, ""), "/") + page.Prefix + path, nil
}

func (a *App) apiKey(ctx context.Context, login string) (string, error) {
	u, err := a.user(ctx, login)
	if err != nil {
		return "", err
	}
	return a.auth.APIKey(ctx, u)
}

func (a *App) newAPIKey(ctx context.Context, login string) (string, error) {
	u, err := a.user(ctx, login)
	if err != nil {
		return "", err
	}
	return a.auth.NewKey(ctx, u)
}

// pageOfUsers is the number of users that are read at once.
const pageOfUsers = 1000

func (a *App) listUsers(ctx context.Context, after string) ([]control.User, error) {
	users, err := a.data.DB.ListUsers(ctx, after, pageOfUsers)
	if err != nil {
		return nil, err
	}
	list := make([]control.User, len(users))
	for i, u := range users {
		list[i].User = u
		if list[i].Tokens, err = a.data.DB.CountTokens(ctx, u.ID); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Import records the clicks of one input, which others recorded before.
func (a *App) Import(ctx context.Context, format string, r io.Reader, reject func(feed.Rejected)) (feed.Result, error) {
	return a.importer.Import(ctx, format, r, reject)
}

// exportPiece is the number of bytes of an export that are sent at once.
const exportPiece = 64 << 10

// export writes users, links and counts as NDJSON; with clicks, it writes the
// clicks that the journal has instead of the counts.
func (a *App) export(ctx context.Context, w io.Writer, clicks bool) (err error) {
	out := bufio.NewWriterSize(w, exportPiece)
	defer func() { err = errors.Join(err, out.Flush()) }()
	x := &feed.Exporter{Links: a.data.DB, Users: a.data.DB}
	if clicks {
		release, err := a.data.HoldJournal(ctx)
		if err != nil {
			return err
		}
		defer release()
		return x.Clicks(ctx, out, recorder.Clicks(ctx, &a.data.Journal.Contents, a.data.Journal.End()))
	}
	if err := a.data.Recorder.Settle(ctx); err != nil {
		return err
	}
	snap, err := a.data.Counts.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, snap.Close()) }()
	return x.Counts(ctx, out, snap)
}

// Backup adds a backup to a directory, and keeps the newest keep of them.
func (a *App) Backup(ctx context.Context, to string, keep int) (backup.Manifest, error) {
	return a.data.Backup(ctx, to, keep)
}

// Check compares all parts of the data directory: see datadir.Dir.Check.
func (a *App) Check(ctx context.Context, report func(string)) (datadir.Verdict, error) {
	v, err := a.data.Check(ctx, report)
	if err == nil {
		a.proved.Store(&proved{a.now().Unix(), len(v.Remedies) == 0})
	}
	return v, err
}

// proved is the result of the last check.
type proved struct {
	at int64 // Unix second
	ok bool
}
