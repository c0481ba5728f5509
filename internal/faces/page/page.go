package page

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/footfall/footfall/internal/base/calendar"
	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/throttle"
	"github.com/footfall/footfall/internal/core/auth"
	"github.com/footfall/footfall/internal/faces/envelope"
	"github.com/footfall/footfall/internal/faces/page/web"
	"github.com/footfall/footfall/internal/storage/store"
)

// Prefix is the beginning of the paths of all pages.
const Prefix = "/-/"

// Options are the parts of a Page. All are required, except where it says so.
type Options struct {
	Auth    Auth
	Account Account
	// Operator manages the server, for admins.
	Operator Operator
	Shares   Shares
	API      API
	// At returns an API whose answers are all about one instant, until close is called.
	At func(ctx context.Context) (at API, close func() error, err error)
	// ImportLinks imports a file for a user.
	ImportLinks ImportLinks
	// Counted returns a channel that is closed after the next clicks were counted. See live.go.
	Counted func() <-chan struct{}
	// Proved says when check last compared all counts with the journal, as a Unix second, and
	// whether they agreed; 0 if it never did since the start.
	Proved func() (at int64, ok bool)
	// Network is the network of the visitor of a request, for limits; and Place is where a
	// session says that it was opened.
	Network func(*http.Request) string
	// Views bounds the views of a user, who shares it with their programs; nil sets no bound.
	Views *throttle.Limiter
	// Attempts bounds the passwords of a network; nil sets no bound.
	Attempts *throttle.Limiter
	// Agent is the browser and the system of a request, for the list of sessions.
	Agent func(*http.Request) string
	// Secure reports whether the browser has come by https.
	Secure  func(*http.Request) bool
	Version string
	Now     func() time.Time
	Log     *slog.Logger
}

// Page answers under /-/. It is an http.Handler.
type Page struct {
	o      Options
	routes http.Handler
	none   http.Handler // answers as routes does where there is nothing
	faults *envelope.Faults
	done   chan struct{} // closed by end
	end    func()
}

// New returns a Page that must be closed.
func New(o Options) *Page {
	p := &Page{o: o, done: make(chan struct{})}
	p.end = sync.OnceFunc(func() { close(p.done) })
	p.faults = envelope.NewFaults(func(pages uint64, last envelope.Fault) {
		o.Log.Error("a page could not be made", "pages", pages, "request_id", last.RequestID, "path", last.Path, "error", last.Err)
	})
	none := http.NewServeMux()
	none.HandleFunc("GET /-/{path...}", p.missing)
	p.none, p.routes = none, p.newRoutes()
	return p
}

// EndStreams ends the streams of live pages, so that a server that stops does not wait for
// them. Browsers ask again.
func (p *Page) EndStreams() { p.end() }

// Close ends the streams, and logs the events that are not logged yet.
func (p *Page) Close() {
	p.end()
	p.faults.Close()
}

// newRoutes is the table of all paths.
func (p *Page) newRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /-/{$}", p.signedIn(p.overview))
	mux.HandleFunc("GET /-/view", p.data(p.overviewView))
	mux.HandleFunc("GET /-/rows", p.data(p.rows))
	mux.HandleFunc("GET /-/live", p.live)
	mux.HandleFunc("GET /-/link/{link...}", p.signedIn(p.link))
	mux.HandleFunc("POST /-/link/{link...}", p.editLink)
	mux.HandleFunc("GET /-/view/link/{link...}", p.data(p.linkView))
	mux.HandleFunc("GET /-/links", p.signedIn(p.links))
	mux.HandleFunc("GET /-/links/view", p.data(p.linksView))
	mux.HandleFunc("POST /-/links/make", p.makeLink)
	mux.HandleFunc("POST /-/links/import", p.importLinks)
	mux.HandleFunc("GET /-/api/{method...}", p.call)
	mux.HandleFunc("POST /-/api/{method...}", p.call)
	mux.HandleFunc("GET /-/zones", p.zones)
	mux.HandleFunc("GET /-/assets/", web.ServeHTTP)
	mux.HandleFunc("GET /-/account", p.signedIn(p.account))
	mux.HandleFunc("POST /-/account/{what}", p.changeAccount)
	mux.HandleFunc("GET /-/shares/new", p.signedIn(p.newShare))
	mux.HandleFunc("POST /-/shares/{what}", p.changeShares)
	mux.HandleFunc("GET /-/s/{secret}", p.showShare)
	mux.HandleFunc("POST /-/s/{secret}", p.openShare)
	mux.HandleFunc("GET /-/s/{secret}/view", p.shareData(p.shareView))
	mux.HandleFunc("GET /-/s/{secret}/rows", p.shareData(p.shareRows))
	mux.HandleFunc("GET /-/welcome", p.welcome)
	mux.HandleFunc("POST /-/welcome", p.accept)
	mux.HandleFunc("GET /-/enter", p.enter)
	mux.HandleFunc("GET /-/login", p.login)
	mux.HandleFunc("POST /-/login", p.signIn)
	mux.HandleFunc("POST /-/logout", p.signOut)
	mux.HandleFunc("GET /-/{path...}", p.missing)
	return http.NewCrossOriginProtection().Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, Prefix+"admin/") { // with every method
			p.admin(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	}))
}

