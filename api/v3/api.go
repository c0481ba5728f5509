package v3

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/footfall/footfall/links"
	"github.com/footfall/footfall/metrics"
	"github.com/footfall/footfall/store"
)

// Options says what the API answers from. All fields are required.
type Options struct {
	// User finds the user that an access token was given to, or fails with
	// click.ErrNotFound.
	User    func(ctx context.Context, token string) (store.User, error)
	Links   *links.Links
	Metrics *metrics.Metrics
	Now     func() time.Time
	Log     *slog.Logger
}

// API answers under /v3. It is an http.Handler for paths beginning there.
type API struct {
	Options
	methods map[string]method
}

// method is one method of the API.
type method struct {
	// serve returns what the envelope holds.
	serve func(*call) (any, error)
	// noData is what it holds beside an error.
	noData any
}

// emptyList is what older methods answer beside an error.
var emptyList = []struct{}{}

// New makes the API.
func New(o Options) *API {
	a := &API{Options: o}
	a.methods = map[string]method{
		"user/clicks":    {serve: a.userClicks},
		"user/countries": {serve: a.userCountries},
		"shorten":        {serve: a.shorten, noData: emptyList},
	}
	return a
}

// ServeHTTP answers one call. /v3/v3/… is the same as /v3/…: clients generated
// from the published description ask so.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/v3/")
	m := a.methods[strings.TrimPrefix(name, "v3/")]
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	switch r.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodOptions:
		h.Set("Allow", allowed)
		h.Set("Access-Control-Allow-Methods", allowed)
		h.Set("Access-Control-Allow-Headers", "Authorization, If-None-Match")
		h.Set("Access-Control-Max-Age", "86400")
		w.WriteHeader(http.StatusNoContent)
		return
	default:
		h.Set("Allow", allowed)
		a.answer(w, r, shapeOf(parseQuery(r.URL.RawQuery)), nil, statusMethodNotAllowed, m.noData)
		return
	}
	c := &call{ctx: r.Context(), host: r.Host, query: parseQuery(r.URL.RawQuery), header: r.Header, now: a.Now(), api: a}
	data, err := a.serve(c, m)
	a.answer(w, r, shapeOf(c.query), data, err, m.noData)
}

const allowed = "GET, HEAD, OPTIONS"

// serve runs the method; a panic in it is our fault, not the end of the server.
func (a *API) serve(c *call, m method) (data any, err error) {
	if m.serve == nil {
		return nil, statusNotFound
	}
	defer func() {
		if p := recover(); p != nil {
			data, err = nil, fmt.Errorf("a method panicked: %v\n%s", p, debug.Stack())
		}
	}()
	return m.serve(c)
}

// answer writes data or the error. What is our fault is logged with a request
// id that the client is given, and goes no further.
func (a *API) answer(w http.ResponseWriter, r *http.Request, s shape, data any, err error, noData any) {
	st := statusOf(err)
	if st == statusUnknown || st == statusUnavailable {
		id := rand.Text()
		w.Header().Set("X-Request-Id", id)
		a.Log.Error("a question could not be answered", "request_id", id, "path", r.URL.Path, "error", err)
	}
	if st != statusOK {
		data = noData
	}
	if err := write(w, r, s, st, data); err != nil {
		a.Log.Error("an answer could not be written", "path", r.URL.Path, "error", err)
		if err := write(w, r, shape{format: "json"}, statusUnknown, nil); err != nil {
			panic(err) // the envelope of no data always encodes
		}
	}
}
