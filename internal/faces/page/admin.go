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

// Operator manages the server, for admins. Logins that no user has are click.ErrNotFound.
type Operator interface {
	// Health says how the server is at the moment.
	Health(ctx context.Context) Health
	// FindUsers lists at most limit users by login, after a login. Their login or their name has
	// a text, in any case. more says that there are others.
	FindUsers(ctx context.Context, text, after string, limit int) (list []ListedUser, more bool, err error)
	// UserOf returns one user.
	UserOf(ctx context.Context, login string) (ListedUser, error)
	// MakeUser makes a user. auth.ErrLogin, click.ErrExists.
	MakeUser(ctx context.Context, login string) (store.User, error)
	// InviteUser returns the secret of an invitation.
	InviteUser(ctx context.Context, login string) (secret string, err error)
	SetDisabled(ctx context.Context, login string, disabled bool) error
	// UserClicks is the number of clicks that RemoveUser would remove.
	UserClicks(ctx context.Context, login string) (uint64, error)
	// RemoveUser removes a user, with links and clicks, and says what was removed.
	RemoveUser(ctx context.Context, login string) (said string, err error)
}

// Health is how a server is, as texts for its admin.
type Health struct {
	// Problems are what somebody should do something about, the worst first.
	Problems []string
	Groups   []HealthGroup
}

// HealthGroup is some facts about a part of the server.
type HealthGroup struct {
	Name  string
	Facts []HealthFact
}

// HealthFact is a value with a name.
type HealthFact struct{ Name, Value string }

// ListedUser is a user as an admin sees them.
type ListedUser struct {
	store.User
	Tokens int
}

// admin answers admins under /-/admin/. For everybody else there are no such pages.
func (p *Page) admin(w http.ResponseWriter, r *http.Request) {
	s, err := p.session(r)
	switch {
	case errors.Is(err, errSignedOut), err == nil && !s.User.Admin:
		p.none.ServeHTTP(w, r)
		return
	case err != nil:
		p.showError(w, r, err)
		return
	}
	in := request{r, s}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	switch r.Method + " " + strings.TrimPrefix(r.URL.Path, Prefix+"admin/") {
	case "GET ":
		http.Redirect(w, r, Prefix+"admin/health", http.StatusSeeOther)
	case "GET health", "HEAD health":
		p.write(w, r, http.StatusOK, "health", shown{Title: "Health", Name: "health", Login: s.User.Login, Admin: true, View: p.o.Operator.Health(r.Context())})
	case "GET users", "HEAD users":
		p.showUsers(w, in, http.StatusOK, usersView{})
	case "POST users":
		p.changeUser(w, in)
	case "GET users/delete", "HEAD users/delete":
		p.showRemoval(w, in, http.StatusOK, removalView{Login: r.URL.Query().Get("login")})
	case "POST users/delete":
		p.removeUser(w, in)
	default:
		p.none.ServeHTTP(w, r)
	}
}

// usersAtOnce is the number of users on a page.
const usersAtOnce = 50

// usersView is the list of users, and what was done before.
type usersView struct {
	Query string
	Users []ListedUser
	Own   string // the login of the admin, who cannot be disabled here
	Next  string // the last login of this page, if there are others; otherwise empty

	Said string // what was done
	// Address is where a user sets a password: it is shown once.
	Address string
	// Login is what was typed as a new login, and Error what is wrong with it, or with something
	// else if Login is empty.
	Login, Error string
}

func (p *Page) showUsers(w http.ResponseWriter, r request, status int, v usersView) {
	q := r.URL.Query()
	v.Query, v.Own = q.Get("query"), r.session.User.Login
	list, more, err := p.o.Operator.FindUsers(r.Context(), v.Query, q.Get("after"), usersAtOnce)
	if err != nil {
		p.showError(w, r.Request, err)
		return
	}
	if v.Users = list; more {
		v.Next = list[len(list)-1].Login
	}
	p.write(w, r.Request, status, "users", shown{Title: "Users", Name: "users", Login: v.Own, Admin: true, View: v})
}

