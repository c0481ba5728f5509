package feed

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/geo"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/core/useragent"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/valyala/fastjson"
)

// errSkip is for a line that is valid and is not a click.
var errSkip = errors.New("not a click")

// entry is a click without the ids of its link and user. The line either describes the
// link, so that it can be made, or says where it must be.
type entry struct {
	click click.Click
	link  store.ForeignLink // if it has a hash
	to    target            // otherwise
	line  uint64            // of the input, from 1
}

// BitlyFeed is the name of the format of Bitly's click feed.
const BitlyFeed = "bitly-feed"

// target is the place where a link must be.
type target struct {
	links.Place
	aggregate bool // the aggregate link of this hash
}

// bitly reads lines of Bitly's click feed: one JSON object each, with the keys
//
//	t   time of the click, Unix seconds       u   long URL
//	h   hash of the link, g of its aggregate  hc  when the link was made
//	hh  domain, kw keyword on that domain     l   login of the link's owner
//	c   country or null                       r   referring page or "direct"
//	cy  city                                  gr  region
//	a   user agent
//
// Regions have the codes of geo.LegacyRegion.
//
// {"_heartbeat_": …} keeps the feed alive and is skipped. Every click counts as that of a
// person, as it did at Bitly. If the agent is that of a bot, device, browser and system are
// other.
type bitly struct {
	parser    fastjson.Parser
	now       func() time.Time // later clicks are rejected
	readAgent func(string) useragent.Visitor
}

var bitlyFormat = format{name: BitlyFeed, describes: true, parser: func(im *Importer) parser {
	f := bitly{now: im.Now, readAgent: im.ReadAgent}
	return f.parse
}}

func (f *bitly) parse(line []byte, c *chunk) error {
	e, err := f.entry(line)
	if err == nil {
		c.entries = append(c.entries, e)
	}
	return err
}

func (f *bitly) entry(line []byte) (entry, error) {
	v, err := object(&f.parser, line)
	if err != nil {
		return entry{}, err
	}
	if v.Exists("_heartbeat_") {
		return entry{}, errSkip
	}
	var e entry
	t, err := integer(v, "t")
	if err != nil {
		return e, err
	}
	if err := inTime(t, f.now().Unix()); err != nil {
		return e, err
	}
	err = fields{
		{"l", &e.link.Login, aLogin}, {"h", (*string)(&e.link.Hash), aName}, {"u", &e.link.LongURL, aText},
		{"g", (*string)(&e.link.AggregateHash), aName | optional},
		{"hh", &e.link.Domain, aText | optional}, {"kw", (*string)(&e.link.Keyword), aName | optional},
	}.from(v)
	if err != nil {
		return e, err
	}
	if err := checkURL("u", e.link.LongURL); err != nil {
		return e, err
	}
	if e.link.Created = t; v.Exists("hc") {
		made, err := integer(v, "hc")
		if err != nil {
			return e, err
		}
		if made >= 0 && made <= f.now().Unix() { // otherwise it is not known; the click counts
			e.link.Created = made
		}
	}
	if e.link.Domain == "" || e.link.Keyword == "" {
		e.link.Domain, e.link.Keyword = "", ""
	}
	e.link.Domain = keywordDomain(e.link.Domain)
	country, err := text(v, "c", false)
	if err != nil {
		return e, err
	}
	referrer, err := text(v, "r", false)
	if err != nil {
		return e, err
	}
	e.click = click.Click{
		Time:     t * 1000,
		Country:  click.ParseCountry(country),
		Referrer: click.ParseReferrer(referrer),
		Agent:    f.agent(string(v.GetStringBytes("a"))),
		Imported: true,
	}
	if e.click.Country.Known() {
		e.click.Region = geo.LegacyRegion(e.click.Country, string(v.GetStringBytes("gr")))
		e.click.City = click.ParseCity(string(v.GetStringBytes("cy")))
	}
	return e, nil
}

// agent returns what a user agent says. All parts but the source are unknown if there is none.
func (f *bitly) agent(text string) click.Agent {
	by := f.readAgent(text)
	a := by.Agent
	if by.Kind == useragent.Bot && by.Family != useragent.NoAgent {
		a = click.Agent{Device: click.OtherDevice, Browser: click.OtherBrowser, System: click.OtherSystem}
	}
	a.Source = click.FromLink
	return a
}

// inTime fails for a click before click.Earliest or after now; Unix seconds.
func inTime(t, now int64) error {
	switch {
	case t < click.Earliest.Unix():
		return fmt.Errorf("the time of the click is %s, which is before %s", instant(t), click.Earliest.Format(time.DateOnly))
	case t > now:
		return fmt.Errorf("the time of the click is %s, which is in the future", instant(t))
	}
	return nil
}

// instant is a Unix second as a date and time, or the number itself if its year does not
// have four digits.
func instant(t int64) string {
	const first, last = -62135596800, 253402300799 // years 1 and 9999
	if t < first || t > last {
		return strconv.FormatInt(t, 10)
	}
	return time.Unix(t, 0).UTC().Format(time.RFC3339)
}