// ServeHTTP implements http.Handler.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Robots-Tag", "noindex")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	p.routes.ServeHTTP(w, r)
}

// policy allows the page's own files and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// request is a request of somebody who is signed in.
type request struct {
	*http.Request
	session Session
}

// asker asks the API at one instant, for one view. The caller calls done.
func (p *Page) asker(r *http.Request, u store.User) (a asker, done func(), err error) {
	return p.askerWithin(r, u, strconv.FormatUint(uint64(u.ID), 10))
}

// askerWithin is asker with a key of the bound on views.
func (p *Page) askerWithin(r *http.Request, u store.User, key string) (a asker, done func(), err error) {
	if p.o.Views != nil && !p.o.Views.Take(key).OK {
		return asker{}, nil, refusal{http.StatusTooManyRequests, "RATE_LIMIT_EXCEEDED"}
	}
	at, end, err := p.o.At(r.Context())
	if err != nil {
		return asker{}, nil, err
	}
	done = func() {
		if err := end(); err != nil {
			p.o.Log.Error("the counts that a page read could not be closed", "error", err)
		}
	}
	return asker{ctx: r.Context(), api: at, user: u, host: r.Host}, done, nil
}

// build makes the view that a request asks for. scope limits it; nil leaves that to the query.
func (p *Page) build(r *http.Request, u store.User, query url.Values, scope url.Values) (*view, error) {
	a, done, err := p.asker(r, u)
	if err != nil {
		return nil, err
	}
	defer done()
	v, err := build(a, p.question(r, query, scope))
	if err != nil {
		return nil, err
	}
	v.Version = p.o.Version
	v.Proved.At, v.Proved.OK = p.o.Proved()
	return v, nil
}

// question is what a request asks, with what its browser remembers.
func (p *Page) question(r *http.Request, query, scope url.Values) question {
	qn := question{query: query, scope: scope, zone: "UTC", week: calendar.MWeek, now: p.o.Now()}
	if c, err := r.Cookie(zoneCookie); err == nil {
		if name, err := url.QueryUnescape(c.Value); err == nil {
			if _, err := calendar.Load(name); err == nil {
				qn.zone = name
			}
		}
	}
	if c, err := r.Cookie(weekCookie); err == nil && c.Value == "sunday" {
		qn.week = calendar.Week
	}
	return qn
}

// Cookies that the script of the page sets, because only the browser knows them.
const (
	zoneCookie = "footfall_zone"
	weekCookie = "footfall_week"
)

func (p *Page) overview(w http.ResponseWriter, r request) {
	v, err := p.build(r.Request, r.session.User, r.URL.Query(), nil)
	if err != nil {
		p.showError(w, r.Request, err)
		return
	}
	p.write(w, r.Request, http.StatusOK, "overview", shown{Title: "Overview", Name: "overview", Login: v.Login, Admin: r.session.User.Admin, View: v})
}

func (p *Page) overviewView(r request) (any, error) {
	return p.build(r.Request, r.session.User, r.URL.Query(), nil)
}

func (p *Page) link(w http.ResponseWriter, r request) {
	p.showLink(w, r, http.StatusOK, func(l *linkDetails) editForm { return editFormOf(l.fields(), nil) })
}

// showLink answers with the page of a link, and the form that form returns for it.
func (p *Page) showLink(w http.ResponseWriter, r request, status int, form func(*linkDetails) editForm) {
	v, err := p.buildLink(r)
	if err != nil {
		p.showError(w, r.Request, err)
		return
	}
	p.write(w, r.Request, status, "link", shown{
		Title: nameOf(v.Link.Link), Name: "link", Login: v.Login, Admin: r.session.User.Admin, View: linkPage{v, form(v.Link)},
	})
}

func (p *Page) linkView(r request) (any, error) { return p.buildLink(r) }

