package v3

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/lograte"
	"github.com/footfall/footfall/internal/base/throttle"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/core/metrics"
	"github.com/footfall/footfall/internal/faces/envelope"
	"github.com/footfall/footfall/internal/storage/store"
)

// Options configures an API. Limits, Seats, Timeout and Full are optional.
type Options struct {
	Auth   Auth
	Links  *links.Links
	Clicks *metrics.Metrics
	// Shortens counts the links that users made; with a tag, those that have it.
	Shortens func(tag string) *metrics.Metrics
	Store    Store
	Limits   Limits
	// Seats bounds questions that take long, by user; nil sets no bound.
	Seats *throttle.Seats
	// Timeout bounds the duration of a call; 0 sets no bound.
	Timeout time.Duration
	// Full reports whether the disk is too full for users to write; nil means never. The API
	// does not log the calls that it refuses then: a change of Full is logged elsewhere.
	Full func() bool
	Now  func() time.Time
	Log  *slog.Logger
}

// Limits bounds the rate of calls. A nil Limiter sets no bound.
type Limits struct {
	// Users bounds calls by user. The tokens and the apiKey of a user share it.
	Users *throttle.Limiter
	// Links bounds by user the links that are made or changed, and Texts the bytes
	// that are written with them.
	Links, Texts *throttle.Limiter
	// Refused bounds wrong credentials by address.
	Refused *throttle.Limiter
	// Address is the key of a request in Refused. It is required with Refused.
	Address func(*http.Request) string
}

// Store is the part of the store of links and users that the API needs. Its contract is
// that of store.Links and store.Users.
type Store interface {
	UserByID(ctx context.Context, id click.UserID) (store.User, error)
	UserByLogin(ctx context.Context, login string) (store.User, error)
	SetFullName(ctx context.Context, id click.UserID, name string) error

	Hashes(ctx context.Context, ids []click.LinkID) ([]click.Hash, error)
	Keywords(ctx context.Context, links []click.LinkID) ([]store.Keyword, error)
	LinksOfURL(ctx context.Context, longURL string) ([]store.Link, error)
	ListLinks(ctx context.Context, f store.LinkFilter) (links []store.Link, all int, err error)
	MoreLinks(ctx context.Context, user click.UserID, n int) (bool, error)
	TaggedLinks(ctx context.Context, user click.UserID, tag string) ([]click.LinkID, error)
	Versions(ctx context.Context, id click.LinkID) ([]store.Version, error)
	VisibleAggregate(ctx context.Context, user click.UserID, id click.LinkID) (store.Link, error)
}

// API answers under /v3. It is an http.Handler for paths that begin there.
type API struct {
	Options
	methods map[string]method

	faults    *envelope.Faults
	unwritten *lograte.Line[envelope.Fault] // answers that cannot be encoded
	givenUp   *lograte.Line[givenUp]
}

// New returns an API that must be closed.
func New(o Options) *API {
	a := &API{Options: o}
	a.methods = a.methodTable()
	a.faults = envelope.NewFaults(func(questions uint64, last envelope.Fault) {
		a.Log.Error("a question could not be answered", "questions", questions, "request_id", last.RequestID, "path", last.Path, "error", last.Err)
	})
	a.unwritten = lograte.New(time.Second, func(answers uint64, last envelope.Fault) {
		a.Log.Error("an answer could not be written", "answers", answers, "path", last.Path, "error", last.Err)
	})
	a.givenUp = lograte.New(givenUpEvery, func(questions uint64, last givenUp) {
		a.Log.Warn("questions were given up: they took too long, or waited too long for other expensive questions",
			"questions", questions, "last_user", last.user, "last_path", last.path, "last_error", last.err)
	})
	return a
}

// Close logs the events that are not logged yet.
func (a *API) Close() {
	a.faults.Close()
	a.unwritten.Close()
	a.givenUp.Close()
}

// Writes reports whether the method that a path names may change something. A caller that knows
// who is asking by a cookie must not pass on a GET of such a method: other sites can send one.
func (a *API) Writes(path string) bool { return a.methods[a.Method(path)].writes }

// Methods lists the methods by their paths below /v3, in no particular order.
func (a *API) Methods() []string { return slices.Collect(maps.Keys(a.methods)) }

