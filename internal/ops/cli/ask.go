package cli

import (
	"context"
	"fmt"
	"io"

	"github.com/footfall/footfall/internal/ops/control"
	"github.com/footfall/footfall/internal/ops/server"
)

// ask sends a command that reports nothing to the process that owns the directory.
func ask[In, Out any](e *env, o *server.Owner, c control.Command[In, control.None, Out], in In) (Out, error) {
	return c.Ask(e.ctx, o.Client, in, nil)
}

// pieces writes the pieces of output that a command reports. If they cannot be
// written, it stops the command.
func pieces[In any](e *env, c *control.Client, command control.Command[In, []byte, control.None], in In, to io.Writer) error {
	ctx, stop := context.WithCancel(e.ctx)
	defer stop()
	var failed error
	_, err := command.Ask(ctx, c, in, func(piece []byte) {
		if failed == nil {
			if _, failed = to.Write(piece); failed != nil {
				stop()
			}
		}
	})
	if failed != nil {
		return fmt.Errorf("write: %w", failed)
	}
	return err
}
