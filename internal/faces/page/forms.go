package page

import (
	"errors"
	"net/http"
	"strings"
	"time"
)

// accountPage is the page of the account, and what a form of it has done: browsers without scripts
// send forms, and get the page.
type accountPage struct {
	*accountView
	Said  string `json:"-"`
	Token string `json:"-"` // a new one; shown once
	Wrong string `json:"-"`
}

// fromForm reports whether a form asks, and not the script.
func fromForm(r *http.Request) bool { return strings.Contains(r.Header.Get("Accept"), "text/html") }

// refuseForm answers somebody who has no session: a form with that for signing in, which leads to
// next, a path of a page.
func (p *Page) refuseForm(w http.ResponseWriter, r *http.Request, err error, next string) {
	if errors.Is(err, errSignedOut) && fromForm(r) {
		http.Redirect(w, r, "/-/login?next="+next, http.StatusSeeOther)
		return
	}
	p.refuse(w, r, err)
}

// showAccount answers a form with the page of the account, after what it says was done, or was not
// because of err.
func (p *Page) showAccount(w http.ResponseWriter, r request, said, token string, err error) {
	v, status := accountPage{Said: said, Token: token}, http.StatusOK
	if err != nil {
		var text string
		status, text = p.statusOf(err)
		if v.Said, v.Wrong = "", wrongForm[text]; v.Wrong == "" {
			p.showError(w, r.Request, err)
			return
		}
	}
	if v.accountView, err = p.buildAccount(r); err != nil {
		p.showError(w, r.Request, err)
		return
	}
	p.write(w, r.Request, status, "account", shown{Title: "Account", Name: "account", Login: v.Login, Admin: r.session.User.Admin, View: v})
}

// wrongForm says what the errors of the forms mean. The script has the same sentences.
var wrongForm = map[string]string{
	"WRONG_PASSWORD": "That is not your password.",
	"PASSWORD_FORM":  "A password has 8 to 72 bytes, and no control characters.",
	"TOKEN_NAME":     "The name of a token has 1 to 100 bytes, and no control characters.",
	"NOT_FOUND":      "That was gone already.",
	"TOO_MANY":       "There were too many wrong passwords. Wait a minute.",
}

// saidOf is what a form of the account has done, by the last part of its path.
var saidOf = map[string]string{
	"token": "The token is made.", "revoke": "The token is revoked.", "revoke-all": "All tokens are revoked.",
	"end": "The session has ended.", "end-others": "All other sessions have ended.",
}

// moment writes a Unix second in UTC.
func moment(at int64) string { return time.Unix(at, 0).UTC().Format("2 January 2006, 15:04") }
