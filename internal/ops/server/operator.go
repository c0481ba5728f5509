package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/meter"
	"github.com/footfall/footfall/internal/base/plain"
	"github.com/footfall/footfall/internal/core/audit"
	"github.com/footfall/footfall/internal/core/auth"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/core/recorder"
	"github.com/footfall/footfall/internal/faces/feed"
	"github.com/footfall/footfall/internal/ops/control"
	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/storage/pebble"
	"github.com/footfall/footfall/internal/storage/sql"
)

// AddUser makes a user and returns a token of his.
func (a *App) AddUser(ctx context.Context, login string) (token string, err error) {
	if err := auth.ValidLogin(login); err != nil {
		return "", err
	}
	if _, err := a.store.AddUser(ctx, login, a.now().Unix()); errors.Is(err, click.ErrExists) {
		return "", fmt.Errorf("the login %q %w: footfall user token %s prints another token", login, click.ErrExists, plain.Text(login))
	} else if err != nil {
		return "", err
	}
	return a.AddToken(ctx, login)
}

// AddToken returns another token of a user.
func (a *App) AddToken(ctx context.Context, login string) (token string, err error) {
	token, err = auth.Issue(ctx, a.store, login, a.now())
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
	users, err := a.store.ListUsers(ctx, after, pageOfUsers)
	if err != nil {
		return nil, err
	}
	list := make([]control.User, len(users))
	for i, u := range users {
		list[i].User = u
		if list[i].Tokens, err = a.store.CountTokens(ctx, u.ID); err != nil {
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
	x := &feed.Exporter{Links: a.store, Users: a.store}
	if clicks {
		if err := a.keeping.lock(ctx); err != nil { // segments stay
			return err
		}
		defer a.keeping.unlock()
		return unopened(x.Clicks(ctx, w, recorder.Clicks(ctx, a.journal, a.journal.End())), damagedJournal)
	}
	if err := a.recorder.Settle(ctx); err != nil {
		return err
	}
	snap, err := a.clicks.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, snap.Close()) }()
	return x.Counts(ctx, w, snap)
}

// Check proves that links and users are whole, and that the counts agree with
// each other and with the journal, of which no segment goes meanwhile.
func (a *App) Check(ctx context.Context, report func(string)) (v control.Verdict, err error) {
	var stopped error
	if err := a.recorder.Settle(ctx); err != nil {
		if _, failed := a.recorder.Counted(); failed == nil && !errors.Is(err, recorder.ErrStalled) {
			return v, err
		}
		stopped = err
		report(err.Error())
	}
	if err := a.keeping.lock(ctx); err != nil {
		return v, err
	}
	defer a.keeping.unlock()
	if v, err = check(ctx, a.db, a.clicks, a.journal, 0, stopped, report); err != nil {
		return v, err
	}
	// Once all is counted, every id that clicks are of must have been given out.
	err = a.parts.checkLinks(ctx, a.db, a.clicks, nil, &v, report)
	return v, err
}

// check is Check, where so many journals are missing and were reported. Counting
// has stopped for a reason that was reported too, or has not, which is nil. j is
// nil where there is no journal.
func check(ctx context.Context, db *sql.DB, clicks *pebble.Store, j *journal.Journal, lost int, stopped error, report func(string)) (v control.Verdict, err error) {
	links := 0
	meter.Begin(ctx, "links and users", meter.Bytes, 0)
	err = db.Verify(ctx, func(finding string) {
		links++
		report(finding)
	})
	if err != nil {
		return v, err
	}
	v.Summary, err = audit.Check(ctx, clicks, j, report)
	v.Wrong.Damage += lost
	v.Advice = advice(links, v.Wrong)
	switch {
	case errors.Is(stopped, recorder.ErrStalled):
		v.Advice = joinAdvice("see to the disk, and check again: counting goes on by itself", v.Advice)
	case stopped != nil:
		if v.Wrong.Journal == 0 && v.Wrong.Damage == 0 && v.Wrong.Counts == 0 { // a restart is enough, if anything is
			v.Advice = joinAdvice("start the server again, which goes on where counting stopped", v.Advice)
		}
		v.Wrong.Journal++
	}
	return v, err
}

func joinAdvice(first, others string) string {
	if others == "" {
		return first
	}
	return first + "; " + others
}

// advice is what to do where so much is wrong.
func advice(links int, wrong audit.Wrong) string {
	var all []string
	if links > 0 {
		all = append(all, "for links and users, stop the server and restore a backup")
	}
	switch {
	case wrong.Counts > 0:
		all = append(all, "stop the server and run footfall rebuild, which makes the counts anew from the journal")
	case wrong.Days > 0:
		all = append(all, "run footfall check --repair, which makes the sums of days anew")
	}
	switch {
	case wrong.Damage > 0:
		all = append(all, "for the journal, stop the server and run footfall check --repair, which has it go on without what is counted")
	case wrong.Journal > 0 && wrong.Counts == 0:
		all = append(all, "for the journal, stop the server and run footfall rebuild, which begins with the newest checkpoint or backup")
	}
	return strings.Join(all, "; ")
}

// Repair makes the sums of days anew where they are wrong and the counts that
// they sum are right, and keeps counts to rebuild from where the journal has
// holes.
func (a *App) Repair(ctx context.Context, report func(string)) error {
	if err := a.recorder.Settle(ctx); err != nil {
		return err
	}
	wrong, err := audit.CheckCounts(ctx, a.clicks)
	if err != nil {
		return err
	}
	if wrong > 0 {
		report("the counts themselves disagree, so the sums of days cannot be made of them: stop the server and run footfall rebuild")
		return nil
	}
	months, err := a.clicks.Repair(ctx)
	if err != nil {
		return err
	}
	if months > 0 {
		report(fmt.Sprintf("made the sums of days of %d months anew", months))
	}
	return a.bridge(ctx, report)
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
