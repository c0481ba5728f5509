package cli

import (
	"github.com/footfall/footfall/internal/ops/control"
	"github.com/footfall/footfall/internal/ops/server"
)

type exportCmd struct {
	dataDir
	Clicks bool `help:"Write each click that the journal has, instead of counts." env:"-"`
}

func (c *exportCmd) Run(e *env) error {
	return c.with(e, func(o *server.Owner) error {
		return pieces(e, o.Client, control.Export, control.ExportOptions{Clicks: c.Clicks}, e.data)
	})
}
