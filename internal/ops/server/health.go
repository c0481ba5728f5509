package server

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"github.com/footfall/footfall/internal/ops/control"
	"github.com/footfall/footfall/internal/ops/datadir"
)

var (
	// ErrNoServer says that no process owns the data directory.
	ErrNoServer = errors.New("no server runs")
	// ErrSilent says that the process that owns the data directory does not answer.
	ErrSilent = errors.New("does not answer")
	// ErrNoTime says that the time was over before it could be asked.
	ErrNoTime = errors.New("there was no time to ask")
)

// Running finds the process that owns a data directory. Unlike Connect it never
// opens the directory, and does not wait for an owner who is about to. It fails
// with ErrNoServer, ErrSilent and ErrNoTime.
func Running(ctx context.Context, o datadir.Options) (*control.Client, error) {
	c, err := datadir.Dial(ctx, o.Path, o.Named)
	switch {
	case err == nil:
		_ = c.Close()
		return client(o), nil
	case errors.Is(err, datadir.ErrUntrusted), errors.Is(err, context.Canceled):
		return nil, err
	case errors.Is(err, syscall.EAGAIN): // it has taken no connection for a long time
		return nil, silent(o)
	case errors.Is(err, context.DeadlineExceeded):
		return nil, fmt.Errorf("%w the process that owns %s", ErrNoTime, o.Path)
	}
	return nil, fmt.Errorf("%w in %s", ErrNoServer, o.Path)
}

// Health asks the server of a data directory whether it answers visitors. It asks
// on the socket of the directory, which strangers cannot keep busy, and so says
// nothing of the network before the server. It fails as Running does.
func Health(ctx context.Context, o datadir.Options) (string, error) {
	c, err := Running(ctx, o)
	if err != nil {
		return "", err
	}
	said, err := control.Health.Ask(ctx, c, control.None{}, nil)
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return "", silent(o)
	}
	return said, err
}

func silent(o datadir.Options) error {
	return fmt.Errorf("the process that owns %s %w", o.Path, ErrSilent)
}
