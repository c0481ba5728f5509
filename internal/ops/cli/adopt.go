package cli

import (
	"fmt"

	"github.com/dustin/go-humanize"

	"github.com/footfall/footfall/internal/base/plain"
	"github.com/footfall/footfall/internal/ops/datadir"
	"github.com/footfall/footfall/internal/ops/server"
)

// clusterURLs are the options of commands that use a cluster without a server.
type clusterURLs struct {
	Clicks engineURL `help:"The ClickHouse database of the cluster, as serve has it." placeholder:"URL"`
	Links  engineURL `help:"The PostgreSQL database of the cluster, as serve has it." placeholder:"URL"`
}

// engines returns the engines. Both must be given.
func (c clusterURLs) engines() (server.Engines, error) {
	engines := server.Engines{Clicks: string(c.Clicks), Links: string(c.Links)}
	if c.Clicks == "" || c.Links == "" {
		return engines, usage("name the cluster with --clicks and --links, or with FOOTFALL_CLICKS and FOOTFALL_LINKS")
	}
	if err := engines.Check(); err != nil {
		return engines, usage("%v", err)
	}
	return engines, nil
}

type adoptCmd struct {
	clusterURLs
	From string `help:"The data directory of that server, or what is left of it. It is only read." required:"" type:"path" placeholder:"DIR"`
}

func (c *adoptCmd) Run(e *env) error {
	engines, err := c.engines()
	if err != nil {
		return err
	}
	o := datadir.Options{Path: c.From, Named: true, Now: e.now, Log: e.log}
	engines.Use(&o)
	var a datadir.Adopted
	err = e.withProgress(func(e *env) (err error) {
		a, err = datadir.Adopt(e.ctx, o)
		return err
	})
	if err != nil {
		return err
	}
	said := fmt.Sprintf("journal %s in %s: %s, %s, of which %d were counted now", a.Journal, plain.Text(c.From), humanize.IBytes(a.Bytes), many(a.Clicks, "click"), a.Counted)
	if n := len(a.Deleted); n > 0 {
		said += fmt.Sprintf("\ndeleted links and users with clicks in it, which stay out of the counts: %d", n)
	}
	return e.print(said, nil)
}
