package cli

import (
	"context"
	"io"
	"time"

	"github.com/footfall/footfall/internal/ops/server"
)

type healthCmd struct {
	dataDir
	Timeout seconds `help:"How long to wait for the server's answer: seconds, or a duration such as 500ms." default:"10" placeholder:"TIME"`
}

func (c *healthCmd) Run(e *env) error {
	ctx, cancel := context.WithTimeout(e.ctx, time.Duration(c.Timeout))
	defer cancel()
	said, err := server.Health(ctx, c.options(e))
	if err != nil {
		return kindError{err, errUnhealthy}
	}
	_, err = io.WriteString(e.stdout, said)
	return err
}
