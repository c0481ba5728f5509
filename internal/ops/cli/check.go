package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/footfall/footfall/internal/core/audit"
	"github.com/footfall/footfall/internal/ops/control"
	"github.com/footfall/footfall/internal/ops/datadir"
	"github.com/footfall/footfall/internal/ops/server"
)

type checkCmd struct {
	dataDir
	Repair        bool `help:"Repair what can be repaired without a loss, and check again: sums of days if only they are wrong, and, if no server runs, a damaged journal whose clicks are all counted."`
	GiveUpDamaged bool `help:"With --repair: accept the loss of clicks in a damaged journal that are not counted and cannot be read. check says how many bytes that is." env:"-"`
	GiveUpLinks   bool `help:"With --repair: continue with a footfall.db that is older than the other parts, and accept the loss of the links, users, tokens and changes that it lacks. Their ids are not used again." env:"-"`
	JSON          bool `help:"Print the result as one JSON object." name:"json"`
}

// Run checks through the process that owns the directory. If the directory is too
// damaged to be opened, or has to be closed for the repair, this process reads it
// as it is.
func (c *checkCmd) Run(e *env) error {
	if c.GiveUpDamaged && !c.Repair {
		return usage("--give-up-damaged only applies together with --repair: add it")
	}
	if c.GiveUpLinks && !c.Repair {
		return usage("--give-up-links only applies together with --repair: add it")
	}
	opened, repair := false, false
	err := c.with(e, func(o *server.Owner) error {
		opened = true
		r, err := c.checkOpen(e, o)
		if err != nil {
			return err
		}
		if repair = c.Repair && r.Wrong.Damage > 0; repair {
			return nil
		}
		return c.report(e, r)
	})
	damaged := datadir.IsDamaged(err) // the error of closing, too, if counting had stopped
	if damaged && !opened {
		r, err := c.check(e, func(ctx context.Context, report func(string)) (datadir.Verdict, error) {
			return datadir.CheckDamaged(ctx, c.options(e), report)
		})
		if err != nil {
			return err
		}
		if repair = c.Repair; !repair {
			return c.report(e, r)
		}
	}
	if !repair || err != nil && !damaged {
		return err
	}
	return c.repairDamaged(e)
}

// repairDamaged repairs a directory that no process has open, and checks it.
func (c *checkCmd) repairDamaged(e *env) error {
	var repaired []string
	giveUp := datadir.GiveUp{Damaged: c.GiveUpDamaged, Links: c.GiveUpLinks}
	if err := datadir.RepairDamaged(e.ctx, c.options(e), giveUp, c.printer(e, &repaired)); err != nil {
		return err
	}
	return c.with(e, func(o *server.Owner) error {
		r, err := c.repairOpen(e, o, repaired)
		if err != nil {
			return err
		}
		return c.report(e, r)
	})
}

// checkOpen asks the owner of the directory to check it. With --repair it asks the
// owner to repair the sums of days, if only they are wrong.
func (c *checkCmd) checkOpen(e *env, o *server.Owner) (checked, error) {
	r, err := c.check(e, checkBy(o))
	if err != nil || !c.Repair || r.Wrong.Days == 0 || r.Wrong.Counts > 0 {
		return r, err
	}
	return c.repairOpen(e, o, nil)
}

// repairOpen asks the owner of the directory to repair what it can while it runs, and
// to check again. repaired has the reports of earlier repairs.
func (c *checkCmd) repairOpen(e *env, o *server.Owner, repaired []string) (r checked, err error) {
	if _, err := control.Repair.Ask(e.ctx, o.Client, control.None{}, c.printer(e, &repaired)); err != nil {
		return r, err
	}
	r, err = c.check(e, checkBy(o))
	r.Repaired = repaired
	return r, err
}

// checkBy returns a function that asks the owner of the directory to check it.
func checkBy(o *server.Owner) func(context.Context, func(string)) (datadir.Verdict, error) {
	return func(ctx context.Context, report func(string)) (datadir.Verdict, error) {
		return control.Check.Ask(ctx, o.Client, control.None{}, report)
	}
}

// checked is the result of a check, in words.
type checked struct {
	audit.Summary
	// Advice are sentences about what to do; empty if there are no findings.
	Advice   string   `json:"advice,omitempty"`
	Findings []string `json:"findings"`
	Repaired []string `json:"repaired,omitempty"`
}

// check runs a check, and collects its findings.
func (c *checkCmd) check(e *env, look func(context.Context, func(string)) (datadir.Verdict, error)) (r checked, err error) {
	r.Findings = []string{}
	err = e.withProgress(func(e *env) (err error) {
		v, err := look(e.ctx, c.printer(e, &r.Findings))
		var all []string
		for _, remedy := range v.Remedies {
			all = append(all, remedies[remedy])
		}
		r.Summary, r.Advice = v.Summary, strings.Join(all, "; ")
		return err
	})
	return r, err
}

// printer returns a function that adds sentences to all, and prints each at once,
// except with --json.
func (c *checkCmd) printer(e *env, all *[]string) func(string) {
	return func(sentence string) {
		*all = append(*all, sentence)
		if !c.JSON {
			fmt.Fprintln(e.stdout, sentence)
		}
	}
}

// report prints how the check ended. Findings are an error.
func (c *checkCmd) report(e *env, r checked) error {
	if c.JSON {
		if err := json.NewEncoder(e.stdout).Encode(r); err != nil {
			return err
		}
	} else {
		for _, n := range r.Notes {
			fmt.Fprintln(e.stdout, "note:", n)
		}
	}
	if len(r.Findings) > 0 {
		return kindError{fmt.Errorf("%s; what does not agree is listed above: %s", r, r.Advice), errDisagrees}
	}
	if c.JSON {
		return nil
	}
	return e.print(r.String()+": everything agrees", nil)
}
