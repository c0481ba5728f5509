package page

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/auth"
	"github.com/footfall/footfall/internal/storage/store"
)

// Auth says who is signed in: a part of auth.Auth.
type Auth interface {
	SignIn(ctx context.Context, login, password, place, agent string) (secret string, u store.User, err error)
	Session(ctx context.Context, secret string) (auth.Session, error)
	SignOut(ctx context.Context, secret string) error
}

// Session is somebody who is signed in.
type Session = auth.Session

// errSignedOut is for a request of nobody who is signed in.
var errSignedOut = errors.New("nobody is signed in")

// sessionCookie has the secret of a session. A browser that came by https sends it by https
// only, and takes no other cookie of that name from http.
func (p *Page) sessionCookie(r *http.Request) string {
	if p.o.Secure(r) {
		return "__Secure-footfall"
	}
	return "footfall"
}

// session is the session of a request. It fails with errSignedOut.
func (p *Page) session(r *http.Request) (Session, error) {
	s, err := p.o.Auth.Session(r.Context(), p.secret(r))
	if errors.Is(err, click.ErrNotFound) {
		err = errSignedOut
	}
	return s, err
}

// signedIn shows a page to somebody who is signed in, and leads others to the form.
func (p *Page) signedIn(f func(http.ResponseWriter, request)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s, err := p.session(r)
		if errors.Is(err, errSignedOut) {
			http.Redirect(w, r, "/-/login?next="+escape(r.URL.RequestURI()), http.StatusSeeOther)
			return
		}
		if err != nil {
			p.showError(w, r, err)
			return
		}
		f(w, request{r, s})
	}
}

// maxForm bounds the body of a form, in bytes.
const maxForm = 16 << 10

const tooManyPasswords = "There were too many wrong passwords. Wait a minute, and try again."

// secret is the secret of the session of a request; empty without one.
func (p *Page) secret(r *http.Request) string {
	if c, err := r.Cookie(p.sessionCookie(r)); err == nil {
		return c.Value
	}
	return ""
}

// loginForm is what the form for signing in shows.
type loginForm struct {
	Login, Next, Error string
}

func (p *Page) login(w http.ResponseWriter, r *http.Request) {
	next := local(r.URL.Query().Get("next"))
	if _, err := p.session(r); err == nil {
		http.Redirect(w, r, next, http.StatusSeeOther)
		return
	}
	p.showForm(w, r, http.StatusOK, loginForm{Next: next})
}

// signIn opens a session for the right password. The secret is always a new one.
func (p *Page) signIn(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	form := loginForm{Login: r.PostFormValue("login"), Next: local(r.PostFormValue("next"))}
	if p.o.Attempts != nil && !p.o.Attempts.Take(p.o.Network(r)).OK {
		form.Error = tooManyPasswords
		p.showForm(w, r, http.StatusTooManyRequests, form)
		return
	}
	secret, _, err := p.o.Auth.SignIn(r.Context(), form.Login, r.PostFormValue("password"), p.o.Network(r), p.o.Agent(r))
	status := http.StatusUnauthorized
	switch {
	case err == nil:
		p.setSession(w, r, secret)
		http.Redirect(w, r, form.Next, http.StatusSeeOther)
		return
	case errors.Is(err, auth.ErrUnknownLogin), errors.Is(err, auth.ErrPassword):
		form.Error = "This login and this password do not belong together."
	case errors.Is(err, auth.ErrTooMany):
		form.Error = tooManyPasswords
		status = http.StatusTooManyRequests
	case errors.Is(err, auth.ErrBusy):
		form.Error = "Too many people sign in at the moment. Try again."
		status = http.StatusServiceUnavailable
	default:
		p.showError(w, r, err)
		return
	}
	p.showForm(w, r, status, form)
}

// signOut ends the session.
func (p *Page) signOut(w http.ResponseWriter, r *http.Request) {
	if err := p.o.Auth.SignOut(r.Context(), p.secret(r)); err != nil && !errors.Is(err, click.ErrNotFound) {
		p.showError(w, r, err)
		return
	}
	p.setSession(w, r, "")
	http.Redirect(w, r, "/-/login", http.StatusSeeOther)
}

// setSession gives the browser the secret of a session, or takes it away if it is empty.
func (p *Page) setSession(w http.ResponseWriter, r *http.Request, secret string) {
	c := &http.Cookie{
		Name: p.sessionCookie(r), Value: secret, Path: Prefix, HttpOnly: true, Secure: p.o.Secure(r), SameSite: http.SameSiteLaxMode,
		MaxAge: int(auth.SessionAge.Seconds()),
	}
	if secret == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// local is a path of a page; that of the overview if s is none. So the form leads nobody to
// another site.
func local(s string) string {
	if !strings.HasPrefix(s, Prefix) || strings.ContainsAny(s, "\\\r\n") || strings.HasPrefix(s, Prefix+"log") {
		return Prefix
	}
	return s
}
