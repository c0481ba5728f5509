package cli

import (
	"fmt"

	"github.com/footfall/footfall/server"
)

type checkCmd struct {
	dataDir
	Repair bool `help:"Mend the sums of days where they are wrong, and check again."`
}

func (c *checkCmd) Run(e *env) error {
	return c.with(e, func(o *server.Owner) error {
		err := e.check(o)
		if err == nil || !c.Repair {
			return err
		}
		if err := o.Repair(e.ctx, func(done string) { fmt.Fprintln(e.stdout, done) }); err != nil {
			return err
		}
		return e.check(o)
	})
}

// check prints what is wrong, and fails then.
func (e *env) check(o *server.Owner) error {
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
}
