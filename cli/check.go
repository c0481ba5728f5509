package cli

import (
	"fmt"

	"github.com/footfall/footfall/server"
)

type checkCmd struct{ dataDir }

func (c *checkCmd) Run(e *env) error {
	return c.with(e, func(o *server.Owner) error {
		findings := 0
		summary, err := o.Check(e.ctx, func(finding string) {
			findings++
			fmt.Fprintln(e.stdout, finding)
		})
		if err != nil {
			return err
		}
		if findings > 0 {
			return fmt.Errorf("%s: %d things do not agree; they are listed above", summary, findings)
		}
		return e.print(summary+": everything agrees", nil)
	})
}
