package server

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"github.com/footfall/footfall/internal/ops/datadir"
)

// errNotServing: the directory has an owner, and it is no server, or one that
// starts or stops.
var errNotServing = errors.New("a footfall process owns the data directory and answers no visitors: it is a command, or a server that starts or stops")

// Health implements control.Owner.
func (a *App) Health(context.Context) (string, error) {
	if !a.serving.Load() {
		return "", errNotServing
	}
	return a.health(), nil
}

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
	said, err := client(o).Health(ctx)
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return "", silent
	}
	return said, err
}
