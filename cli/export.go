package cli

import (
	"bufio"
	"errors"

	"github.com/footfall/footfall/server"
)

type exportCmd struct {
	dataDir
	Clicks bool `help:"Instead of the counts, the single clicks that the journal keeps."`
}

func (c *exportCmd) Run(e *env) error {
	return c.with(e, func(o *server.Owner) error {
		w := bufio.NewWriter(e.stdout)
		return errors.Join(o.Export(e.ctx, w, c.Clicks), w.Flush())
	})
}
