// Package server is the wiring: it opens what lies in a data directory, puts
// it together, listens, and stops it in order.
//
// It is the one place that knows all parts, and refuses to do the work of any.
package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"time"

	v3 "github.com/footfall/footfall/api/v3"
	"github.com/footfall/footfall/audit"
	"github.com/footfall/footfall/auth"
	"github.com/footfall/footfall/click"
	"github.com/footfall/footfall/feed"
	"github.com/footfall/footfall/journal"
	"github.com/footfall/footfall/metrics"
	"github.com/footfall/footfall/recorder"
	"github.com/footfall/footfall/store"
	"github.com/footfall/footfall/store/pebble"
	"github.com/footfall/footfall/store/sql"
)

// Options says what to open and how.
type Options struct {
	Dir string // the data directory, made where it is missing
	Now func() time.Time
	Log *slog.Logger
}

// App is an opened data directory:
//
//	DIR/lock           held while the App is open
//	DIR/footfall.sock  where commands reach it
//	DIR/journal/       every click, as it came
//	DIR/clicks/        the counts
//	DIR/footfall.db    links and users
//
// Clicks flow feed → recorder → journal → recorder → clicks; questions
// api → metrics → clicks.
type App struct {
	now      func() time.Time
	log      *slog.Logger
	users    store.Users
	auth     *auth.Auth
	clicks   store.Clicks
	journal  *journal.Journal
	recorder *recorder.Recorder
	importer *feed.Importer
	api      http.Handler

	closers []func(context.Context) error // in the order of opening
}

// Open opens a data directory that no other process has open, else ErrOwned.
func Open(ctx context.Context, o Options) (_ *App, err error) {
	a := &App{now: o.Now, log: o.Log}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close(ctx))
		}
	}()
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("open data directory: %w", err)
	}
	lock, err := lockDir(o.Dir)
	if err != nil {
		return nil, err
	}
	a.onClose(func(context.Context) error { return lock.Close() })

	db, err := sql.Open(ctx, filepath.Join(o.Dir, "footfall.db"))
	if err != nil {
		return nil, fmt.Errorf("open links and users: %w", err)
	}
	a.onClose(func(context.Context) error { return db.Close() })
	a.users = db

	a.clicks, err = pebble.Open(pebble.Options{Dir: filepath.Join(o.Dir, "clicks"), Cache: cacheSize, Logger: o.Log})
	if err != nil {
		return nil, fmt.Errorf("open counts: %w", err)
	}
	a.onClose(func(ctx context.Context) error { return errors.Join(a.clicks.Sync(ctx), a.clicks.Close()) })

	a.journal, err = journal.Open(journal.Options{Dir: filepath.Join(o.Dir, "journal"), Logger: o.Log})
	if err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	a.onClose(func(context.Context) error { return a.journal.Close() })

	a.recorder, err = recorder.Open(ctx, recorder.Options{Journal: a.journal, Clicks: a.clicks, Now: o.Now, Log: o.Log})
	if err != nil {
		return nil, err
	}
	a.onClose(a.recorder.Close)

	a.auth = auth.New(db, o.Now)
	a.importer = &feed.Importer{Recorder: a.recorder, Links: db, Now: o.Now}
	a.api = v3.New(v3.Options{User: a.auth.User, Metrics: metrics.New(a.clicks), Now: o.Now, Log: o.Log})
	return a, nil
}

// cacheSize is the memory for blocks of counts that were read.
const cacheSize = 256 << 20

// onClose has f called by Close, before what was opened earlier is closed.
func (a *App) onClose(f func(context.Context) error) { a.closers = append(a.closers, f) }

// Close counts what is recorded, as far as ctx allows, and closes everything.
func (a *App) Close(ctx context.Context) error {
	var errs []error
	for i := len(a.closers) - 1; i >= 0; i-- {
		errs = append(errs, a.closers[i](ctx))
	}
	a.closers = nil
	return errors.Join(errs...)
}

// Handler answers the public: everybody who can reach the listener.
func (a *App) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/v3/", a.api)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "ok\n")
	})
	return mux
}

// AddUser makes a user and returns a token of his.
func (a *App) AddUser(ctx context.Context, login string) (token string, err error) {
	if err := auth.ValidLogin(login); err != nil {
		return "", err
	}
	if _, err := a.users.AddUser(ctx, login, a.now().Unix()); errors.Is(err, click.ErrExists) {
		return "", fmt.Errorf("the login %q %w: footfall user token %s prints another token", login, click.ErrExists, login)
	} else if err != nil {
		return "", err
	}
	return a.AddToken(ctx, login)
}

// AddToken returns another token of a user.
func (a *App) AddToken(ctx context.Context, login string) (token string, err error) {
	token, err = auth.Issue(ctx, a.users, login, a.now())
	if errors.Is(err, click.ErrNotFound) {
		return "", fmt.Errorf("login %q: %w: footfall user add %s makes it", login, click.ErrNotFound, login)
	}
	return token, err
}

// ListUsers lists users by login, from the first after the given one.
func (a *App) ListUsers(ctx context.Context, after string, limit int) ([]store.User, error) {
	return a.users.ListUsers(ctx, after, limit)
}

// Import brings in one input of clicks that others recorded.
func (a *App) Import(ctx context.Context, format string, r io.Reader, reject func(feed.Rejected)) (feed.Result, error) {
	return a.importer.Import(ctx, format, r, reject)
}

// Check proves that the counts agree with each other and with the journal.
func (a *App) Check(ctx context.Context, report func(string)) (summary string, err error) {
	if err := a.recorder.Drain(ctx); err != nil {
		return "", err
	}
	return audit.Check(ctx, a.clicks, a.journal, report)
}
