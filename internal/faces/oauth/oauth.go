package oauth

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/footfall/footfall/internal/base/lograte"
	"github.com/footfall/footfall/internal/base/throttle"
	"github.com/footfall/footfall/internal/core/auth"
	"github.com/footfall/footfall/internal/storage/store"
)

// Auth proves users and gives them tokens.
type Auth interface {
	// UserByPassword finds the user of a login, who asks from an address and is
	// proven by his password. The errors are auth.ErrUnknownLogin,
	// auth.ErrPassword, auth.ErrTooMany and auth.ErrBusy.
	UserByPassword(ctx context.Context, from, login, password string) (store.User, error)
	// Issue gives a user another token.
	Issue(ctx context.Context, user store.User) (token string, err error)
}

// Options says what is answered from. All fields are required.
type Options struct {
	Auth Auth
	// Attempts bounds how often an address brings a password; nil does not.
	Attempts *throttle.Limiter
	// Address is where a request comes from, as far as it bounds somebody.
	Address func(*http.Request) string
	Now     func() time.Time
	Log     *slog.Logger
}

// OAuth answers under /oauth. It is an http.Handler for paths beginning there.
type OAuth struct {
	Options
	sentAway     *lograte.Line[error]
	failed, away *lograte.Line[trouble] // our fault, and the store's
}

// trouble is what kept somebody from a token.
type trouble struct {
	id  string // that the client was given
	err error
}

// New makes the face. It must be closed.
func New(o Options) *OAuth {
	fail := func(times uint64, last trouble) {
		o.Log.Error("a token could not be given", "times", times, "request_id", last.id, "error", last.err)
	}
	return &OAuth{
		Options: o, failed: lograte.New(time.Second, fail), away: lograte.New(time.Second, fail),
		sentAway: lograte.New(time.Second, func(users uint64, _ error) {
			o.Log.Warn("passwords come faster than they can be looked at: users cannot get tokens with theirs, and somebody may be guessing",
				"sent_away", users)
		}),
	}
}

// Close tells the log what it has not been told yet.
func (o *OAuth) Close() {
	o.sentAway.Close()
	o.failed.Close()
	o.away.Close()
}

// ServeHTTP answers one request.
func (o *OAuth) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	token, err := o.serve(w, r)
	if err == nil {
		// Bare and without a newline: clients use the body as it is.
		write(w, http.StatusOK, "text/plain; charset=utf-8", []byte(token))
		return
	}
	st := statusOf(err)
	switch {
	case errors.Is(err, auth.ErrBusy):
		o.sentAway.Note(err)
	case errors.Is(err, context.Canceled) && r.Context().Err() != nil: // nobody waits for the answer any more
	case st == statusUnknown, st == statusUnavailable:
		id := rand.Text()
		w.Header().Set("X-Request-Id", id)
		line := o.failed
		if st == statusUnavailable {
			line = o.away
		}
		line.Note(trouble{id, err})
	}
	refuse(w, st)
}

// serve returns a token; a panic in it is our fault, not the end of the server.
func (o *OAuth) serve(w http.ResponseWriter, r *http.Request) (token string, err error) {
	defer func() {
		if p := recover(); p != nil {
			token, err = "", fmt.Errorf("asking for a token panicked: %v\n%s", p, debug.Stack())
		}
	}()
	switch {
	case r.URL.Path != "/oauth/access_token":
		return "", statusNotFound
	case r.Method != http.MethodPost:
		return "", statusMethodNotAllowed
	}
	f, err := readForm(w, r)
	if err != nil {
		return "", err
	}
	return o.accessToken(r, f)
}

// accessToken tells the flows apart.
func (o *OAuth) accessToken(r *http.Request, f form) (token string, err error) {
	switch {
	case f.get("code") != "": // for an application that sent its user here
		return "", statusInvalidCode // none was ever given
	case f.get("grant_type") == "password", // for one that was told the password
		f.get("x_auth_username") != "" && f.get("x_auth_password") != "": // the same, of old
		// The client comes first (RFC 6749, 5.2), and none is registered. So
		// the password is not looked at.
		return "", statusInvalidClientID
	}
	login, password, ok := r.BasicAuth()
	if !ok {
		return "", statusMissingLogin
	}
	from := o.Address(r)
	if !o.Attempts.Take(from).OK {
		return "", statusTooMany
	}
	// A client id beside them stands for an application of Bitly's; the token
	// is the user's alone.
	u, err := o.Auth.UserByPassword(r.Context(), from, login, password)
	if err != nil {
		return "", err
	}
	return o.Auth.Issue(r.Context(), u)
}
