package feed

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/core/useragent"
	"github.com/valyala/fastjson"
)

// ndjson reads one JSON object a line: exports, and clicks that others write
// (docs/format/ndjson.md).
type ndjson struct {
	parser fastjson.Parser
	now    func() time.Time // later clicks are rejected
}

var ndjsonFormat = format{name: "ndjson", describes: true, parser: func(im *Importer) parser {
	f := ndjson{now: im.Now}
	return f.parse
}}

func (f *ndjson) parse(line []byte, c *chunk) error {
	v, err := object(&f.parser, line)
	if err != nil {
		return err
	}
	kind, err := text(v, "type", false)
	if err != nil {
		return err
	}
	switch kind {
	case "", "click":
		return f.click(v, c)
	case "counts":
		return f.counts(v, c)
	case "link":
		return f.link(v, c)
	case "user":
		return f.user(v, c)
	}
	return notOfFormat{fmt.Errorf("the type %.100q is not user, link, counts or click", kind)}
}

func (f *ndjson) user(v *fastjson.Value, c *chunk) (err error) {
	var u describedUser
	if err := (fields{{"login", &u.Login, aLogin}, {"full_name", &u.FullName, aText | optional}}).from(v); err != nil {
		return err
	}
	if u.Created, err = instantOf(v, "created", f.now().Unix()); err != nil {
		return err
	}
	c.users = append(c.users, u)
	return errSkip
}

func (f *ndjson) click(v *fastjson.Value, c *chunk) (err error) {
	e := entry{click: click.Click{Imported: true}}
	if e.click.Bot, err = boolean(v, "bot"); err != nil {
		return err
	}
	written, err := text(v, "link", !v.Exists("hash"))
	if err != nil {
		return err
	}
	if v.Exists("hash") {
		if written, err = text(v, "hash", true); err != nil {
			return err
		}
		e.to.Name = written
	} else if place, ok := links.ParsePlace(written); ok {
		e.to.Place = place
	} else {
		return fmt.Errorf("%.100q is neither a short URL nor a hash", written)
	}
	if e.to.aggregate, err = boolean(v, "aggregate"); err != nil {
		return err
	}
	ts := v.Get("ts")
	if ts == nil || ts.Type() != fastjson.TypeNumber {
		return errors.New(`"ts" is not a number: Unix seconds are expected`)
	}
	seconds := ts.GetFloat64()
	if !(math.Abs(seconds) < 1<<53) {
		return fmt.Errorf(`"ts" %v is not a Unix second`, seconds)
	}
	if seconds >= fromMillis {
		seconds /= 1000
	}
	if err := inTime(int64(math.Floor(seconds)), f.now().Unix()); err != nil {
		return err
	}
	e.click.Time = int64(math.Round(seconds * 1000))
	where, err := text(v, "country", false)
	if err != nil {
		return err
	}
	if e.click.Country, err = country("country", where); err != nil {
		return err
	}
	referrer, err := text(v, "referrer", false)
	if err != nil {
		return err
	}
	e.click.Referrer = click.ParseReferrer(referrer)
	if err := agentAndPlace(v, &e.click); err != nil {
		return err
	}
	c.entries = append(c.entries, e)
	return nil
}

// agentAndPlace fills what the fields of a click say of the agent of a person and of the place
// in the country, or of the family of a bot. Names that this version does not list are other.
func agentAndPlace(v *fastjson.Value, c *click.Click) error {
	var device, browser, system, source, region, city, family string
	err := fields{
		{"device", &device, aText | optional}, {"browser", &browser, aText | optional}, {"system", &system, aText | optional},
		{"source", &source, aText | optional}, {"region", &region, aText | optional}, {"city", &city, aText | optional},
		{"bot_family", &family, aText | optional},
	}.from(v)
	if err != nil {
		return err
	}
	if c.Bot {
		c.BotFamily = useragent.ParseFamily(family)
		return nil
	}
	c.Agent = click.Agent{
		Device: click.ParseDevice(device), Browser: click.ParseBrowser(browser),
		System: click.ParseSystem(system), Source: click.ParseSource(source),
	}
	c.Region, c.City = click.ParseRegion(region), click.ParseCity(city)
	return nil
}
