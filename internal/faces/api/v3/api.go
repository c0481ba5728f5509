package v3

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/footfall/footfall/internal/base/lograte"
	"github.com/footfall/footfall/internal/base/throttle"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/core/metrics"
	"github.com/footfall/footfall/internal/storage/store"
)

// Options says what the API answers from. All fields but Limits, Dear, Patience
// and Full are required.
type Options struct {
	Auth    Auth
	Links   *links.Links
	Metrics *metrics.Metrics
	Store   Store
	Limits  Limits
	// Dear are the seats of questions that take long, by the user, and Patience
	// is how long any question may take; 0 is no bound.
	Dear     *throttle.Seats
	Patience time.Duration
	// Full tells whether there is no room for links and what is said of them; nil
	// is never.
	Full func() bool
	Now  func() time.Time
	Log  *slog.Logger
}

// Limits bounds how often is asked. The zero value sets no bounds.
type Limits struct {
	// Users is by the user, whose tokens and apiKey share it.
	Users *throttle.Limiter
	// Links is how often a user makes a link or changes what is said of it or of
	// himself, and Texts how many bytes of it all.
	Links, Texts *throttle.Limiter
	// Refused is by the address of those whose credentials are refused.
	Refused *throttle.Limiter
	// Address is where a request comes from, as far as it bounds somebody. It is
	// required with Refused.
	Address func(*http.Request) string
}

// Store is links and users as they are kept.
type Store interface {
	store.Links
	store.Users
}

// API answers under /v3. It is an http.Handler for paths beginning there.
type API struct {
	Options
	shortens *metrics.Metrics // of links made
	methods  map[string]method
	givenUp  *lograte.Line[givenUp]

	// What the log is told of: our fault, the store's, and answers that do not
	// encode.
	failed, away, unwritten *lograte.Line[trouble]
}

// trouble is a question without its answer.
type trouble struct {
	id   string // that the client was given
	path string // of a method
	err  error
}

// Methods lists the methods of the API by their paths below /v3, in no
// particular order.
func (a *API) Methods() []string { return slices.Collect(maps.Keys(a.methods)) }

// method is one method of the API.
type method struct {
	// serve returns what the envelope holds.
	serve func(*call) (any, error)
	// dated methods take the parameters that say when, from and to among them.
	dated bool
	// rows says that the answer is tabled, and format=csv shows it.
	rows bool
	// keyed methods take login and apiKey where there is no token.
	keyed bool
	// older methods do too, and say which of the two is missing.
	older bool
	// anonymous is the parameter that a call without any credentials lacks;
	// access_token if empty.
	anonymous string
	// badToken is the error for an unknown token, where it is a special one.
	badToken error
	// noData is what the envelope holds beside an error.
	noData any
	// entries is the key of a list whose items are called entry in xml.
	entries string
	// secret answers must be kept nowhere.
	secret bool
}

// emptyList is what older methods answer beside an error.
var emptyList = []struct{}{}

// Close tells the log what it has not been told yet.
func (a *API) Close() {
	a.givenUp.Close()
	a.failed.Close()
	a.away.Close()
	a.unwritten.Close()
}

// New makes the API. It must be closed.
func New(o Options) *API {
	a := &API{Options: o, shortens: metrics.New(links.Made{Links: o.Store})}
	a.givenUp = lograte.New(givenUpEvery, func(questions uint64, last givenUp) {
		a.Log.Warn("questions were given up: they took too long, or others that take long were being answered",
			"questions", questions, "last_user", last.user, "last_path", last.path, "last_error", last.err)
	})
	fail := func(questions uint64, last trouble) {
		a.Log.Error("a question could not be answered", "questions", questions, "request_id", last.id, "path", last.path, "error", last.err)
	}
	a.failed, a.away = lograte.New(time.Second, fail), lograte.New(time.Second, fail)
	a.unwritten = lograte.New(time.Second, func(answers uint64, last trouble) {
		a.Log.Error("an answer could not be written", "answers", answers, "path", last.path, "error", last.err)
	})
	badToken := invalid("access_token")
	a.methods = map[string]method{
		"user/clicks":                         {serve: a.userClicks, dated: true, rows: true},
		"user/countries":                      {serve: a.userCountries, dated: true, rows: true},
		"user/popular_links":                  {serve: a.userPopularLinks, dated: true, rows: true},
		"user/referrers":                      {serve: a.userReferrers, dated: true, rows: true},
		"user/referring_domains":              {serve: a.userReferringDomains, dated: true, rows: true},
		"user/shorten_counts":                 {serve: a.userShortenCounts, dated: true, rows: true},
		"user/share_counts":                   {serve: a.userShareCounts, dated: true, rows: true},
		"user/share_counts_by_share_type":     {serve: a.userShareCountsByShareType, dated: true, rows: true},
		"user/tracking_domain_list":           {serve: a.userTrackingDomainList, rows: true},
		"user/tracking_domain_clicks":         {serve: a.userTrackingDomain, dated: true, rows: true},
		"user/tracking_domain_shorten_counts": {serve: a.userTrackingDomain, dated: true, rows: true},
		"user/info":                           {serve: a.userInfo, secret: true},
		"user/link_history":                   {serve: a.userLinkHistory},
		"user/link_save":                      {serve: a.userLinkSave},
		"user/link_edit":                      {serve: a.userLinkEdit},
		"user/link_lookup":                    {serve: a.userLinkLookup},

		"oauth/app": {serve: a.oauthApp},

		"link/clicks":              {serve: a.linkClicks, dated: true, rows: true, keyed: true},
		"link/countries":           {serve: a.linkCountries, dated: true, rows: true, keyed: true},
		"link/referrers":           {serve: a.linkReferrers, dated: true, rows: true, keyed: true},
		"link/referrers_by_domain": {serve: a.linkReferrersByDomain, dated: true, rows: true, keyed: true},
		"link/referring_domains":   {serve: a.linkReferringDomains, dated: true, rows: true, keyed: true},
		"link/encoders":            {serve: a.linkEncoders, keyed: true},
		"link/encoders_by_count":   {serve: a.linkEncodersByCount, keyed: true},
		"link/encoders_count":      {serve: a.linkEncodersCount, keyed: true},
		"link/lookup":              {serve: a.linkLookup, keyed: true},
		"link/shares":              {serve: a.linkShares, dated: true, rows: true, keyed: true},

		"shorten":          {serve: a.shorten, older: true, badToken: badToken, noData: emptyList},
		"expand":           {serve: a.expand, older: true, badToken: badToken, noData: emptyList, entries: "expand"},
		"clicks":           {serve: a.clicks, rows: true, older: true, noData: emptyList},
		"info":             {serve: a.info, older: true, anonymous: "login"},
		"lookup":           {serve: a.olderLookup, older: true, anonymous: "login"},
		"clicks_by_day":    {serve: a.clicksByDay, rows: true, older: true, anonymous: "login"},
		"clicks_by_minute": {serve: a.clicksByMinute, rows: true, older: true, anonymous: "login"},
		"countries":        {serve: a.olderCountries, rows: true, older: true, anonymous: "login"},
		"referrers":        {serve: a.olderReferrers, rows: true, older: true, anonymous: "login"},
		"validate":         {serve: a.validate, older: true},
		"bitly_pro_domain": {serve: a.bitlyProDomain, older: true},
	}
	return a
}

