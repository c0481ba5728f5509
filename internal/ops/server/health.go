package server

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"github.com/footfall/footfall/internal/ops/control"
	"github.com/footfall/footfall/internal/ops/datadir"
)

// Health asks the server of a data directory whether it answers visitors. It asks
// on the socket of the directory, which strangers cannot keep busy, and so says
// nothing of the network before the server. Unlike Connect it never opens the
// directory, and does not wait for an owner who is about to.
func Health(ctx context.Context, o datadir.Options) (string, error) {
	silent := fmt.Errorf("the process that owns %s does not answer: look at its log, and start it again", o.Path)
	c, err := datadir.Dial(ctx, o.Path, o.Named)
	switch {
	case err == nil:
		_ = c.Close()
	case errors.Is(err, datadir.ErrUntrusted), errors.Is(err, context.Canceled):
		return "", err
	case errors.Is(err, syscall.EAGAIN): // it has taken no connection for a long time
		return "", silent
	case errors.Is(err, context.DeadlineExceeded):
		return "", fmt.Errorf("there was no time to ask the process that owns %s: give a longer --timeout", o.Path)
	default:
		return "", fmt.Errorf("no server runs in %s: start footfall serve, or name its directory with --data", o.Path)
	}
	said, err := control.Health.Ask(ctx, client(o), control.None{}, nil)
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return "", silent
	}
	return said, err
}
