package server

import (
	"context"
	"errors"
	"fmt"
	stdlog "log"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/auth"
	"github.com/footfall/footfall/internal/ops/control"
	"github.com/footfall/footfall/internal/ops/datadir"
	"github.com/footfall/footfall/internal/storage/store"
)

const (
	// The times that a stop waits: for answers to visitors, for commands to say where
	// they stopped, and for clicks that are recorded to be counted. After these the
	// parts remember each other for datadir.RememberTimeout at most. TestGraceIsEnough
	// compares the sum with the time that systemd and docker give.
	publicTimeout  = 10 * time.Second
	controlTimeout = time.Second
	closeTimeout   = 30 * time.Second

	// maxMetricsConns is the maximum number of open connections for /metrics.
	maxMetricsConns = 64
)

// Serve opens the data directory, serves it until ctx ends, and closes it. The
// listeners ls are for the public, with https if p has a certificate. ready
// is called once everything is open, before the first connection is accepted. All
// listeners are closed when Serve returns.
//
//	visitors, ── ls, PlainHTTP ── connLimiter ── handlers ──┐
//	programs                                                │
//	Prometheus ─ Metrics ──────── connLimiter ── monitor ───┼── App ── datadir
//	commands ─── DIR/footfall.sock ───────────── control ───┤
//	                                             Maintain ──┘
//
// A stop closes the public listeners and the socket, waits for requests and commands
// in progress and for the maintenance of the directory, and closes the App, which
// counts what is recorded.
func Serve(ctx context.Context, o Options, p PublicOptions, ls []net.Listener, ready func(*App) error) error {
	all := slices.Concat(ls, p.PlainHTTP)
	defer func() {
		for _, l := range all {
			_ = l.Close() // has an error if a server closed it
		}
	}()

	// Check the options before a directory is made.
	watching, stopWatching := context.WithCancel(ctx)
	defer stopWatching()
	https, err := p.https(watching, &o)
	if err != nil {
		return err
	}
	if err := p.check(); err != nil {
		return err
	}
	for _, l := range all {
		o.listening = append(o.listening, l.Addr())
	}
	o.TrustedProxies = p.TrustedProxies

	// Open what is served.
	app, err := Open(ctx, o)
	if err != nil {
		return err
	}
	if app.data.Created {
		app.log.Info("made a new data directory", "data", o.Data.Path)
	}
	done := datadir.LogIfSlow("countries", app.log)
	public, err := app.publicServers(p, https, ls)
	done()
	if err != nil {
		return errors.Join(err, app.Close(ctx))
	}
	stopControl, err := app.serveControl(o.Data.Path)
	if err != nil {
		return errors.Join(err, app.Close(ctx))
	}
	stopMaintenance, waitMaintenance, broken := app.maintain(ctx)
	failed := make(chan error, len(all)+1) // has room for each listener
	if p.Metrics != nil {
		defer app.serveMetrics(p.Metrics, failed).Close()
	}

	// Serve.
	if err = ready(app); err == nil {
		app.serving.Store(true)
		public.serve(failed)
		select {
		case <-ctx.Done():
		case err = <-failed:
			err = fmt.Errorf("listen: %w", err)
		case err = <-broken:
			if errors.Is(err, datadir.ErrMoved) { // Close would write into a directory that belongs to another process
				stopMaintenance()
				return errors.Join(err, public.close())
			}
		}
	}
	app.serving.Store(false)

	// Stop.
	began := time.Now()
	app.log.Info("stopping")
	stopMaintenance()
	var stopped sync.WaitGroup
	stopped.Go(func() { stopControl(0) }) // a backup would delay what follows
	app.endStreams()
	public.shutdown()
	stopped.Wait()
	waitMaintenance()
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	closed := app.Close(closing)
	if closed != nil && errors.As(err, new(*datadir.RemovedPartError)) {
		app.log.Warn("not everything could be closed cleanly, because a part of the data directory is gone: the last line says which", "error", closed)
		closed = nil
	}
	err = errors.Join(err, closed)
	app.logStopped(began, err)
	return err
}

// maintain runs datadir.Dir.Maintain, follows what other servers change, and writes when tokens
// were used, until stop; wait returns when it has ended. broken gets the error of Maintain.
func (a *App) maintain(ctx context.Context) (stop, wait func(), broken <-chan error) {
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	failed := make(chan error, 1)
	var ended sync.WaitGroup
	ended.Go(func() { a.data.Maintain(running, func(err error) { failed <- err }) })
	ended.Go(func() {
		a.data.FollowLinks(running, func(c store.Change) { a.links.Changed(c); a.auth.Changed(c); a.importer.Changed(c) })
	})
	ended.Go(func() {
		ticker := time.NewTicker(auth.UsesEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				a.logLastUses(a.auth.WriteUses(running))
			case <-running.Done():
				return
			}
		}
	})
	return cancel, ended.Wait, failed
}

// lastUsesTimeout is how long a stop waits until it is written when tokens were used.
const lastUsesTimeout = time.Second

// writeLastUses writes when tokens were used last. It has no error, because nothing depends on
// that.
func (a *App) writeLastUses(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, lastUsesTimeout)
	defer cancel()
	a.logLastUses(a.auth.WriteUses(ctx))
	return nil
}

// logLastUses logs an error of WriteUses, unless links and users are away, which the log says
// already.
func (a *App) logLastUses(err error) {
	if err != nil && !errors.Is(err, click.ErrUnavailable) && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
		a.log.Warn("the last use of tokens could not be written; the list of tokens shows an earlier one", "error", err)
	}
}

// serveMetrics answers Prometheus on a listener until the server is closed.
func (a *App) serveMetrics(l net.Listener, failed chan<- error) *http.Server {
	limiter := newConnLimiter(maxMetricsConns, publicLimits.header, nil)
	s := limiter.newServer(publicLimits, a.monitor.Handler(), nil, a.log)
	go func() { failed <- s.Serve(limiter.listener(l)) }()
	return s
}

// serveControl answers commands on the socket of the directory until stop. stop lets
// commands run on for grace. After that it cancels them, and waits controlTimeout at most.
func (a *App) serveControl(dir string) (stop func(grace time.Duration), err error) {
	handler, err := control.NewHandler(a.commands()...)
	if err != nil {
		return nil, err
	}
	socket, err := datadir.Listen(dir)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: publicLimits.header,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ErrorLog:          stdlog.New(newHTTPErrorLog(a.log), "", 0),
	}
	go func() { _ = s.Serve(socket) }() // returns when stop is called
	return func(grace time.Duration) {
		timer := time.AfterFunc(grace, cancel)
		defer timer.Stop()
		shutdown(s, grace+controlTimeout)
		cancel()
	}, nil
}

// shutdown waits for the requests in progress of a server, and closes their
// connections after a timeout.
func shutdown(s *http.Server, timeout time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	if s.Shutdown(ctx) != nil {
		_ = s.Close() // the clients took too long
	}
}

// logStopped logs the last line of a server.
func (a *App) logStopped(began time.Time, err error) {
	took := time.Since(began).Round(time.Millisecond)
	counted, _ := a.data.Recorder.Counted()
	switch end := a.data.Journal.End(); {
	case err != nil:
		a.log.Error("stopped, but not cleanly; acknowledged clicks are in the journal: look at the error and the disk, start footfall again and run footfall check", "took", took, "error", err)
	case counted < end:
		a.log.Info("stopped: everything is on disk, and the next start counts the clicks that are not counted yet", "took", took, "bytes", end-counted)
	default:
		a.log.Info("stopped: everything is on disk, and all clicks are counted", "took", took)
	}
}
