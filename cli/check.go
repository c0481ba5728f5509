package cli

import (
	"encoding/json"
	"fmt"

	"github.com/footfall/footfall/control"
	"github.com/footfall/footfall/server"
)

type checkCmd struct {
	dataDir
	Repair bool `help:"Mend the sums of days where they alone are wrong, and check again."`
	JSON   bool `help:"Print the result as one JSON object." name:"json"`
}

func (c *checkCmd) Run(e *env) error {
	return c.with(e, func(o *server.Owner) error { return c.run(e, o) })
}

func (c *checkCmd) run(e *env, o *server.Owner) error {
	r, err := c.check(e, o)
	if err != nil {
		return err
	}
	if w := r.Wrong; c.Repair && w.Days > 0 && w.Counts == 0 {
		if err := o.Repair(e.ctx, c.hear(e, nil)); err != nil {
			return err
		}
		if r, err = c.check(e, o); err != nil {
			return err
		}
	}
	return c.report(e, r)
}

// checked is a verdict and what it is about.
type checked struct {
	control.Verdict
	Findings []string `json:"findings"`
}

// check looks at everything.
func (c *checkCmd) check(e *env, o *server.Owner) (r checked, err error) {
	r.Findings = []string{}
	r.Verdict, err = o.Check(e.ctx, c.hear(e, &r.Findings))
	return r, err
}

// hear prints sentences as they come, and remembers them; as JSON they come in
// the end.
func (c *checkCmd) hear(e *env, all *[]string) func(string) {
	return func(sentence string) {
		if all != nil {
			*all = append(*all, sentence)
		}
		if !c.JSON {
			fmt.Fprintln(e.stdout, sentence)
		}
	}
}

// report says how the check ended; what does not agree is an error.
func (c *checkCmd) report(e *env, r checked) error {
	if c.JSON {
		if err := json.NewEncoder(e.stdout).Encode(r); err != nil {
			return err
		}
	}
	if len(r.Findings) > 0 {
		return fmt.Errorf("%s; what does not agree is listed above: %s", r, r.Advice)
	}
	if c.JSON {
		return nil
	}
	return e.print(r.String()+": everything agrees", nil)
}
