package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/footfall/footfall/control"
	"github.com/footfall/footfall/plain"
	"github.com/footfall/footfall/server"
)

type linkCmd struct {
	Add    linkAddCmd    `cmd:"" help:"Make a short link and print it, alone on its line; the same URL by the same user is the same link."`
	Delete linkDeleteCmd `cmd:"" help:"Remove a link and the clicks counted on it, for good, also from the counts of all links of its user."`
}

type linkAddCmd struct {
	dataDir
	// FOOTFALL_DOMAIN may list all that the server has.
	Domain string `help:"The short domain of the URL that is printed; beside a server, one of its own." placeholder:"HOST" otherwise:"the server's first"`
	Login  string `arg:"" help:"The user whose link it is."`
	URL    string `arg:"" help:"Where it leads: an http or https URL." name:"url"`
}

func (c *linkAddCmd) Run(e *env) error {
	var all []string
	if c.Domain != "" {
		all = strings.Split(c.Domain, ",")
	}
	o := c.options(e)
	o.Domains = all
	return e.connect(o, func(o *server.Owner) error {
		first, _, _ := strings.Cut(c.Domain, ",")
		shortURL, err := o.AddLink(e.ctx, c.Login, c.URL, first)
		return e.print(shortURL, err)
	})
}

type linkDeleteCmd struct {
	dataDir
	Link string `arg:"" help:"Its hash, or its short URL."`
	Yes  bool   `help:"Do it." env:"-"`
}

func (c *linkDeleteCmd) Run(e *env) error {
	return c.with(e, func(o *server.Owner) error {
		if !c.Yes {
			clicks, err := o.LinkClicks(e.ctx, c.Link)
			if err != nil {
				return err
			}
			return fmt.Errorf("link delete removes %s and the %d clicks counted on it for good: add --yes to do it", plain.Text(c.Link), clicks)
		}
		r, err := o.DeleteLink(e.ctx, c.Link)
		if err != nil {
			return err
		}
		return e.removed(fmt.Sprintf("removed the link %s: aggregate links %d, keywords %d, clicks %d", plain.Text(c.Link), r.Aggregates, r.Keywords, r.Clicks), r.Traces)
	})
}

// removed says what was deleted, and what is left of it.
func (e *env) removed(what string, t control.Traces) error {
	switch {
	case t.Failed != "":
		fmt.Fprintln(e.stdout, what)
		return errors.New(t.Failed)
	case t.Later:
		what += "\nIt is being removed from footfall.db, clicks/ and checkpoint/, which takes some minutes more; the server's log says if that fails."
	default:
		what += "\nNothing of it is left in footfall.db, clicks/ and checkpoint/."
	}
	what += "\nThe single clicks stay in journal/ until --journal-retention is over. Backups keep what they hold."
	for _, kept := range t.Kept {
		what += "\n" + plain.Text(kept) + " was set aside because it is damaged, and keeps what it holds: remove it once you need it no more."
	}
	return e.print(what, nil)
}
