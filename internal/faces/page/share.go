package page

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/auth"
	"github.com/footfall/footfall/internal/storage/store"
)

// Shares keeps the shares of users: a part of auth.Auth.
type Shares interface {
	NewShare(ctx context.Context, u store.User, n auth.NewShare) (secret string, err error)
	Share(ctx context.Context, secret string) (auth.Share, error)
	UsedShare(ctx context.Context, s auth.Share) error
	OpenShare(ctx context.Context, s auth.Share, from, password string) (ticket string, err error)
	Shares(ctx context.Context, u store.User) ([]auth.Share, error)
	RevokeShare(ctx context.Context, u store.User, id string) error
}

// sharePrefix is before the secret in the address of a share.
const sharePrefix = Prefix + "s/"

// ticketAge is how long a browser keeps what it got for the password of a share, in seconds.
const ticketAge = 30 * 24 * 60 * 60

// errLocked is for a share whose password was not given.
var errLocked = errors.New("the share asks for a password")

// shared is a request of somebody with the address of a share. The path of the request is
// without the secret, so that no log has it.
type shared struct {
	*http.Request
	share   auth.Share
	address string // the path of the share
}

// opened finds the share of a request, and sets what its answers must have. It fails with
// errLocked, and returns the share all the same.
func (p *Page) opened(w http.ResponseWriter, r *http.Request) (shared, error) {
	h := w.Header()
	h.Set("Referrer-Policy", "no-referrer") // the address is the secret
	h.Set("X-Robots-Tag", "noindex, nofollow")
	secret := r.PathValue("secret")
	in := shared{Request: r.Clone(r.Context()), address: sharePrefix + secret}
	in.URL.Path, in.URL.RawPath, in.RequestURI = sharePrefix+"SECRET", "", ""
	var err error
	if in.share, err = p.o.Shares.Share(r.Context(), secret); err != nil {
		return in, err
	}
	if f := in.share.Frames; f != "" {
		h.Set("Content-Security-Policy", strings.Replace(policy, "frame-ancestors 'none'", "frame-ancestors "+f, 1))
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	}
	var ticket string
	if c, err := r.Cookie(p.ticketCookie(r)); err == nil {
		ticket = c.Value
	}
	if !in.share.Opens(ticket) {
		return in, errLocked
	}
	return in, nil
}

func (p *Page) ticketCookie(r *http.Request) string { return p.sessionCookie(r) + "_share" }

// showShare answers with the view of a share, or with the form for its password.
func (p *Page) showShare(w http.ResponseWriter, r *http.Request) {
	in, err := p.opened(w, r)
	if errors.Is(err, errLocked) {
		p.showShareForm(w, in, http.StatusOK, "")
		return
	}
	var v *view
	if err == nil {
		v, err = p.buildShare(in)
	}
	if err == nil {
		err = p.o.Shares.UsedShare(r.Context(), in.share)
	}
	if err != nil {
		p.showShareError(w, in, err)
		return
	}
	title := "#" + v.Tag
	if v.Link != nil {
		if title = v.Link.Title; title == "" {
			title = nameOf(v.Link.Link)
		}
	}
	p.write(w, in.Request, http.StatusOK, "share", shown{Title: title, Name: "share", View: v})
}

// showShareForm asks for the password of a share. Its policy of referrers lets browsers name
// the site that sends the form, which the check of other sites needs over http.
func (p *Page) showShareForm(w http.ResponseWriter, in shared, status int, wrong string) {
	w.Header().Set("Referrer-Policy", "same-origin")
	p.write(w, in.Request, status, "locked", shown{Title: "Password", Name: "login", View: wrong})
}

func (p *Page) showShareError(w http.ResponseWriter, in shared, err error) {
	if errors.Is(err, click.ErrNotFound) {
		p.write(w, in.Request, http.StatusNotFound, "error", shown{
			Title: "Not found", Name: "error", Error: "This address shows nothing, or not any more. Ask those who gave it to you.",
		})
		return
	}
	p.showError(w, in.Request, err)
}

