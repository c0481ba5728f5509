package cli

import "github.com/footfall/footfall/server"

type linkCmd struct {
	Add linkAddCmd `cmd:"" help:"Make a short link and print it, alone on its line; the same URL by the same user is the same link."`
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
