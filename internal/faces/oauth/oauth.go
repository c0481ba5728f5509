package oauth

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/footfall/footfall/internal/base/lograte"
	"github.com/footfall/footfall/internal/base/throttle"
	"github.com/footfall/footfall/internal/core/auth"
	"github.com/footfall/footfall/internal/faces/envelope"
	"github.com/footfall/footfall/internal/storage/store"
)

// Auth authenticates users and issues tokens.
type Auth interface {
	// UserByPassword finds the user of a login and a password. from is the
	// address of the client. The errors are auth.ErrUnknownLogin,
	// auth.ErrPassword, auth.ErrTooMany and auth.ErrBusy.
	UserByPassword(ctx context.Context, from, login, password string) (store.User, error)
	// Issue gives a user another token. name is what the program calls itself, and may be any
	// text.
	Issue(ctx context.Context, user store.User, name string) (token string, err error)
}

// Options configures an OAuth. All fields except Attempts are required.
type Options struct {
	Auth Auth
	// Attempts bounds the passwords that an address may send; nil sets no bound.
	Attempts *throttle.Limiter
	// Address is the key of a request in Attempts.
	Address func(*http.Request) string
	Log     *slog.Logger
}

// OAuth answers under /oauth. It is an http.Handler for paths that begin there.
type OAuth struct {
	Options
	busy   *lograte.Line[error] // passwords that could not be checked in time
	faults *envelope.Faults
}

// New returns an OAuth that must be closed.
func New(o Options) *OAuth {
	return &OAuth{
		Options: o,
		faults: envelope.NewFaults(func(times uint64, last envelope.Fault) {
			o.Log.Error("a token could not be issued", "times", times, "request_id", last.RequestID, "error", last.Err)
		}),
		busy: lograte.New(time.Second, func(users uint64, _ error) {
			o.Log.Warn("passwords come faster than they can be checked: users cannot get tokens, and somebody may be guessing passwords",
				"sent_away", users)
		}),
	}
}

// Close logs the failures that are not logged yet.
func (o *OAuth) Close() {
	o.busy.Close()
	o.faults.Close()
}

// ServeHTTP answers one request.
func (o *OAuth) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	token, err := o.token(w, r)
	if err == nil {
		// Without an envelope and a newline: clients use the body as it is.
		envelope.Write(w, http.StatusOK, "text/plain; charset=utf-8", []byte(token))
		return
	}
	s := statusOf(err)
	if errors.Is(err, auth.ErrBusy) {
		o.busy.Note(err)
	} else {
		o.faults.Note(w, r, s, err)
	}
	refuse(w, s)
}

// token returns a token for the user in the request. A panic is an error, too.
func (o *OAuth) token(w http.ResponseWriter, r *http.Request) (token string, err error) {
	defer func() {
		if p := recover(); p != nil {
			token, err = "", envelope.Panicked(p)
		}
	}()
	switch {
	case r.URL.Path != "/oauth/access_token":
		return "", envelope.NotFound
	case r.Method != http.MethodPost:
		return "", envelope.MethodNotAllowed
	}
	f, err := readForm(w, r)
	if err != nil {
		return "", err
	}
	return o.accessToken(r, f)
}

// accessToken returns a token for a login and password. It refuses every other flow.
func (o *OAuth) accessToken(r *http.Request, f form) (token string, err error) {
	switch {
	case f.get("code") != "": // an application whose user was sent here
		return "", statusInvalidCode // no codes are issued
	case f.get("grant_type") == "password", // an application that has the password
		f.get("x_auth_username") != "" && f.get("x_auth_password") != "": // the older form of it
		// The client is checked first (RFC 6749, 5.2), and no client is
		// registered. So the password is not checked.
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
	// Bitly's applications send a client id as well. It is ignored: the token
	// belongs to the user.
	u, err := o.Auth.UserByPassword(r.Context(), from, login, password)
	if err != nil {
		return "", err
	}
	return o.Auth.Issue(r.Context(), u, program(r))
}

// program is what a program calls itself, such as python-requests/2.32.3, for the user's list of
// tokens.
func program(r *http.Request) string {
	name, _, _ := strings.Cut(r.UserAgent(), " ")
	return name
}
