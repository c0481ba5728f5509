package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/footfall/footfall/internal/core/audit"
	"github.com/footfall/footfall/internal/ops/control"
	"github.com/footfall/footfall/internal/ops/datadir"
	"github.com/footfall/footfall/internal/ops/server"
	"github.com/footfall/footfall/internal/storage/journal"
)

type checkCmd struct {
	dataDir
	Repair        bool `help:"Repair what can be repaired without a loss, and check again: sums of days if only they are wrong, and, if no server runs, a damaged journal whose clicks are all counted."`
	GiveUpDamaged bool `help:"With --repair: accept the loss of clicks in a damaged journal that are not counted and cannot be read. check says how many bytes that is." env:"-"`
	GiveUpLinks   bool `help:"With --repair: continue with a footfall.db that is older than the other parts, and accept the loss of the links, users, tokens and changes that it lacks. Their ids are not used again." env:"-"`
	JSON          bool `help:"Print the result as one JSON object." name:"json"`
}

func (c *checkCmd) Run(e *env) error {
	if c.GiveUpDamaged && !c.Repair {
		return usage("--give-up-damaged goes with --repair")
	}
	if c.GiveUpLinks && !c.Repair {
		return usage("--give-up-links goes with --repair")
	}
	mend, err := c.open(e)
	if err != nil || !mend {
		return err
	}
	var repaired []string
	err = datadir.RepairDamaged(e.ctx, c.options(e), datadir.GiveUp{Damaged: c.GiveUpDamaged, Links: c.GiveUpLinks}, c.hear(e, &repaired))
	if err != nil {
		return err
	}
	return c.with(e, func(o *server.Owner) error {
		if err := c.repair(e, o, &repaired); err != nil {
			return err
		}
		r, err := c.check(e, asking(o))
		if err != nil {
			return err
		}
		r.Repaired = repaired
		return c.report(e, r)
	})
}

// open checks a directory, also one that cannot be opened, because its journal is
// damaged or its links are older, and reports unless that is to be mended.
func (c *checkCmd) open(e *env) (mend bool, err error) {
	opened := false
	err = c.with(e, func(o *server.Owner) error {
		opened = true
		r, err := c.run(e, o)
		if err != nil {
			return err
		}
		if mend = c.Repair && r.Wrong.Damage > 0; mend {
			return nil
		}
		return c.report(e, r)
	})
	broken := errors.Is(err, journal.ErrCorrupt) || errors.As(err, new(*datadir.OlderLinksError))
	if !broken || opened && !mend {
		return mend, err
	}
	if mend { // counting had stopped there
		return true, nil
	}
	r, err := c.check(e, func(ctx context.Context, report func(string)) (datadir.Verdict, error) {
		return datadir.CheckDamaged(ctx, c.options(e), report)
	})
	if err != nil || c.Repair {
		return true, err
	}
	return false, c.report(e, r)
}

// run checks, and mends the sums of days.
func (c *checkCmd) run(e *env, o *server.Owner) (r checked, err error) {
	if r, err = c.check(e, asking(o)); err != nil {
		return r, err
	}
	if w := r.Wrong; c.Repair && w.Days > 0 && w.Counts == 0 {
		var repaired []string
		if err := c.repair(e, o, &repaired); err != nil {
			return r, err
		}
		r, err = c.check(e, asking(o))
		r.Repaired = repaired
		return r, err
	}
	return r, nil
}

// asking is the check of the process that owns the directory.
func asking(o *server.Owner) func(context.Context, func(string)) (datadir.Verdict, error) {
	return func(ctx context.Context, report func(string)) (datadir.Verdict, error) {
		return control.Check.Ask(ctx, o.Client, control.None{}, report)
	}
}

// repair has the process that owns the directory repair what it can while it runs.
func (c *checkCmd) repair(e *env, o *server.Owner, repaired *[]string) error {
	_, err := control.Repair.Ask(e.ctx, o.Client, control.None{}, c.hear(e, repaired))
	return err
}

// checked is what a check found, in words.
type checked struct {
	audit.Summary
	// Advice is what to do about the findings; empty if there are none.
	Advice   string   `json:"advice,omitempty"`
	Findings []string `json:"findings"`
	Repaired []string `json:"repaired,omitempty"`
}

// check looks at everything.
func (c *checkCmd) check(e *env, look func(context.Context, func(string)) (datadir.Verdict, error)) (r checked, err error) {
	r.Findings = []string{}
	err = e.withProgress(func(e *env) (err error) {
		v, err := look(e.ctx, c.hear(e, &r.Findings))
		var all []string
		for _, remedy := range v.Remedies {
			all = append(all, remedies[remedy])
		}
		r.Summary, r.Advice = v.Summary, strings.Join(all, "; ")
		return err
	})
	return r, err
}

// hear prints sentences as they come, and remembers them; as JSON they come in
// the end.
func (c *checkCmd) hear(e *env, all *[]string) func(string) {
	return func(sentence string) {
		*all = append(*all, sentence)
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
