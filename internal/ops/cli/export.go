package cli

import (
	"bufio"
	"fmt"

	"github.com/footfall/footfall/internal/ops/server"
)

type exportCmd struct {
	dataDir
	Clicks bool `help:"Instead of the counts, the single clicks that the journal keeps."`
}

func (c *exportCmd) Run(e *env) error {
	return c.with(e, func(o *server.Owner) error {
		w := bufio.NewWriter(e.data)
		if err := o.Export(e.ctx, w, c.Clicks); err != nil {
			return err // also one of writing
		}
		if err := w.Flush(); err != nil {
			return fmt.Errorf("export: %w", err)
		}
		return nil
	})
}
