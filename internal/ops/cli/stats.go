package cli

import (
	"fmt"
	"strconv"

	"github.com/footfall/footfall/internal/base/plain"
	"github.com/footfall/footfall/internal/ops/control"
	"github.com/footfall/footfall/internal/ops/server"
)

type statsCmd struct {
	dataDir
	domainOption
	Timezone string `help:"The time zone in which days begin: a name such as Europe/Berlin, or whole hours from UTC." placeholder:"ZONE" otherwise:"America/New_York, as in the API"`
	Top      number `help:"How many of the most clicked links are listed." least:"0" most:"1000" default:"10" placeholder:"N"`
	JSON     bool   `help:"Print one JSON object." name:"json"`
	Login    string `arg:"" optional:"" help:"The user whose links are counted; all users if left out."`
}

func (c *statsCmd) Run(e *env) error {
	return c.connect(e, c.dataDir, func(o *server.Owner) error {
		s, err := ask(e, o, control.Stats, control.StatsOptions{Login: c.Login, Timezone: c.Timezone, Domain: c.first(), Top: int(c.Top)})
		if err != nil {
			return err
		}
		if c.JSON {
			line, err := oneLine(s)
			return e.print(string(line), err)
		}
		return c.print(e, s)
	})
}

func (c *statsCmd) print(e *env, s control.StatsOf) error {
	whose := many(uint64(s.Users), "user") + ", "
	if s.Login != "" {
		whose = plain.Text(s.Login) + ": "
	}
	if err := e.print(fmt.Sprintf("%s%s; days begin as in %s\n", whose, many(uint64(s.Links), "link"), plain.Text(s.Timezone)), nil); err != nil {
		return err
	}
	t := newTable(e.stdout, "", ">PEOPLE", ">BOTS")
	for _, row := range []struct {
		span         string
		people, bots uint64
	}{
		{"today", s.Clicks.Today, s.Bots.Today}, {"last 7 days", s.Clicks.Days7, s.Bots.Days7},
		{"last 30 days", s.Clicks.Days30, s.Bots.Days30}, {"all time", s.Clicks.All, s.Bots.All},
	} {
		t.row(row.span, strconv.FormatUint(row.people, 10), strconv.FormatUint(row.bots, 10))
	}
	if err := t.flush(); err != nil || len(s.TopLinks) == 0 {
		return err
	}
	if err := e.print("", nil); err != nil {
		return err
	}
	head := []string{">CLICKS", "LINK", "LOGIN", "LONG URL"}
	if s.Login != "" {
		head = []string{">CLICKS", "LINK", "LONG URL"}
	}
	t = newTable(e.stdout, head...)
	for _, l := range s.TopLinks {
		cells := []string{strconv.FormatUint(l.Clicks, 10), l.Link, l.Login, l.LongURL}
		if s.Login != "" {
			cells = []string{strconv.FormatUint(l.Clicks, 10), l.Link, l.LongURL}
		}
		t.row(cells...)
	}
	return t.flush()
}