// buildLink makes the view of one link, which the path names.
func (p *Page) buildLink(r request) (*view, error) {
	name := r.PathValue("link")
	q := without(r.URL.Query(), "link", "tag")
	v, err := p.build(r.Request, r.session.User, q, url.Values{"link": {name}})
	if err != nil {
		return nil, err
	}
	a := asker{ctx: r.Context(), api: p.o.API, user: r.session.User, host: r.Host}
	v.Page = "link"
	if v.Link, err = a.linkDetails(name); err != nil {
		return nil, err
	}
	var data struct {
		Changes []change `json:"destination_changes"`
	}
	if err := a.ask("user/destination_changes", url.Values{"link": {name}, "limit": {"100"}}, &data); err != nil {
		return nil, err
	}
	v.Link.Changes = data.Changes
	return v, nil
}

// rows is all rows of one panel.
func (p *Page) rows(r request) (any, error) {
	q := r.URL.Query()
	a, done, err := p.asker(r.Request, r.session.User)
	if err != nil {
		return nil, err
	}
	defer done()
	return buildRows(a, p.question(r.Request, q, nil), q.Get("panel"))
}

// zones lists the time zones.
func (p *Page) zones(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "max-age=86400")
	writeJSON(w, http.StatusOK, calendar.Zones())
}

// call passes a request of the page on to the API.
func (p *Page) call(w http.ResponseWriter, r *http.Request) {
	s, err := p.session(r)
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	c := r.Clone(r.Context())
	c.URL.Path = "/v3/" + r.PathValue("method")
	if r.Method != http.MethodPost && p.o.API.Writes(c.URL.Path) { // other sites can send a GET
		w.Header().Set("Allow", http.MethodPost)
		writeJSON(w, http.StatusMethodNotAllowed, errorView{"METHOD_NOT_ALLOWED"})
		return
	}
	q := c.URL.Query()
	q.Del("callback") // an answer that is a script could be read by other sites
	c.URL.RawQuery = q.Encode()
	if r.URL.Query().Get("format") == "csv" {
		w.Header().Set("Content-Disposition", "attachment; filename=\""+strings.ReplaceAll(r.PathValue("method"), "/", "-")+".csv\"")
	}
	p.o.API.ServeAs(w, c, s.User)
}

// data answers a question of the script with json.
func (p *Page) data(f func(request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s, err := p.session(r)
		if err != nil {
			p.refuse(w, r, err)
			return
		}
		v, err := f(request{r, s})
		if err != nil {
			p.refuse(w, r, err)
			return
		}
		writeJSON(w, http.StatusOK, v)
	}
}

// refuse answers the script with an error.
func (p *Page) refuse(w http.ResponseWriter, r *http.Request, err error) {
	status, text := p.statusOf(err)
	if status == http.StatusInternalServerError {
		p.faults.Note(w, r, envelope.Unknown, err)
	}
	writeJSON(w, status, errorView{text})
}

// errorView is the answer to a question of the script that failed.
type errorView struct {
	Error string `json:"error"`
}

// statusOf is the HTTP status of an error, and the word for it.
func (p *Page) statusOf(err error) (int, string) {
	var r refusal
	switch {
	case errors.Is(err, errSignedOut):
		return http.StatusUnauthorized, "SIGNED_OUT"
	case errors.As(err, &r):
		switch {
		case r.Code == http.StatusInternalServerError && strings.HasPrefix(r.Text, "INVALID_ARG_"):
			return http.StatusBadRequest, r.Text
		case r.Code >= 400 && r.Code < 600:
			return r.Code, r.Text
		}
		return http.StatusInternalServerError, r.Text
	case errors.Is(err, auth.ErrPassword), errors.Is(err, auth.ErrUnknownLogin):
		return http.StatusBadRequest, "WRONG_PASSWORD"
	case errors.Is(err, auth.ErrPasswordForm):
		return http.StatusBadRequest, "PASSWORD_FORM"
	case errors.Is(err, auth.ErrTokenName):
		return http.StatusBadRequest, "TOKEN_NAME"
	case errors.Is(err, auth.ErrShareEnd):
		return http.StatusBadRequest, "SHARE_END"
	case errors.Is(err, auth.ErrShareFrames):
		return http.StatusBadRequest, "SHARE_FRAMES"
	case errors.Is(err, auth.ErrShares):
		return http.StatusBadRequest, "TOO_MANY_SHARES"
	case errors.Is(err, auth.ErrTooMany), errors.Is(err, auth.ErrBusy):
		return http.StatusTooManyRequests, "TOO_MANY"
	case errors.As(err, new(badParameter)):
		return http.StatusBadRequest, err.Error()
	case errors.Is(err, click.ErrNotFound):
		return http.StatusNotFound, "NOT_FOUND"
	case errors.Is(err, click.ErrUnavailable), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return http.StatusServiceUnavailable, envelope.Unavailable.Text
	}
	return http.StatusInternalServerError, envelope.Unknown.Text
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the browser has left
}
