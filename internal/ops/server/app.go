// Package server wires the parts of footfall together: it opens a data directory,
// puts the faces on it, listens, and stops all of it in order.
//
// It is the only package that uses all parts. What the parts do is in their packages;
// here are the limits of connections, https, and the commands of operators that
// need more than one part.
//
// Where to look:
//
//	serve.go, app.go               starts and stops everything; an open App
//	public.go, limits.go           what operators set for the public; what no option changes
//	routes.go, plainhttp.go        which path goes to which face; http next to https
//	publicservers.go, httpserver.go, httperrorlog.go   the web servers of net/http
//	listener.go, conn.go, requests.go   a connection, and its requests
//	deadline.go                         its deadlines
//	admission.go, network.go, memory.go   which connections may stay open
//	tls.go, certificate.go, acme.go     https
//	ownaddress.go                  which hosts are this server itself
//	health.go, stats.go, state.go, profile.go   health, statistics, metrics and profiles
//	engines.go                     the engines that other servers use too
//	owner.go                       a command opens the directory, or asks the process that has it
//	commands.go, lookup.go, links.go, linklist.go, delete.go   what commands do
//	admin.go                       what admins do on the page
package server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/throttle"
	"github.com/footfall/footfall/internal/base/version"
	"github.com/footfall/footfall/internal/core/auth"
	"github.com/footfall/footfall/internal/core/geo"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/core/useragent"
	"github.com/footfall/footfall/internal/faces/feed"
	"github.com/footfall/footfall/internal/ops/datadir"
	"github.com/footfall/footfall/internal/ops/monitor"
)

// Options are the settings of an App: its data directory, and its domains.
type Options struct {
	// Data is the data directory. Data.Synced is the server's own.
	Data datadir.Options
	// Domains are the short domains of the installation, the default first. Without
	// any, the host of a request is the domain.
	Domains []string
	// TrustedProxies are addresses and networks of proxies. If an imported access log
	// gives a list of addresses for a request, the visitor is the last one that is not
	// a proxy. Serve sets it to that of PublicOptions.
	TrustedProxies []string
	// Host is the host of short URLs if neither Domains nor a request names one.
	Host string
	// Scheme is the scheme of short URLs: https or http; empty is http.
	Scheme string
	// listening are the addresses of the public listeners; nil without Serve.
	listening []net.Addr
	// Build is the version that /healthz and /metrics show.
	Build version.Info
}

// App is an open data directory, and everything that works on it.
//
//	a visit      redirect → links, useragent, geo → recorder → journal
//	an import    feed → links, useragent, geo → recorder → journal
//	counting     journal → recorder → counts
//	a question   api/v3 → auth → metrics → counts
//	a command    control → the methods of App in commands.go → datadir
type App struct {
	data     *datadir.Dir
	now      func() time.Time
	log      *slog.Logger
	auth     *auth.Auth
	importer *feed.Importer
	links    *links.Links
	agents   *useragent.Reader
	// places is the database for visitors; nil before Handler.
	places atomic.Pointer[geo.Lookup]
	host   string
	build  version.Info

	started    time.Time
	monitor    *monitor.Monitor
	expensive  throttle.SeatLimits // questions that take long or much memory
	lifetime   context.Context     // done once the App is closed
	serving    atomic.Bool         // visitors are answered
	notDurable func() uint64       // nil before Handler
	endStreams func()              // nil before Handler
	proved     atomic.Pointer[proved]

	closers []func(context.Context) error // in the order of opening
}

// Open opens a data directory. It returns datadir.ErrOwned if another process has
// it open. The caller closes the App.
func Open(ctx context.Context, o Options) (_ *App, err error) {
	a := &App{now: o.Data.Now, started: o.Data.Now(), log: o.Data.Log, host: o.Host, build: o.Build, monitor: monitor.New()}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close(ctx))
		}
	}()
	// Check the options before a directory is made.
	proxies, err := parseProxies(o.TrustedProxies, "")
	if err != nil {
		return nil, err
	}
	linked := links.Options{Domains: o.Domains, Host: o.Host, Scheme: o.Scheme, Here: ownAddress(o.listening), Now: a.now, Random: rand.Reader}
	if _, err := links.New(linked); err != nil {
		return nil, fmt.Errorf("--domain: %w", err)
	}
	a.expensive = expensiveQuestions(runtime.GOMAXPROCS(0), o.Data.Clicks != nil || o.Data.Links != nil)
	o.Data.Synced = a.monitor.Synced
	if a.data, err = datadir.Open(ctx, o.Data); err != nil {
		return nil, err
	}
	a.onClose(a.data.Close)

	lifetime, stop := context.WithCancel(context.WithoutCancel(ctx))
	a.lifetime = lifetime
	a.onClose(func(context.Context) error { stop(); return nil })
	a.monitor.Watch(a.state)
	a.monitor.Build(o.Build.Version, o.Build.Revision, o.Build.Go)
	db := a.data.DB
	a.auth = auth.New(db, a.now)
	a.onClose(a.writeLastUses)
	a.agents = useragent.New()
	builtin, err := geo.Open()
	if err != nil {
		return nil, err // cannot happen: the built-in data are always readable
	}
	linked.Links, linked.SoleWriter = db, a.data.OwnsLinks()
	if a.links, err = links.New(linked); err != nil {
		return nil, err // cannot happen: these options passed above
	}
	db.Tell(a.links.Changed)
	a.importer = &feed.Importer{
		Recorder: a.data.Imports(), Links: db, Users: db, Names: a.links, Host: o.Host, Now: a.now, After: time.After, Proxy: proxies.Trusts,
		ReadAgent: a.agents.ReadText,
		Place: func(address netip.Addr) click.Place {
			if site := a.places.Load(); site != nil {
				return site.Place(address)
			}
			return builtin.Place(address)
		},
	}
	return a, nil
}

// onClose registers f for Close, which closes what was opened last first.
func (a *App) onClose(f func(context.Context) error) { a.closers = append(a.closers, f) }

// Close counts what is recorded until ctx is done, and closes everything.
func (a *App) Close(ctx context.Context) error {
	var errs []error
	for i := len(a.closers) - 1; i >= 0; i-- {
		errs = append(errs, a.closers[i](ctx))
	}
	a.closers = nil
	return errors.Join(errs...)
}
