package cli

import (
	"bufio"
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/footfall/footfall/internal/base/plain"
	"github.com/footfall/footfall/internal/ops/control"
	"github.com/footfall/footfall/internal/ops/server"
	"github.com/footfall/footfall/internal/storage/store"
)

// detailOptions are the options of commands that set details of a link. An option that is
// not given is nil.
type detailOptions struct {
	Title        *string  `help:"The title of the link." placeholder:"TEXT" env:"-"`
	Note         *string  `help:"A note, which only the link's owner sees." placeholder:"TEXT" env:"-"`
	Tags         []string `help:"A tag of the link, up to 50 characters; case does not matter. Repeat it for more, 30 at most: these are then all tags of the link." name:"tag" sep:"none" placeholder:"TAG" env:"-"`
	Expires      *string  `help:"When the link ends: a date, a time or Unix seconds, in UTC unless the time has an offset; or never. A date is the end of that day. After that, visitors see a page that says so, and no click is counted." placeholder:"TIME" env:"-"`
	MaxClicks    *maximum `help:"The link ends after this number of clicks by people, or a few more: clicks are counted within about a second. 0 for no maximum." placeholder:"N" env:"-"`
	ExpiredURL   *string  `help:"Where visitors are sent after the end, instead of the page." name:"expired-url" placeholder:"URL" env:"-"`
	ForwardQuery *choice  `help:"Whether the parameters of a visit are added to the long URL: on, off, or default, which is what the server does." placeholder:"CHOICE" env:"-"`
}

func (o *detailOptions) details() control.LinkDetails {
	d := control.LinkDetails{Title: o.Title, Note: o.Note, Expires: o.Expires, ExpiredURL: o.ExpiredURL}
	if o.Expires != nil && strings.EqualFold(*o.Expires, "never") {
		d.Expires = new("")
	}
	if o.MaxClicks != nil {
		d.MaxClicks = new(int64(*o.MaxClicks))
	}
	if o.ForwardQuery != nil {
		d.ForwardQuery = new(store.Choice(*o.ForwardQuery))
	}
	if o.Tags != nil {
		d.Tags = &o.Tags
	}
	return d
}

// maximum is a number of clicks.
type maximum int64

// Decode reads an option's value.
func (m *maximum) Decode(c *kong.DecodeContext) error {
	s, err := word(c)
	if err != nil {
		return err
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return fmt.Errorf("%q is not a number of clicks", s)
	}
	*m = maximum(n)
	return nil
}

// choice is on, off or default.
type choice store.Choice

// UnmarshalText reads an option's value.
func (c *choice) UnmarshalText(text []byte) error {
	parsed, ok := store.ParseChoice(string(text))
	if !ok {
		return fmt.Errorf("%q is not a choice: use on, off or default", text)
	}
	*c = choice(parsed)
	return nil
}

type linkEditCmd struct {
	dataDir
	domainOption
	To      string `help:"The long URL to which the link leads from now on." placeholder:"URL" env:"-" xor:"to"`
	Version int64  `help:"Lead the link back to this version of its long URL, as link history numbers them." placeholder:"N" env:"-" xor:"to"`
	detailOptions
	Clear     []string `help:"Remove a detail: ${enum}. Repeat it for more." enum:"title,note,tags,expired-url" placeholder:"DETAIL" env:"-"`
	Archive   bool     `help:"Leave the link out of lists of the API. It still works." env:"-" xor:"archive"`
	Unarchive bool     `help:"Put the link back into lists." env:"-" xor:"archive"`
	Link      string   `arg:"" help:"The hash of the link, or its short URL."`
}

func (c *linkEditCmd) Run(e *env) error {
	change := control.EditOf{Link: c.Link, Domain: c.first(), To: c.To, Version: c.Version, LinkDetails: c.details()}
	for _, detail := range c.Clear {
		switch detail {
		case "title":
			change.Title = new("")
		case "note":
			change.Note = new("")
		case "tags":
			change.Tags = &[]string{}
		case "expired-url":
			change.ExpiredURL = new("")
		}
	}
	if c.Archive || c.Unarchive {
		change.Archived = &c.Archive
	}
	if c.To == "" && c.Version == 0 && !change.Any() {
		return usage("link edit needs an option that says what to change: footfall link edit --help lists them")
	}
	return c.connect(e, c.dataDir, func(o *server.Owner) error {
		l, err := ask(e, o, control.EditLink, change)
		return e.print(described(&l), err)
	})
}

// described says in a sentence where a link leads, and its details.
func described(l *control.Link) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s leads to %s", l.Link, plain.Text(l.LongURL))
	if l.Expires != 0 {
		fmt.Fprintf(&b, ", until %s", time.Unix(l.Expires, 0).UTC().Format(time.RFC3339))
	}
	if l.MaxClicks != 0 {
		fmt.Fprintf(&b, ", for %s", many(uint64(l.MaxClicks), "click"))
	}
	if l.ExpiredURL != "" {
		fmt.Fprintf(&b, ", then to %s", plain.Text(l.ExpiredURL))
	}
	if len(l.Tags) > 0 {
		fmt.Fprintf(&b, "; tags: %s", plain.Text(strings.Join(l.Tags, ", ")))
	}
	if l.ForwardQuery != "" {
		fmt.Fprintf(&b, "; forward query: %s", l.ForwardQuery)
	}
	if l.Archived {
		b.WriteString("; archived")
	}
	return b.String()
}

type linkHistoryCmd struct {
	dataDir
	domainOption
	JSON bool   `help:"Print one JSON array." name:"json"`
	Link string `arg:"" help:"The hash of the link, or its short URL."`
}

func (c *linkHistoryCmd) Run(e *env) error {
	return c.connect(e, c.dataDir, func(o *server.Owner) error {
		versions, err := ask(e, o, control.LinkHistory, c.Link)
		if err != nil {
			return err
		}
		out := bufio.NewWriter(e.data)
		w := plain.Writer(out)
		if c.JSON {
			a := array{w: w}
			for _, v := range versions {
				a.element(v)
			}
			return cmp.Or(a.end(), out.Flush())
		}
		t := newTable(w, ">VERSION", "SINCE", "LONG URL")
		for _, v := range versions {
			t.row(strconv.FormatInt(v.Version, 10), time.Unix(v.Since, 0).UTC().Format(time.RFC3339), v.LongURL)
		}
		return cmp.Or(t.flush(), out.Flush())
	})
}
