package page

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/footfall/footfall/internal/core/auth"
	"github.com/footfall/footfall/internal/storage/store"
)

// Account changes what a user signs in with: a part of auth.Auth.
type Account interface {
	UserByPassword(ctx context.Context, from, login, password string) (store.User, error)
	SetPassword(ctx context.Context, login, password string) error
	NewSession(ctx context.Context, u store.User, place, agent string) (secret string, err error)
	Sessions(ctx context.Context, u store.User) ([]auth.Session, error)
	EndSession(ctx context.Context, u store.User, id string) error
	EndOtherSessions(ctx context.Context, u store.User, secret string) (int, error)
	Invited(ctx context.Context, secret string) (store.User, error)
	Accept(ctx context.Context, secret, password string) (store.User, error)
	Enter(ctx context.Context, entrance, place, agent string) (secret string, err error)
	APIKey(ctx context.Context, u store.User) (string, error)
	Tokens(ctx context.Context, u store.User) (list []auth.Token, all int, err error)
	NewToken(ctx context.Context, u store.User, name string) (string, error)
	RevokeID(ctx context.Context, u store.User, id string) error
	RevokeAll(ctx context.Context, u store.User) (int, error)
}

// accountView is the page of the account.
type accountView struct {
	Login    string        `json:"login"`
	Tokens   []tokenView   `json:"tokens"`
	All      int           `json:"allTokens"` // of which Tokens are the newest
	APIKey   string        `json:"apiKey"`
	Sessions []sessionView `json:"sessions"`
	Shares   []shareView   `json:"shares"`
}

type tokenView struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Program bool   `json:"program"` // a program got it for the password
	Created int64  `json:"created"`
	Used    int64  `json:"used"` // 0: never, as far as it is known
}

type sessionView struct {
	ID      string `json:"id"`
	Agent   string `json:"agent"`
	Place   string `json:"place"`
	Created int64  `json:"created"`
	Used    int64  `json:"used"`
	Current bool   `json:"current"`
}

// changed is the answer to a change of the account.
type changed struct {
	Said    string       `json:"said,omitempty"`
	Token   string       `json:"token,omitempty"` // shown once
	Account *accountView `json:"account"`
}

func (p *Page) account(w http.ResponseWriter, r request) {
	v, err := p.buildAccount(r)
	if err != nil {
		p.showError(w, r.Request, err)
		return
	}
	p.write(w, r.Request, http.StatusOK, "account", shown{Title: "Account", Name: "account", Login: v.Login, Admin: r.session.User.Admin, View: accountPage{accountView: v}})
}

func (p *Page) buildAccount(r request) (*accountView, error) {
	u := r.session.User
	v := &accountView{Login: u.Login, Tokens: []tokenView{}, Sessions: []sessionView{}}
	list, err := p.o.Account.Sessions(r.Context(), u)
	if err != nil {
		return nil, err
	}
	for _, s := range list {
		v.Sessions = append(v.Sessions, sessionView{s.ID, s.Agent, s.Place, s.Created, s.Used, s.ID == r.session.ID})
	}
	tokens, all, err := p.o.Account.Tokens(r.Context(), u)
	if err != nil {
		return nil, err
	}
	v.All = all
	for _, t := range tokens {
		v.Tokens = append(v.Tokens, tokenView{t.ID, t.Name, t.Session, t.Created, t.Used})
	}
	if v.Shares, err = p.listShares(r.Request, u); err != nil {
		return nil, err
	}
	v.APIKey, err = p.o.Account.APIKey(r.Context(), u)
	return v, err
}

// changeAccount does what the path says, and answers with the account as it is then.
func (p *Page) changeAccount(w http.ResponseWriter, r *http.Request) {
	s, err := p.session(r)
	if err != nil {
		p.refuseForm(w, r, err, "/-/account")
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	in := request{r, s}
	var c changed
	switch r.PathValue("what") {
	case "password":
		in, c.Said, err = p.changePassword(w, in)
	case "token":
		c.Token, err = p.newToken(r, s.User)
	case "revoke":
		err = p.o.Account.RevokeID(r.Context(), s.User, r.PostFormValue("id"))
	case "revoke-all":
		_, err = p.o.Account.RevokeAll(r.Context(), s.User)
	case "end":
		err = p.o.Account.EndSession(r.Context(), s.User, r.PostFormValue("id"))
	case "end-others":
		_, err = p.o.Account.EndOtherSessions(r.Context(), s.User, p.secret(r))
	default:
		p.missing(w, r)
		return
	}
	if fromForm(r) {
		p.showAccount(w, in, cmp.Or(c.Said, saidOf[r.PathValue("what")]), c.Token, err)
		return
	}
	if err == nil {
		c.Account, err = p.buildAccount(in)
	}
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, c)
}

