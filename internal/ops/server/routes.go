package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/footfall/footfall/internal/base/throttle"
	"github.com/footfall/footfall/internal/core/geo"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/core/metrics"
	"github.com/footfall/footfall/internal/core/useragent"
	v3 "github.com/footfall/footfall/internal/faces/api/v3"
	v4 "github.com/footfall/footfall/internal/faces/api/v4"
	"github.com/footfall/footfall/internal/faces/feed"
	"github.com/footfall/footfall/internal/faces/oauth"
	"github.com/footfall/footfall/internal/faces/page"
	"github.com/footfall/footfall/internal/faces/redirect"
)

// Handler answers the public. It must not be used after the App is closed.
func (a *App) Handler(p PublicOptions) (http.Handler, error) {
	h, err := a.newHandlers(p)
	if err != nil {
		return nil, err
	}
	return h, nil
}

// handlers are the handlers of the public, each for some paths.
type handlers struct{ redirect, v3, v4, oauth, page, health http.Handler }

// httpPolicy is the way in which a server that speaks https handles a request over
// http.
type httpPolicy int

const (
	answer  httpPolicy = iota // answer it as over https
	toHTTPS                   // a page for people: redirect it to https
	refuse                    // programs send a token or a password with it: refuse it
)

// route returns the handler of a path, and the policy for the path over http.
func (h *handlers) route(path string) (http.Handler, httpPolicy) {
	switch {
	case strings.HasPrefix(path, "/v3/"), path == "/v3":
		return h.v3, refuse
	case v4.Path(path):
		return h.v4, refuse
	case strings.HasPrefix(path, "/oauth/"):
		return h.oauth, refuse
	case strings.HasPrefix(path, page.Prefix):
		return h.page, toHTTPS
	case path == "/healthz":
		return h.health, answer
	case path == "/":
		return h.redirect, toHTTPS
	}
	return h.redirect, answer
}

// ServeHTTP implements http.Handler. It sets no Strict-Transport-Security header:
// docs/security.md says why.
func (h *handlers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	next, _ := h.route(r.URL.Path)
	next.ServeHTTP(w, r)
}

// newHandlers makes the faces. They are closed with the App.
func (a *App) newHandlers(p PublicOptions) (*handlers, error) {
	proxies, err := p.proxies()
	if err != nil {
		return nil, err
	}
	visitors, err := a.newRedirect(p, proxies)
	if err != nil {
		return nil, err
	}
	users := throttle.New(throttle.PerSecond(p.RateLimit), p.RateLimit*burst, a.now)
	api := v3.New(v3.Options{
		Auth: a.auth, Links: a.links, Store: a.data.DB, Now: a.now, Log: a.log,
		Clicks: metrics.New(a.data.Counts), Shortens: func(tag string) *metrics.Metrics { return metrics.New(links.Creations{Links: a.data.DB, Tag: tag}) },
		Seats: throttle.NewSeats(a.expensive), Timeout: questionTimeout, Full: a.data.Disk.Full,
		Limits: v3.Limits{
			Users:   users,
			Links:   throttle.New(throttle.PerMinute(p.LinksPerMinute), p.LinksPerMinute, a.now),
			Texts:   throttle.New(throttle.PerMinute(p.TextPerMinute), p.TextPerMinute, a.now),
			Refused: throttle.New(throttle.PerSecond(refusedPerSecond), refusedAtOnce, a.now), Address: proxies.Network,
		},
	})
	measured := a.monitor.Questions(api, func(path string) string { return cmp.Or(api.Method(path), "unknown") })
	tokens := oauth.New(oauth.Options{
		Auth: a.auth, Attempts: throttle.New(throttle.PerSecond(attemptsPerSecond), attemptsAtOnce, a.now), Address: proxies.Network,
		Log: a.log,
	})
	pages := page.New(page.Options{
		Auth: a.auth, Account: a.auth, Shares: a.auth, Operator: admin{a}, API: api, Now: a.now, Log: a.log, Version: a.build.Version, Network: proxies.Network,
		At:          func(ctx context.Context) (page.API, func() error, error) { return api.At(ctx) },
		Attempts:    throttle.New(throttle.PerSecond(attemptsPerSecond), attemptsAtOnce, a.now),
		ImportLinks: a.importLinks, Views: users, Counted: a.data.Recorder.Changed, Proved: a.lastProof, Agent: a.agentText, Secure: proxies.Secure,
	})
	a.endStreams = pages.EndStreams
	a.onClose(func(context.Context) error { pages.Close(); api.Close(); tokens.Close(); return nil })
	return &handlers{page: pages, redirect: visitors, v3: measured, v4: v4.Handler(), oauth: tokens, health: http.HandlerFunc(a.healthz)}, nil
}

