package server

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/footfall/footfall/internal/base/throttle"
	"github.com/footfall/footfall/internal/core/geo"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/core/metrics"
	v3 "github.com/footfall/footfall/internal/faces/api/v3"
	v4 "github.com/footfall/footfall/internal/faces/api/v4"
	"github.com/footfall/footfall/internal/faces/oauth"
	"github.com/footfall/footfall/internal/faces/redirect"
)

// Site says how the public is answered. The zero value is a good one.
type Site struct {
	// RedirectStatus is the HTTP status of a redirect; 0 is 301.
	RedirectStatus int
	// RedirectMaxAge is for how long a browser may repeat a redirect without
	// asking.
	RedirectMaxAge time.Duration
	// NotFoundURL and HomeURL are where unknown names and / lead; plain pages
	// if empty.
	NotFoundURL, HomeURL string
	// GeoDB is the path of an MMDB file of countries; the built-in data if
	// empty. It is looked at every geoEvery, and read again when it changes.
	GeoDB string
	// TLSCert and TLSKey are files of a certificate and its key, both or
	// neither; with them the listener speaks https only. They are read again
	// when they change.
	TLSCert, TLSKey string
	// ACME gets certificates by itself, instead of TLSCert and TLSKey; it needs
	// domains.
	ACME ACME
	// RateLimit is how many questions a user may ask a second on average; 0 is
	// no limit.
	RateLimit int
	// LinksPerMinute is how many links a user may make or change a minute, and
	// TextPerMinute how many bytes these may have, on average and at once; 0 is no
	// limit.
	LinksPerMinute, TextPerMinute int
	// MaxConnections is how many connections are open at once; 0 is
	// DefaultConnections.
	MaxConnections int
	// Clear is where http is spoken beside https: it answers visitors and the
	// challenges of ACME, and sends to https what else may go there. It needs a
	// certificate or ACME.
	Clear []net.Listener
	// Watch is where Prometheus may ask for /metrics; nil is nowhere.
	Watch net.Listener
	// TrustedProxies are the networks whose word on the visitor's address is
	// taken, and ProxyHeader is the header in which they give it: one of package
	// geo's, geo.XForwardedFor if empty.
	TrustedProxies []string
	ProxyHeader    string
}

const (
	geoEvery = 10 * time.Second

	// burst is how many seconds' worth of questions a user may ask at once.
	burst = 10
	// How often a network, as geo.Network cuts it, may bring credentials that are
	// refused, and ask for a token with a password.
	refusedPerSecond, refusedAtOnce   = 20, 1000
	attemptsPerSecond, attemptsAtOnce = 1, 60

	// patience is how long a question may take; less than writeTimeout, so that
	// who asks is told.
	patience = 30 * time.Second
)

// dearQuestions is how many questions are answered at once that take long or hold
// much: few, for each takes a processor, and the rest is for visitors.
func dearQuestions() throttle.SeatLimits {
	return throttle.SeatLimits{All: 4, Each: 2, Waiting: 64, WaitingEach: 16, Patience: 10 * time.Second}
}

// Handler answers the public: everybody who can reach the listener. It is
// over when the App is closed.
func (a *App) Handler(s Site) (http.Handler, error) {
	r, err := a.rooms(s)
	if err != nil {
		return nil, err
	}
	return r, nil
}

// rooms are those who answer the public.
type rooms struct{ api, notYet, tokens, health, visits http.Handler }

// secrecy says how what is asked for at a path may travel.
type secrecy int

const (
	open   secrecy = iota // in clear as well
	page                  // a person looks at it, and may be sent to https
	secret                // a program sends a token or a password with it
)

// of is who answers a path.
func (r *rooms) of(path string) (http.Handler, secrecy) {
	switch {
	case strings.HasPrefix(path, "/v3/"), path == "/v3":
		return r.api, secret
	case v4.Path(path):
		return r.notYet, secret
	case strings.HasPrefix(path, "/oauth/"):
		return r.tokens, secret
	case path == "/healthz":
		return r.health, open
	case path == "/":
		return r.visits, page
	}
	return r.visits, open
}

func (r *rooms) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	h, _ := r.of(req.URL.Path)
	h.ServeHTTP(w, req)
}

