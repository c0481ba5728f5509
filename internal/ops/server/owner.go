package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/footfall/footfall/internal/ops/control"
	"github.com/footfall/footfall/internal/ops/datadir"
)

var (
	// ErrNoServer means that no process owns the data directory.
	ErrNoServer = errors.New("no server runs")
	// ErrSilent means that the process that owns the data directory does not answer.
	ErrSilent = errors.New("does not answer")
	// ErrNoTime means that the context ended before the owner could be asked.
	ErrNoTime = errors.New("there was no time to ask")
)

const (
	// connectTimeout is the time that Connect waits for an owner that opens the directory
	// or closes it.
	connectTimeout = 30 * time.Second
	// othersTimeout is the time that an Owner waits for commands of other processes that it answers.
	othersTimeout = time.Hour
)

// Owner is the process that owns a data directory: another one, or this one.
type Owner struct {
	*control.Client
	Created bool // this process made the directory
	wait    func()
	close   func(context.Context) error
}

// Wait waits for the commands of other processes that this one answers because it owns the data directory: at most an hour.
// From then on it answers no more.
func (o *Owner) Wait() { o.wait() }

// Close does what Wait does, and closes the data directory if this process owns it.
func (o *Owner) Close(ctx context.Context) error {
	o.wait()
	return o.close(ctx)
}

// Connect returns the process that owns the directory. If there is none, this
// process opens the directory and becomes the owner. Connect sends nothing to a
// process that may not be trusted: see datadir.ErrUntrusted. The caller closes the
// Owner.
func Connect(ctx context.Context, o Options) (*Owner, error) {
	for began := time.Now(); ; {
		app, err := Open(ctx, o)
		if err == nil {
			app.data.EraseEarlier(ctx)
			stop, err := app.serveControl(o.Data.Path)
			if err != nil {
				return nil, errors.Join(err, app.Close(ctx))
			}
			return &Owner{client(o.Data), app.data.Created, sync.OnceFunc(func() { stop(othersTimeout) }), app.Close}, nil
		}
		if !errors.Is(err, datadir.ErrOwned) {
			return nil, err
		}
		c, dialed := datadir.Dial(ctx, o.Data.Path, o.Data.Named)
		if dialed == nil {
			_ = c.Close()
			return &Owner{client(o.Data), false, func() {}, func(context.Context) error { return nil }}, nil
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

// Running returns a client of the process that owns a data directory. Unlike
// Connect it never opens the directory, and does not wait for a process that is
// about to. Its errors are ErrNoServer, ErrSilent, ErrNoTime and
// datadir.ErrUntrusted.
func Running(ctx context.Context, o datadir.Options) (*control.Client, error) {
	c, err := datadir.Dial(ctx, o.Path, o.Named)
	switch {
	case err == nil:
		_ = c.Close()
		return client(o), nil
	case errors.Is(err, datadir.ErrUntrusted), errors.Is(err, context.Canceled):
		return nil, err
	case errors.Is(err, syscall.EAGAIN): // its queue of connections is full: it has accepted none for a long time
		return nil, silent(o)
	case errors.Is(err, context.DeadlineExceeded):
		return nil, fmt.Errorf("%w the process that owns %s", ErrNoTime, o.Path)
	}
	return nil, fmt.Errorf("%w in %s", ErrNoServer, o.Path)
}

func silent(o datadir.Options) error {
	return fmt.Errorf("the process that owns %s %w", o.Path, ErrSilent)
}

func client(o datadir.Options) *control.Client {
	return control.NewClient(func(ctx context.Context) (net.Conn, error) { return datadir.Dial(ctx, o.Path, o.Named) })
}