// newRedirect makes the handler of visitors, sets notDurable and places, and starts to read
// the geo databases again when they change.
func (a *App) newRedirect(p PublicOptions, proxies geo.Proxies) (http.Handler, error) {
	if err := p.normalizeURLs(); err != nil {
		return nil, err
	}
	places, err := p.places()
	if err != nil {
		return nil, err
	}
	a.places.Store(places)
	if len(p.GeoDB) > 0 {
		ctx, stop := context.WithCancel(context.Background())
		ticker := time.NewTicker(geoEvery)
		go places.Watch(ctx, ticker.C, a.log)
		a.onClose(func(context.Context) error { ticker.Stop(); stop(); return nil })
	}
	h := redirect.New(redirect.Options{
		Links: a.links, Agents: a.agents, Places: places, Proxies: proxies, Recorder: a.monitor.MeasureRecorder(a.data.Recording()),
		Clicks: metrics.NewRecent(a.data.Counts, a.now), Now: a.now, Log: a.log,
		Store: a.data.DB, Totals: metrics.New(a.data.Counts), Pages: throttle.NewSeats(pagesAboutLinks()),
		Status: cmp.Or(p.RedirectStatus, http.StatusMovedPermanently), MaxAge: p.RedirectMaxAge,
		ForwardQuery: p.ForwardQuery, NotFoundURL: p.NotFoundURL, HomeURL: p.HomeURL,
	})
	a.notDurable = h.NotDurable
	a.onClose(func(context.Context) error { h.Close(); return nil })
	return h, nil
}

// lastProof says when check last compared all counts, as a Unix second, and whether they
// agreed; 0 if it did not since the start.
func (a *App) lastProof() (at int64, ok bool) {
	if p := a.proved.Load(); p != nil {
		return p.at, p.ok
	}
	return 0, false
}

// agentText is the browser and the system of a request, as its user knows them.
func (a *App) agentText(r *http.Request) string {
	v := a.agents.ReadText(r.UserAgent())
	if v.Kind != useragent.Person {
		return "a program"
	}
	return v.Agent.Browser.String() + ", " + v.Agent.System.String()
}

// importLinks is page.ImportLinks. Clicks that the file counts are left out: they are imported
// with footfall import --counts.
func (a *App) importLinks(ctx context.Context, login string, in io.Reader, dry bool, each func(page.ImportedLink)) (page.ImportSums, error) {
	r, err := a.importer.ImportLinks(ctx, feed.LinksOptions{Login: login, DryRun: dry}, in, func(l feed.LinkRow) {
		each(page.ImportedLink{Line: l.Line, Link: l.Link, LongURL: l.LongURL, Verdict: string(l.Verdict), Reason: l.Reason})
	})
	if lacks := new(feed.ColumnsError); errors.As(err, &lacks) {
		err = fmt.Errorf("%w: %w", page.ErrColumns, err)
	}
	return page.ImportSums{Links: r.Links, Made: r.Made, Known: r.Known, Rejected: r.Rejected}, err
}