// newToken makes a token, which needs a name here.
func (p *Page) newToken(r *http.Request, u store.User) (string, error) {
	name := strings.TrimSpace(r.PostFormValue("name"))
	if name == "" {
		return "", auth.ErrTokenName
	}
	return p.o.Account.NewToken(r.Context(), u, name)
}

// changePassword changes the password of somebody who knows the one before. All sessions end,
// and the browser gets a new one.
func (p *Page) changePassword(w http.ResponseWriter, r request) (request, string, error) {
	u := r.session.User
	if _, err := p.o.Account.UserByPassword(r.Context(), p.o.Network(r.Request), u.Login, r.PostFormValue("old")); err != nil {
		return r, "", err
	}
	if err := p.o.Account.SetPassword(r.Context(), u.Login, r.PostFormValue("new")); err != nil {
		return r, "", err
	}
	secret, err := p.o.Account.NewSession(r.Context(), u, p.o.Network(r.Request), p.o.Agent(r.Request))
	if err != nil {
		return r, "", err
	}
	p.setSession(w, r.Request, secret)
	if r.session, err = p.o.Auth.Session(r.Context(), secret); err != nil {
		return r, "", fmt.Errorf("the session after a new password: %w", err)
	}
	return r, "The password is changed, and all other sessions have ended.", nil
}

// welcomeForm is what the form for a first password shows.
type welcomeForm struct {
	Login, Invitation, Error string
}

func (p *Page) welcome(w http.ResponseWriter, r *http.Request) {
	f := welcomeForm{Invitation: r.FormValue("invitation")}
	u, err := p.o.Account.Invited(r.Context(), f.Invitation)
	if err != nil {
		p.showError(w, r, err)
		return
	}
	f.Login = u.Login
	p.write(w, r, http.StatusOK, "welcome", shown{Title: "Welcome", Name: "login", View: f})
}

// accept sets the password of somebody who was invited, and signs them in.
func (p *Page) accept(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	f := welcomeForm{Invitation: r.PostFormValue("invitation")}
	u, err := p.o.Account.Accept(r.Context(), f.Invitation, r.PostFormValue("password"))
	if errors.Is(err, auth.ErrPasswordForm) {
		if u, err = p.o.Account.Invited(r.Context(), f.Invitation); err == nil {
			f.Login, f.Error = u.Login, "A password has 8 to 72 bytes, and no control characters."
			p.write(w, r, http.StatusBadRequest, "welcome", shown{Title: "Welcome", Name: "login", View: f})
			return
		}
	}
	if err == nil {
		err = p.openSession(w, r, u)
	}
	if err != nil {
		p.showError(w, r, err)
		return
	}
	http.Redirect(w, r, Prefix, http.StatusSeeOther)
}

// openSession signs a browser in.
func (p *Page) openSession(w http.ResponseWriter, r *http.Request, u store.User) error {
	secret, err := p.o.Account.NewSession(r.Context(), u, p.o.Network(r), p.o.Agent(r))
	if err == nil {
		p.setSession(w, r, secret)
	}
	return err
}

// enter signs a browser in that has the address of an entrance, unless it is signed in.
func (p *Page) enter(w http.ResponseWriter, r *http.Request) {
	if _, err := p.session(r); err != nil {
		secret, err := p.o.Account.Enter(r.Context(), r.FormValue("key"), p.o.Network(r), p.o.Agent(r))
		if err != nil {
			p.showError(w, r, err)
			return
		}
		p.setSession(w, r, secret)
	}
	http.Redirect(w, r, Prefix, http.StatusSeeOther)
}