// Method is the method that a path names, or "". /v3/v3/… is the same as
// /v3/…, for clients generated from the published description ask so; and a
// slash at the end is ignored, for others send it.
func (a *API) Method(path string) string {
	name, below := strings.CutPrefix(path, "/v3/")
	name = strings.TrimSuffix(strings.TrimPrefix(name, "v3/"), "/")
	if !below || a.methods[name].serve == nil {
		return ""
	}
	return name
}

// ServeHTTP answers one call.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m := a.methods[a.Method(r.URL.Path)]
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", exposed)
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost:
	case http.MethodOptions:
		h.Set("Allow", allowed)
		h.Set("Access-Control-Allow-Methods", allowed)
		h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, If-None-Match, X-Requested-With")
		h.Set("Access-Control-Max-Age", "86400")
		w.WriteHeader(http.StatusNoContent)
		return
	default:
		h.Set("Allow", allowed)
		a.answer(w, r, m, shapeOf(parseQuery(r.URL.RawQuery)), nil, statusMethodNotAllowed)
		return
	}
	q := parseQuery(r.URL.RawQuery)
	var unread error
	if r.Method == http.MethodPost {
		unread = q.readBody(r)
	}
	ctx := r.Context()
	if a.Patience > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, a.Patience)
		defer cancel()
	}
	c := &call{
		ctx: ctx, request: r, host: r.Host, query: q, header: r.Header,
		now: a.Now(), method: m, api: a, err: unread,
	}
	data := a.serve(c)
	c.err = c.orGivenUp()
	c.bounds(h)
	if m.serve != nil {
		c.query.warn(h, m.dated)
	}
	a.answer(w, r, m, shapeOf(c.query), data, c.err)
}

const allowed = "GET, HEAD, POST, OPTIONS"

// exposed are the headers that pages of other origins may read, besides those
// that they always may.
const exposed = "ETag, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, Warning, X-Request-Id"

// serve runs the method; a panic in it is our fault, not the end of the server.
func (a *API) serve(c *call) (data any) {
	if c.method.serve == nil {
		c.err = statusNotFound
	}
	if c.err != nil {
		return nil
	}
	defer func() {
		if c.leave != nil {
			c.leave()
		}
		if p := recover(); p != nil {
			data, c.err = nil, fmt.Errorf("a method panicked: %v\n%s", p, debug.Stack())
		}
	}()
	data, err := c.method.serve(c)
	c.fail(err)
	return data
}

// answer writes data or the error. What is our fault is logged with a request
// id that the client is given, and goes no further.
func (a *API) answer(w http.ResponseWriter, r *http.Request, m method, s shape, data any, err error) {
	s.entries, s.secret = m.entries, m.secret
	st := statusOf(err)
	gone := errors.Is(err, context.Canceled) && r.Context().Err() != nil // nobody waits for the answer any more
	if !gone && err != errBusy && (st == statusUnknown || st == statusUnavailable) {
		id := rand.Text()
		w.Header().Set("X-Request-Id", id)
		line := a.failed
		if st == statusUnavailable {
			line = a.away
		}
		line.Note(trouble{id, r.URL.Path, err})
	}
	if st.code >= 400 {
		data = m.noData
	}
	if err := write(w, r, s, st, data); err != nil {
		a.unwritten.Note(trouble{"", r.URL.Path, err})
		if err := write(w, r, shape{format: "json"}, statusUnknown, nil); err != nil {
			panic(err) // the envelope of no data always encodes
		}
	}
}
