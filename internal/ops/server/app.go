// Package server is the wiring: it opens a data directory, puts the faces on it,
// listens, and stops all of it in order.
//
// It is the one place that knows all parts, and does the work of none.
package server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/throttle"
	"github.com/footfall/footfall/internal/base/version"
	"github.com/footfall/footfall/internal/core/auth"
	"github.com/footfall/footfall/internal/core/bot"
	"github.com/footfall/footfall/internal/core/geo"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/faces/feed"
	"github.com/footfall/footfall/internal/ops/datadir"
	"github.com/footfall/footfall/internal/ops/monitor"
)

// Options says which data directory to serve, and as what.
type Options struct {
	// Data is the data directory. Data.Synced is the server's own.
	Data datadir.Options
	// Domains are the short domains of the installation, the default first. If
	// there are none, the host of a request is the domain.
	Domains []string
	// TrustedProxies are the addresses and networks of proxies that are believed when
	// an access log that is imported has them in the list of a request's addresses.
	TrustedProxies []string
	// Host is the host of short URLs if nothing else names one.
	Host string
	// Scheme is that of short URLs: https, or http, which the empty string means too.
	Scheme string
	// listening is where Serve answers the public; nil without it.
	listening []net.Addr
	// Build is which program this is, for /healthz and /metrics.
	Build version.Info
}

// App is an open data directory, and everything that asks it.
//
// Clicks flow redirect or feed → recorder → journal → recorder → counts;
// questions api → metrics → counts.
type App struct {
	data     *datadir.Dir
	now      func() time.Time
	log      *slog.Logger
	auth     *auth.Auth
	importer *feed.Importer
	links    *links.Links
	bots     *bot.Detector
	// countries is what the Site looks addresses up in; nil without one.
	countries atomic.Pointer[geo.Lookup]
	host      string
	build     version.Info

	monitor    *monitor.Monitor
	dear       throttle.SeatLimits
	watching   context.Context // ends with the App
	serving    atomic.Bool     // visitors are let in
	notDurable func() uint64   // nil without a Site

	closers []func(context.Context) error // in the order of opening
}

// Open opens a data directory that no other process has open; otherwise it fails
// with datadir.ErrOwned.
func Open(ctx context.Context, o Options) (_ *App, err error) {
	a := &App{now: o.Data.Now, log: o.Data.Log, host: o.Host, build: o.Build, monitor: monitor.New(), dear: expensiveQuestions()}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close(ctx))
		}
	}()
	// Options are checked first, so that a refused one makes no directory.
	proxies, err := parseProxies(o.TrustedProxies, "")
	if err != nil {
		return nil, err
	}
	linked := links.Options{Domains: o.Domains, Host: o.Host, Scheme: o.Scheme, Here: here(o.listening), Now: a.now, Random: rand.Reader}
	if _, err := links.New(linked); err != nil {
		return nil, fmt.Errorf("--domain: %w", err)
	}
	o.Data.Synced = a.monitor.Synced
	if a.data, err = datadir.Open(ctx, o.Data); err != nil {
		return nil, err
	}
	a.onClose(a.data.Close)

	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	a.watching = watching
	a.onClose(func(context.Context) error { stop(); return nil })
	a.monitor.Watch(a.state)
	a.monitor.Build(o.Build.Version, o.Build.Revision, o.Build.Go)
	db := a.data.Links
	a.auth = auth.New(db, a.now)
	a.bots = bot.New()
	// The built-in data take a while to unpack, and most commands do not need them.
	builtin := sync.OnceValues(func() (*geo.Lookup, error) { return geo.Open("") })
	linked.Links = db
	if a.links, err = links.New(linked); err != nil {
		return nil, err // it did not fail above
	}
	a.importer = &feed.Importer{
		Recorder: a.data.Recorder, Links: db, Users: db, Names: a.links, Host: o.Host, Now: a.now, After: time.After, Proxy: proxies.Trusts,
		IsBot: func(agent string) bool { return a.bots.KindOfAgent(agent) == bot.Bot },
		Country: func(address netip.Addr) click.Country {
			if site := a.countries.Load(); site != nil {
				return site.Country(address)
			}
			countries, _ := builtin() // the built-in data cannot fail
			return countries.Country(address)
		},
	}
	return a, nil
}

// onClose has f called by Close, before what was opened earlier is closed.
func (a *App) onClose(f func(context.Context) error) { a.closers = append(a.closers, f) }

// Close counts what is recorded, as far as ctx allows, and closes everything.
func (a *App) Close(ctx context.Context) error {
	var errs []error
	for i := len(a.closers) - 1; i >= 0; i-- {
		errs = append(errs, a.closers[i](ctx))
	}
	a.closers = nil
	return errors.Join(errs...)
}