// Method is the method that a path names, or "". /v3/v3/… is the same as /v3/…,
// because clients that are generated from the published description send it. A slash
// at the end is ignored, because other clients send it.
func (a *API) Method(path string) string {
	name, below := strings.CutPrefix(path, "/v3/")
	name = strings.TrimSuffix(strings.TrimPrefix(name, "v3/"), "/")
	if !below || a.methods[name].run == nil {
		return ""
	}
	return name
}

const (
	allowed = "GET, HEAD, POST, OPTIONS"
	// exposed are headers that a browser shows to pages of other origins, in
	// addition to those that it always shows.
	exposed = "ETag, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, Warning, X-Request-Id"
)

// call is one call of a method. The method takes the parameters one after the other,
// in the order of the tables in docs/api.md. The first error is the answer.
type call struct {
	ctx     context.Context
	request *http.Request // for its address alone
	host    string
	query   query
	header  http.Header
	now     time.Time
	method  method
	api     *API

	as     *store.User    // whose call it is without credentials; nil asks for them
	asking click.UserID   // 0 until the user is authenticated
	leave  func()         // releases the seat of an expensive question; nil without one
	domain string         // the default short domain; empty until it is needed
	taken  throttle.State // of the limiter that was asked last
	retry  int            // Retry-After in seconds, if the answer is Unavailable
	err    error          // the first
}

// fail keeps the first error.
func (c *call) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

// ServeHTTP answers one call.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Access-Control-Expose-Headers", exposed)
	a.serve(w, r, nil)
}

// ServeAs answers one call as a user, for a caller that knows who is asking. Credentials in
// the call are ignored. The limit of questions does not apply, except for expensive ones;
// those of links and texts do. Pages of other origins cannot read the answer.
func (a *API) ServeAs(w http.ResponseWriter, r *http.Request, u store.User) { a.serve(w, r, &u) }

func (a *API) serve(w http.ResponseWriter, r *http.Request, as *store.User) {
	m := a.methods[a.Method(r.URL.Path)]
	h := w.Header()
	q := parseQuery(r.URL.RawQuery)
	var unread error
	switch r.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodPost:
		unread = q.readBody(r)
	case http.MethodOptions:
		h.Set("Allow", allowed)
		h.Set("Access-Control-Allow-Methods", allowed)
		h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, If-None-Match, X-Requested-With")
		h.Set("Access-Control-Max-Age", "86400")
		w.WriteHeader(http.StatusNoContent)
		return
	default:
		h.Set("Allow", allowed)
		a.answer(w, r, m, q, nil, envelope.MethodNotAllowed)
		return
	}
	ctx := r.Context()
	if a.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, a.Timeout)
		defer cancel()
	}
	c := &call{
		ctx: ctx, request: r, host: r.Host, query: q, header: r.Header,
		now: a.Now(), method: m, api: a, err: unread, as: as,
	}
	data := a.runMethod(c)
	c.err = c.orGivenUp()
	c.writeLimits(h)
	if m.run != nil {
		q.warn(h, m.dated)
	}
	a.answer(w, r, m, q, data, c.err)
}

// runMethod returns the data of the method, and sets the error of the call. A panic is an
// error, too.
func (a *API) runMethod(c *call) (data any) {
	if c.method.run == nil {
		c.err = envelope.NotFound
	}
	if c.err != nil {
		return nil
	}
	defer func() {
		if c.leave != nil {
			c.leave()
		}
		if p := recover(); p != nil {
			data, c.err = nil, envelope.Panicked(p)
		}
	}()
	data, err := c.method.run(c)
	c.fail(err)
	return data
}

// answer writes data or the error, and logs errors that are not the client's.
func (a *API) answer(w http.ResponseWriter, r *http.Request, m method, q query, data any, err error) {
	e := encodingOf(q, m)
	s := statusOf(err)
	if !errors.Is(err, errBusy) && !errors.Is(err, errDiskFull) {
		a.faults.Note(w, r, s, err)
	}
	if s.Code >= 400 {
		data = m.noData
	}
	if err := write(w, r, e, s, data); err != nil {
		a.unwritten.Note(envelope.Fault{Path: r.URL.Path, Err: err})
		if err := write(w, r, encoding{format: "json"}, envelope.Unknown, nil); err != nil {
			panic(err) // an envelope without data always encodes
		}
	}
}