// changeUser does what a button of the list of users says.
func (p *Page) changeUser(w http.ResponseWriter, r request) {
	login := r.PostFormValue("login")
	v := usersView{}
	var err error
	switch what := r.PostFormValue("do"); what {
	case "add":
		login = strings.TrimSpace(login)
		v.Login = login
		if _, err = p.o.Operator.MakeUser(r.Context(), login); err == nil {
			v.Login, v.Said = "", login+" is a user now."
			v.Address, err = p.invitation(r, login)
		}
	case "invite":
		v.Said = "An invitation for " + login + "."
		v.Address, err = p.invitation(r, login)
	case "disable", "enable":
		if login == r.session.User.Login {
			err = errOneself
			break
		}
		v.Said = login + " is " + what + "d."
		err = p.o.Operator.SetDisabled(r.Context(), login, what == "disable")
	default:
		p.missing(w, r.Request)
		return
	}
	status := http.StatusOK
	if err != nil {
		v.Said, v.Address = "", ""
		if status, v.Error = p.explain(err, login); v.Error == "" {
			p.showError(w, r.Request, err)
			return
		}
	}
	p.showUsers(w, r, status, v)
}

// errOneself is for admins who would lock themselves out.
var errOneself = errors.New("an admin cannot disable or delete themself")

// explain says to an admin why something about a user was refused; nothing, if it was not.
func (p *Page) explain(err error, login string) (status int, text string) {
	switch {
	case errors.Is(err, errOneself):
		return http.StatusConflict, "You cannot disable or delete yourself here. Another admin can, or footfall user on the server."
	case errors.Is(err, click.ErrExists):
		return http.StatusConflict, "There is a user " + login + " already."
	case errors.Is(err, click.ErrNotFound):
		return http.StatusNotFound, "There is no user " + login + " any more."
	case errors.Is(err, auth.ErrLogin):
		return http.StatusBadRequest, "A login has 1 to 64 bytes, without blanks and control characters."
	}
	return 0, ""
}

// invitation is an address at which a user sets a password. It leads to the host that the admin
// uses.
func (p *Page) invitation(r request, login string) (string, error) {
	secret, err := p.o.Operator.InviteUser(r.Context(), login)
	if err != nil {
		return "", err
	}
	scheme := "http://"
	if p.o.Secure(r.Request) {
		scheme = "https://"
	}
	return scheme + r.Host + Prefix + "welcome?invitation=" + secret, nil
}

// removalView asks an admin whether a user is to be deleted.
type removalView struct {
	Login  string
	User   ListedUser
	Clicks uint64
	// Unknown says that the clicks cannot be counted at the moment.
	Unknown bool
	Error   string
}

func (p *Page) showRemoval(w http.ResponseWriter, r request, status int, v removalView) {
	var err error
	if v.User, err = p.o.Operator.UserOf(r.Context(), v.Login); err == nil {
		v.Clicks, err = p.o.Operator.UserClicks(r.Context(), v.Login)
		if v.Unknown = errors.Is(err, click.ErrUnavailable); v.Unknown {
			err = nil
		}
	}
	if err != nil {
		p.showError(w, r.Request, err)
		return
	}
	p.write(w, r.Request, status, "removal", shown{Title: "Delete a user", Name: "removal", Login: r.session.User.Login, Admin: true, View: v})
}

// removeUser deletes a user whose login was typed.
func (p *Page) removeUser(w http.ResponseWriter, r request) {
	login := r.PostFormValue("login")
	switch {
	case login == r.session.User.Login:
		status, text := p.explain(errOneself, login)
		p.showUsers(w, r, status, usersView{Error: text})
		return
	case r.PostFormValue("typed") != login:
		p.showRemoval(w, r, http.StatusBadRequest, removalView{Login: login, Error: "This is not the login of the user. Nothing was deleted."})
		return
	}
	said, err := p.o.Operator.RemoveUser(r.Context(), login)
	if err != nil {
		p.showError(w, r.Request, err)
		return
	}
	p.showUsers(w, r, http.StatusOK, usersView{Said: said})
}
