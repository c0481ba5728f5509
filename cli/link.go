package cli

import (
	"fmt"

	"github.com/footfall/footfall/server"
)

type linkCmd struct {
	Add    linkAddCmd    `cmd:"" help:"Make a short link and print it, alone on its line; the same URL by the same user is the same link."`
	Delete linkDeleteCmd `cmd:"" help:"Remove a link and the clicks counted on it, for good, also from the counts of all links of its user."`
}

type linkAddCmd struct {
	dataDir
	domains
	Login string `arg:"" help:"The user whose link it is."`
	URL   string `arg:"" help:"Where it leads: an http or https URL." name:"url"`
}

func (c *linkAddCmd) Run(e *env) error {
	domain := ""
	if len(c.Domain) > 0 {
		domain = c.Domain[0]
	}
	return e.connect(server.Options{Dir: c.Data, Domains: c.Domain}, func(o *server.Owner) error {
		shortURL, err := o.AddLink(e.ctx, c.Login, c.URL, domain)
		return e.print(shortURL, err)
	})
}

type linkDeleteCmd struct {
	dataDir
	Link string `arg:"" help:"Its hash, or its short URL."`
	Yes  bool   `help:"Do it."`
}

func (c *linkDeleteCmd) Run(e *env) error {
	if !c.Yes {
		return fmt.Errorf("link delete removes %s and the clicks counted on it for good: add --yes to do it", c.Link)
	}
	return e.connect(server.Options{Dir: c.Data}, func(o *server.Owner) error {
		r, err := o.DeleteLink(e.ctx, c.Link)
		if err != nil {
			return err
		}
		return e.print(fmt.Sprintf("removed the link %s: aggregate links %d, keywords %d, clicks %d", c.Link, r.Aggregates, r.Keywords, r.Clicks), nil)
	})
}