// openShare takes the password of a share.
func (p *Page) openShare(w http.ResponseWriter, r *http.Request) {
	in, err := p.opened(w, r)
	if err != nil && !errors.Is(err, errLocked) {
		p.showShareError(w, in, err)
		return
	}
	to := in.address
	if r.URL.RawQuery != "" {
		to += "?" + r.URL.RawQuery
	}
	if err == nil { // it is open already
		http.Redirect(w, r, to, http.StatusSeeOther)
		return
	}
	if p.o.Attempts != nil && !p.o.Attempts.Take(p.o.Network(r)).OK {
		p.showShareForm(w, in, http.StatusTooManyRequests, tooManyPasswords)
		return
	}
	in.Body = http.MaxBytesReader(w, r.Body, maxForm)
	ticket, err := p.o.Shares.OpenShare(r.Context(), in.share, p.o.Network(r), in.PostFormValue("password"))
	switch {
	case errors.Is(err, auth.ErrPassword):
		p.showShareForm(w, in, http.StatusUnauthorized, "This is not the password of this address.")
	case errors.Is(err, auth.ErrTooMany):
		p.showShareForm(w, in, http.StatusTooManyRequests, tooManyPasswords)
	case errors.Is(err, auth.ErrBusy):
		p.showShareForm(w, in, http.StatusServiceUnavailable, "Too many people are giving passwords at the moment. Try again.")
	case err != nil:
		p.showError(w, in.Request, err)
	default:
		http.SetCookie(w, &http.Cookie{
			Name: p.ticketCookie(r), Value: ticket, Path: in.address, HttpOnly: true, Secure: p.o.Secure(r), SameSite: http.SameSiteLaxMode, MaxAge: ticketAge,
		})
		http.Redirect(w, r, to, http.StatusSeeOther)
	}
}

// shareData answers a question of the script of a share with json.
func (p *Page) shareData(f func(shared) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		in, err := p.opened(w, r)
		if errors.Is(err, errLocked) {
			err = errSignedOut
		}
		var v any
		if err == nil {
			v, err = f(in)
		}
		if err != nil {
			p.refuse(w, in.Request, err)
			return
		}
		writeJSON(w, http.StatusOK, v)
	}
}

func (p *Page) shareView(in shared) (any, error) { return p.buildShare(in) }

// scope is the filter of a share. Visitors cannot change it: build takes no other one then.
func (s shared) scope() url.Values {
	if s.share.Link != "" {
		return url.Values{"link": {string(s.share.Link)}}
	}
	return url.Values{"tag": {s.share.Tag}}
}

// asks returns what asks as the owner of a share, the question of its visitor, and the link if
// it is one of a link. It fails with click.ErrNotFound if another link has the name of that
// link on the host that the request names.
func (p *Page) asks(in shared) (a asker, done func(), qn question, l *linkDetails, err error) {
	u := in.share.User
	a, done, err = p.askerWithin(in.Request, u, "share "+in.share.ID)
	if err != nil {
		return a, nil, qn, nil, err
	}
	if in.share.Link != "" {
		l, err = a.linkDetails(string(in.share.Link))
		if err == nil && hashOf(l) != in.share.Link {
			err = click.ErrNotFound
		}
		if err != nil {
			done()
			return a, nil, qn, nil, err
		}
	}
	return a, done, p.question(in.Request, without(in.URL.Query(), "link", "tag"), in.scope()), l, nil
}

// buildShare makes the view of a share.
func (p *Page) buildShare(in shared) (*view, error) {
	a, done, qn, l, err := p.asks(in)
	if err != nil {
		return nil, err
	}
	defer done()
	v, err := build(a, qn)
	if err != nil {
		return nil, err
	}
	v.Share, v.Tag = in.address+"/", in.share.Tag
	if l != nil {
		v.Page = "link"
		v.Link = &linkDetails{Link: l.Link, LongURL: l.LongURL, Title: l.Title, Created: l.Created, Keyword: l.Keyword, Tags: []string{}, Changes: []change{}}
	}
	v.publish()
	return v, nil
}

// shareRows is all rows of one panel of a share.
func (p *Page) shareRows(in shared) (any, error) {
	a, done, qn, _, err := p.asks(in)
	if err != nil {
		return nil, err
	}
	defer done()
	list, err := buildRows(a, qn, in.URL.Query().Get("panel"))
	list.publish()
	return list, err
}

// publish takes out of a view what is not for visitors: who its owner is, the calls of the API,
// where a link led before, and addresses of other pages.
func (v *view) publish() {
	v.Login, v.Version, v.Proved = "", "", proof{}
	v.Head.Call, v.Chart.Call, v.Chart.BotsCall, v.Heat.Call = call{}, call{}, call{}, call{}
	v.Chart.Changes = []change{}
	for i := range v.Panels {
		v.Panels[i].publish()
	}
}

func (p *panel) publish() {
	p.Call, p.PagesCall = call{}, nil
	for _, list := range [][]row{p.Rows, p.Rest} {
		for i := range list {
			list[i].Query, list[i].Add, list[i].Href = "", "", ""
		}
	}
}

// hashOf is the hash of a link, which its short URL ends with.
func hashOf(l *linkDetails) click.Hash {
	name := path.Base(l.Link)
	if s, err := url.PathUnescape(name); err == nil {
		name = s
	}
	return click.Hash(name)
}
