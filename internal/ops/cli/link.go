package cli

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/footfall/footfall/internal/base/plain"
	"github.com/footfall/footfall/internal/ops/control"
	"github.com/footfall/footfall/internal/ops/datadir"
	"github.com/footfall/footfall/internal/ops/server"
)

type linkCmd struct {
	Add     linkAddCmd     `cmd:"" help:"Add a short link and print it, alone on its line. If the user has a link to this URL, that one is printed: it gets the --name, and nothing else of it changes."`
	Edit    linkEditCmd    `cmd:"" help:"Change a link: where it leads, when it ends, its tags. Its clicks stay. A running server uses the change at once, other processes within a minute."`
	History linkHistoryCmd `cmd:"" help:"List where a link has led, newest first. The newest 100 versions are kept."`
	List    linkListCmd    `cmd:"" help:"List the links of a user, newest first, or of all users, each with the number of its clicks by people."`
	Delete  linkDeleteCmd  `cmd:"" help:"Delete a link and the clicks counted on it, also from the counts of all links of its user. This cannot be undone."`
}

// domainOption is the option of commands that print short URLs.
type domainOption struct {
	// FOOTFALL_DOMAIN may list all domains of the server.
	Domain string `help:"The short domain of the printed URLs. If a server runs, it must be one of the server's." placeholder:"HOST" otherwise:"the server's first"`
}

func (d domainOption) first() string {
	first, _, _ := strings.Cut(d.Domain, ",")
	return first
}

// connect does what dataDir.with does, for the given domains.
func (d domainOption) connect(e *env, data dataDir, f func(*server.Owner) error) error {
	o := server.Options{Data: data.options(e)}
	if d.Domain != "" {
		o.Domains = strings.Split(d.Domain, ",")
	}
	return e.connect(o, f)
}

type linkAddCmd struct {
	dataDir
	domainOption
	detailOptions
	Login string `arg:"" help:"The user who owns the link."`
	URL   string `arg:"" help:"The long URL, http or https." name:"url"`
	Name  string `help:"A name for the link, in addition to its hash: letters and digits of any script, and - _ . ~ /. Visitors may write it in any case. It is valid on every domain, unless --domain names one." placeholder:"NAME" env:"-"`
}

func (c *linkAddCmd) Run(e *env) error {
	return c.connect(e, c.dataDir, func(o *server.Owner) error {
		n := control.NewLink{Login: c.Login, LongURL: c.URL, Domain: c.first(), Name: c.Name, LinkDetails: c.details()}
		if c.Domain != os.Getenv(prefix+"DOMAIN") { // that lists all domains
			n.NameDomain = n.Domain
		}
		added, err := ask(e, o, control.AddLink, n)
		if err == nil && !added.Made && n.Any() {
			fmt.Fprintf(e.stderr, "%s has a link to this URL, which was not changed: footfall link edit changes it\n", plain.Text(c.Login))
		}
		if err == nil && added.Expired {
			fmt.Fprintf(e.stderr, "this link has expired: footfall link edit %s --expires never makes it work again\n", plain.Text(added.Link))
		}
		return e.print(added.Link, err)
	})
}

type linkListCmd struct {
	dataDir
	domainOption
	JSON  bool   `help:"Print one JSON array." name:"json"`
	Tag   string `help:"List only links that have this tag." placeholder:"TAG" env:"-"`
	Login string `arg:"" optional:"" help:"The user whose links are listed; all users if left out."`
}

func (c *linkListCmd) Run(e *env) error {
	return c.connect(e, c.dataDir, func(o *server.Owner) error {
		out := bufio.NewWriter(e.data)
		w := plain.Writer(out)
		if c.JSON {
			a := array{w: w}
			if err := c.list(e, o, func(l control.Link) { a.element(l) }); err != nil {
				return errors.Join(out.Flush(), err)
			}
			return cmp.Or(a.end(), out.Flush())
		}
		t := newTable(w, ">CLICKS", "CREATED", "LINK", "LOGIN", "LONG URL")
		err := c.list(e, o, func(l control.Link) {
			t.row(strconv.FormatUint(l.Clicks, 10), time.Unix(l.CreatedAt, 0).UTC().Format(time.RFC3339), cmp.Or(l.KeywordLink, l.Link), l.Login, l.LongURL)
		})
		if err != nil {
			return err
		}
		return cmp.Or(t.flush(), out.Flush())
	})
}

func (c *linkListCmd) list(e *env, o *server.Owner, each func(control.Link)) error {
	_, err := control.ListLinks.Ask(e.ctx, o.Client, control.LinksOf{Login: c.Login, Tag: c.Tag, Domain: c.first()}, each)
	return err
}

type linkDeleteCmd struct {
	dataDir
	Link string `arg:"" help:"The hash of the link, or its short URL."`
	Yes  bool   `help:"Confirm the deletion." env:"-"`
}

func (c *linkDeleteCmd) Run(e *env) error {
	return c.with(e, func(o *server.Owner) error {
		if !c.Yes {
			clicks, err := ask(e, o, control.CountLinkClicks, c.Link)
			if err != nil {
				return err
			}
			return usage("link delete removes %s and the %s counted on it, which cannot be undone: add --yes to do it", plain.Text(c.Link), many(clicks, "click"))
		}
		r, err := ask(e, o, control.DeleteLink, c.Link)
		if err != nil {
			return err
		}
		return e.removed(fmt.Sprintf("removed the link %s: aggregate links %d, keywords %d, clicks %d", plain.Text(c.Link), r.Aggregates, r.Keywords, r.Clicks), r.Traces)
	})
}

// removed prints what was deleted, and what is left of it.
func (e *env) removed(what string, t datadir.Traces) error {
	switch {
	case t.Failed != "":
		fmt.Fprintln(e.stdout, what)
		return errors.New(t.Failed)
	case t.Later && len(t.Shared) > 0:
		what += "\nIts clicks leave the counts when these can be reached again."
	case len(t.Shared) > 0:
		what += "\nNo answer has it any more. The servers of " + strings.Join(t.Shared, " and ") + " remove it from their files in their own time."
	case t.Later:
		what += "\nIt is still being removed from footfall.db, clicks/ and checkpoint/, which takes some minutes. The server's log says if that fails."
	default:
		what += "\nNothing of it is left in footfall.db, clicks/ and checkpoint/."
	}
	what += "\nThe clicks themselves stay in journal/ until --journal-retention is over. Backups that were made before still have everything."
	for _, kept := range t.Kept {
		what += "\n" + plain.Text(kept) + " was set aside because it is damaged, and was not changed: remove it when you do not need it any more."
	}
	return e.print(what, nil)
}
