package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/footfall/footfall/internal/ops/control"
	"github.com/footfall/footfall/internal/ops/datadir"
)

const (
	// Stopping gives visitors their answers, commands a moment to say where
	// they stopped, and what is recorded the time to be counted.
	publicTimeout  = 10 * time.Second
	controlTimeout = time.Second
	closeTimeout   = 30 * time.Second

	// maxMetricsConns is how many connections may be open to ask for /metrics.
	maxMetricsConns = 64

	// othersTimeout is what a command that owns the directory gives those that
	// came to it meanwhile.
	othersTimeout = time.Hour
)

// Serve answers the public on each of ls alike, over http on those of Site.Clear,
// and commands on the directory's socket, until ctx ends; then what was begun is
// finished and the App is closed. ready is called once everything is open, right
// before the public is let in. The listeners are closed in any case.
func Serve(ctx context.Context, o Options, s Site, ls []net.Listener, ready func(*App) error) error {
	all := slices.Concat(ls, s.Clear)
	defer func() {
		for _, l := range all {
			_ = l.Close() // again, where the public was let in
		}
	}()
	watching, stopWatching := context.WithCancel(ctx)
	defer stopWatching()
	secured, err := s.security(watching, &o)
	if err != nil {
		return err
	}
	if err := s.check(); err != nil {
		return err
	}
	for _, l := range all {
		o.listening = append(o.listening, l.Addr())
	}
	app, err := Open(ctx, o)
	if err != nil {
		return err
	}
	if app.data.Created {
		o.Data.Log.Info("made a new data directory", "data", o.Data.Path)
	}
	done := datadir.LogIfSlow("countries and bots", o.Data.Log)
	public, err := app.publicServers(s, secured, ls)
	done()
	if err != nil {
		return errors.Join(err, app.Close(ctx))
	}
	stopControl, err := app.serveControl(o.Data.Path)
	if err != nil {
		return errors.Join(err, app.Close(ctx))
	}
	retaining, stopRetaining := context.WithCancel(context.WithoutCancel(ctx))
	var retained sync.WaitGroup
	moved := make(chan error, 1)
	retained.Go(func() { app.data.Maintain(retaining, func(err error) { moved <- err }) })
	failed := make(chan error, len(all)+1)
	if s.Watch != nil {
		limiter := newConnLimiter(maxMetricsConns, publicLimits.header, nil)
		metrics := limiter.newServer(publicLimits, app.monitor.Handler(), nil, o.Data.Log)
		go func() { failed <- metrics.Serve(limiter.listener(s.Watch)) }()
		defer metrics.Close()
	}
	if err = ready(app); err == nil {
		app.serving.Store(true)
		public.serve(failed)
		select {
		case <-ctx.Done():
		case err = <-failed:
			err = fmt.Errorf("listen: %w", err)
		case err = <-moved:
			if errors.Is(err, datadir.ErrMoved) { // nothing may be written any more, not even to close what is open
				stopRetaining()
				return errors.Join(err, public.close())
			}
		}
	}
	app.serving.Store(false)
	began := time.Now()
	app.log.Info("stopping")
	stopRetaining()
	var stopped sync.WaitGroup
	stopped.Go(func() { stopControl(0) }) // a backup may hold up what follows
	public.shutdown()
	stopped.Wait()
	retained.Wait()
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	closed := app.Close(closing)
	if closed != nil && errors.As(err, new(*datadir.RemovedPartError)) {
		o.Data.Log.Warn("not all could be closed in order, because a part of the data directory is gone", "error", closed)
		closed = nil
	}
	err = errors.Join(err, closed)
	app.stopped(began, err)
	return err
}

// shutdown lets a server finish what it began, for a while.
func shutdown(s *http.Server, patience time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if s.Shutdown(ctx) != nil {
		_ = s.Close() // who has not listened until now is cut off
	}
}

// serveControl answers commands on the directory's socket until stop.
func (a *App) serveControl(dir string) (stop func(patience time.Duration), err error) {
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
	}
	go func() { _ = s.Serve(socket) }() // ends by Shutdown
	return func(patience time.Duration) {
		// Commands that take longer end at their next step and tell so; what
		// they recorded stays.
		stop := time.AfterFunc(patience, cancel)
		defer stop.Stop()
		shutdown(s, patience+controlTimeout)
		cancel()
	}, nil
}

// connectTimeout is how long an owner may take to open or to close.
const connectTimeout = 30 * time.Second

// Connect finds the process that owns the directory, and becomes it where
// nobody does. It fails before anything is said where the directory or the
// process may be somebody else's. The client must be closed.
func Connect(ctx context.Context, o Options) (*Owner, error) {
	for began := time.Now(); ; {
		app, err := Open(ctx, o)
		if err == nil {
			app.data.EraseEarlier(ctx)
			stop, err := app.serveControl(o.Data.Path)
			if err != nil {
				return nil, errors.Join(err, app.Close(ctx))
			}
			return &Owner{client(o.Data), app.data.Created, func(ctx context.Context) error {
				stop(othersTimeout)
				return app.Close(ctx)
			}}, nil
		}
		if !errors.Is(err, datadir.ErrOwned) {
			return nil, err
		}
		c, dialed := datadir.Dial(ctx, o.Data.Path, o.Data.Named)
		if dialed == nil {
			_ = c.Close()
			return &Owner{client(o.Data), false, func(context.Context) error { return nil }}, nil
		}
		if errors.Is(dialed, datadir.ErrUntrusted) {
			return nil, dialed
		}
		// The owner is about to listen, or to end.
		if time.Since(began) > connectTimeout {
			return nil, fmt.Errorf("%w, but does not answer on its socket there", err)
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return nil, errors.Join(err, ctx.Err())
		}
	}
}

// Owner is the process that owns a data directory, wherever it runs.
type Owner struct {
	*control.Client
	Made  bool // the directory, just now
	close func(context.Context) error
}

// Close ends the process's part in the directory, if it has one.
func (o *Owner) Close(ctx context.Context) error { return o.close(ctx) }

func client(o datadir.Options) *control.Client {
	return control.NewClient(func(ctx context.Context) (net.Conn, error) { return datadir.Dial(ctx, o.Path, o.Named) })
}
