package cli

import (
	"fmt"
	"strings"

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
		return e.print(fmt.Sprintf("removed the link %s: aggregate links %d, keywords %d, clicks %d", plain.Text(c.Link), r.Aggregates, r.Keywords, r.Clicks), nil)
	})
}