func (a *App) rooms(s Site) (*rooms, error) {
	proxies, err := s.proxies()
	if err != nil {
		return nil, err
	}
	visits, err := a.visits(s, proxies)
	if err != nil {
		return nil, err
	}
	face := v3.New(v3.Options{
		Auth: a.auth, Links: a.links, Store: a.data.Links, Now: a.now, Log: a.log,
		Clicks: metrics.New(a.data.Counts), Shortens: metrics.New(links.Made{Links: a.data.Links}),
		Seats: throttle.NewSeats(a.dear), Patience: patience, Full: a.data.Disk.Full,
		Limits: v3.Limits{
			Users:   throttle.New(throttle.PerSecond(s.RateLimit), s.RateLimit*burst, a.now),
			Links:   throttle.New(throttle.PerMinute(s.LinksPerMinute), s.LinksPerMinute, a.now),
			Texts:   throttle.New(throttle.PerMinute(s.TextPerMinute), s.TextPerMinute, a.now),
			Refused: throttle.New(throttle.PerSecond(refusedPerSecond), refusedAtOnce, a.now), Address: proxies.Network,
		},
	})
	api := a.monitor.Questions(face, func(path string) string { return cmp.Or(face.Method(path), "unknown") })
	tokens := oauth.New(oauth.Options{
		Auth: a.auth, Attempts: throttle.New(throttle.PerSecond(attemptsPerSecond), attemptsAtOnce, a.now), Address: proxies.Network,
		Log: a.log,
	})
	a.onClose(func(context.Context) error { face.Close(); tokens.Close(); return nil })
	return &rooms{api, v4.Handler(), tokens, http.HandlerFunc(a.healthz), visits}, nil
}

// healthz answers those who ask whether visitors are answered. The version is in
// a header, so that scripts find the body as they know it; the rest of what there
// is to know of a build is not for strangers.
func (a *App) healthz(w http.ResponseWriter, _ *http.Request) {
	if a.build.Version != "" {
		w.Header().Set("Footfall-Version", a.build.Version)
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = io.WriteString(w, a.health())
}

func (s *Site) proxies() (geo.Proxies, error) { return parseProxies(s.TrustedProxies, s.ProxyHeader) }

func parseProxies(trusted []string, header string) (geo.Proxies, error) {
	p, err := geo.ParseProxies(trusted, header)
	if err != nil {
		return p, fmt.Errorf("--trusted-proxies: %w", err)
	}
	return p, nil
}

// check fails where an option cannot be. Serve asks before it opens the data
// directory, so that none is made for a server that is refused.
func (s *Site) check() error {
	if _, err := s.proxies(); err != nil {
		return err
	}
	if err := s.urls(); err != nil {
		return err
	}
	if _, err := geo.Open(s.GeoDB); err != nil {
		return fmt.Errorf("--geo-db: %w", err)
	}
	return nil
}

// urls checks the URLs of the options, and writes them as they are sent.
func (s *Site) urls() error {
	for name, u := range map[string]*string{"--not-found-url": &s.NotFoundURL, "--home-url": &s.HomeURL} {
		if *u == "" {
			continue
		}
		valid, err := links.ParseLongURL(*u)
		if err != nil {
			return fmt.Errorf("%s %q is no http or https URL", name, *u)
		}
		*u = valid
	}
	return nil
}

// visits puts together what a visitor needs.
func (a *App) visits(s Site, proxies geo.Proxies) (http.Handler, error) {
	if err := s.urls(); err != nil {
		return nil, err
	}
	if s.RedirectStatus == 0 {
		s.RedirectStatus = http.StatusMovedPermanently
	}
	countries, err := geo.Open(s.GeoDB)
	if err != nil {
		return nil, fmt.Errorf("--geo-db: %w", err)
	}
	a.countries.Store(countries)
	if s.GeoDB != "" {
		ctx, stop := context.WithCancel(context.Background())
		ticker := time.NewTicker(geoEvery)
		go countries.Watch(ctx, ticker.C, a.log)
		a.onClose(func(context.Context) error { ticker.Stop(); stop(); return nil })
	}
	h := redirect.New(redirect.Options{
		Links: a.links, Bots: a.bots, Countries: countries, Proxies: proxies, Recorder: a.monitor.Recorder(a.data.Recorder),
		Now: a.now, Log: a.log,
		Status: s.RedirectStatus, MaxAge: s.RedirectMaxAge,
		NotFoundURL: s.NotFoundURL, HomeURL: s.HomeURL,
	})
	a.notDurable = h.NotDurable
	a.onClose(func(context.Context) error { h.Close(); return nil })
	return h, nil
}

// DefaultHost is the host of short URLs where neither --domain nor a request
// names one: that of --listen, as it is unless told otherwise.
const DefaultHost = "127.0.0.1:8080"
