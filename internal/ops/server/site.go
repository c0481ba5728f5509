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

// Site says how the server answers the public. The zero value is valid.
type Site struct {
	// RedirectStatus is the HTTP status of a redirect; 0 is 301.
	RedirectStatus int
	// RedirectMaxAge is for how long a browser may repeat a redirect without asking.
	RedirectMaxAge time.Duration
	// NotFoundURL and HomeURL are where unknown names and / lead; plain pages if empty.
	NotFoundURL, HomeURL string
	// GeoDB is the path of an MMDB file of countries, which is read again when it changes;
	// the built-in data if empty.
	GeoDB string
	// TLSCert and TLSKey are the files of a certificate and its key, both or neither. With
	// them the listeners speak https only. They are read again when they change.
	TLSCert, TLSKey string
	// ACME gets certificates from an authority, instead of TLSCert and TLSKey.
	ACME ACME
	// RateLimit is how many questions a second a user may ask on average; 0 is no limit.
	RateLimit int
	// LinksPerMinute is how many links a minute a user may make or change, and
	// TextPerMinute how many bytes these may have, on average and at once; 0 is no limit.
	LinksPerMinute, TextPerMinute int
	// MaxConnections is how many connections may be open at once; 0 is
	// DefaultConnections.
	MaxConnections int
	// Clear are listeners that speak http in addition to https. They answer visitors and
	// the challenges of ACME, and redirect the front page to https. They need a
	// certificate or ACME.
	Clear []net.Listener
	// Watch is the listener for /metrics; nil for none.
	Watch net.Listener
	// TrustedProxies are the networks of proxies that are trusted to pass on the address of
	// the visitor, and ProxyHeader is the header in which they do: geo.Forwarded, or
	// geo.XForwardedFor, which is the default.
	TrustedProxies []string
	ProxyHeader    string
}

const (
	geoEvery = 10 * time.Second

	// burst is how many seconds of RateLimit a user may use at once.
	burst = 10
	// How often a network (see geo.Network) may send wrong credentials, and ask for a
	// token with a password.
	refusedPerSecond, refusedAtOnce   = 20, 1000
	attemptsPerSecond, attemptsAtOnce = 1, 60

	// patience is how long a question may take; less than writeTimeout, so that the client
	// gets an answer.
	patience = 30 * time.Second
)

// expensiveQuestions is how many questions that take long or need much memory are answered
// at once: few, because each takes a processor, and visitors need the others.
func expensiveQuestions() throttle.SeatLimits {
	return throttle.SeatLimits{All: 4, Each: 2, Waiting: 64, WaitingEach: 16, Patience: 10 * time.Second}
}

// Handler answers the public: all clients that can reach the listener. It ends with the
// App.
func (a *App) Handler(s Site) (http.Handler, error) {
	r, err := a.handlers(s)
	if err != nil {
		return nil, err
	}
	return r, nil
}

// handlers are the handlers of the public listener.
type handlers struct{ api, v4, tokens, health, visits http.Handler }

// secrecy says whether requests of a path may be sent over http.
type secrecy int

const (
	open   secrecy = iota // yes
	page                  // no; a browser can be redirected to https
	secret                // no; a program sends a token or a password
)

// of is the handler of a path.
func (r *handlers) of(path string) (http.Handler, secrecy) {
	switch {
	case strings.HasPrefix(path, "/v3/"), path == "/v3":
		return r.api, secret
	case v4.Path(path):
		return r.v4, secret
	case strings.HasPrefix(path, "/oauth/"):
		return r.tokens, secret
	case path == "/healthz":
		return r.health, open
	case path == "/":
		return r.visits, page
	}
	return r.visits, open
}

func (r *handlers) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	h, _ := r.of(req.URL.Path)
	h.ServeHTTP(w, req)
}

func (a *App) handlers(s Site) (*handlers, error) {
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
	return &handlers{api, v4.Handler(), tokens, http.HandlerFunc(a.healthz), visits}, nil
}

// healthz says whether visitors are answered. The version is in a header, so that scripts
// find the body that they expect. The rest of the build is not for the public.
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

// check fails for an option that is not valid. Serve calls it before it opens the data
// directory, so that no directory is made for options that are refused.
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

// urls checks the URLs of the options, and encodes them for a Location header.
func (s *Site) urls() error {
	for name, u := range map[string]*string{"--not-found-url": &s.NotFoundURL, "--home-url": &s.HomeURL} {
		if *u == "" {
			continue
		}
		valid, err := links.ParseLongURL(*u)
		if err != nil {
			return fmt.Errorf("%s %q is not an http or https URL", name, *u)
		}
		*u = valid
	}
	return nil
}

// visits makes the handler of visitors.
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

// DefaultHost is the host of short URLs if neither --domain nor a request names one. It is
// the default of --listen.
const DefaultHost = "127.0.0.1:8080"
