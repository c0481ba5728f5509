package feed

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/storage/store"
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

func (f *ndjson) link(v *fastjson.Value, c *chunk) (err error) {
	var l namedLink
	err = fields{
		{"user", &l.Login, aLogin}, {"hash", (*string)(&l.Hash), aName}, {"long_url", &l.LongURL, aText},
		{"aggregate_hash", (*string)(&l.AggregateHash), aName | optional},
		{"title", &l.Details.Title, aText | optional}, {"note", &l.Details.Note, aText | optional},
	}.from(v)
	if err != nil {
		return err
	}
	if err := checkURL("long_url", l.LongURL); err != nil {
		return err
	}
	now := f.now().Unix()
	if l.Created, err = instantOf(v, "created", now); err != nil {
		return err
	}
	l.Details.UserTS, l.Modified = l.Created, l.Created
	if v.Exists("user_ts") { // users choose it
		if l.Details.UserTS, err = instantOf(v, "user_ts", click.Latest.Unix()-1); err != nil {
			return err
		}
	}
	if v.Exists("modified") {
		if l.Modified, err = instantOf(v, "modified", now); err != nil {
			return err
		}
	}
	if l.Details.Private, err = boolean(v, "private"); err != nil {
		return err
	}
	if l.Details.Archived, err = boolean(v, "archived"); err != nil {
		return err
	}
	var keywords []*fastjson.Value
	if v.Exists("keywords") {
		if keywords, err = v.Get("keywords").Array(); err != nil {
			return errors.New(`"keywords" is not a list`)
		}
	}
	for _, k := range keywords {
		var named store.Keyword
		if err := (fields{{"domain", &named.Domain, aText}, {"keyword", (*string)(&named.Keyword), aName}}).from(k); err != nil {
			return err
		}
		named.Domain = keywordDomain(named.Domain)
		l.keywords = append(l.keywords, named)
	}
	c.links = append(c.links, l)
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
	c.entries = append(c.entries, e)
	return nil
}

// quarterHour is the interval of counts, in seconds.
const quarterHour = 900

// counts turns a line of counts into clicks with the same counts by country and by referrer.
// The line does not say from which country the clicks of a referrer are.
func (f *ndjson) counts(v *fastjson.Value, c *chunk) error {
	e := entry{click: click.Click{Imported: true}}
	var err error
	if e.to.Name, err = text(v, "hash", true); err != nil {
		return err
	}
	if e.to.aggregate, err = boolean(v, "aggregate"); err != nil {
		return err
	}
	ts, err := integer(v, "ts")
	if err != nil {
		return err
	}
	if ts >= fromMillis && ts%1000 == 0 {
		ts /= 1000
	}
	if ts%quarterHour != 0 {
		return fmt.Errorf("the time %d, in Unix seconds, is not the start of a quarter-hour", ts)
	}
	if err := inTime(ts, f.now().Unix()); err != nil {
		return err
	}
	e.click.Time = ts * 1000
	clicks, err := number(v, "clicks")
	if err != nil {
		return err
	}
	bots, err := number(v, "bots")
	if err != nil {
		return err
	}
	if clicks+bots == 0 || clicks+bots > maxClicks {
		return fmt.Errorf("the line has %d clicks; it must have 1 to %d", clicks+bots, maxClicks)
	}
	countries, err := shares(v, "countries", clicks)
	if err != nil {
		return err
	}
	referrers, err := shares(v, "referrers", clicks)
	if err != nil {
		return err
	}
	for i := range clicks {
		if i == 0 || countries[i] != countries[i-1] {
			if e.click.Country, err = country("countries", countries[i]); err != nil {
				return err
			}
		}
		if i == 0 || referrers[i] != referrers[i-1] {
			e.click.Referrer = click.ParseReferrer(referrers[i])
		}
		c.entries = append(c.entries, e)
	}
	e.click.Country, e.click.Referrer, e.click.Bot = click.Country{}, "", true
	for range bots {
		c.entries = append(c.entries, e)
	}
	return nil
}

// number takes a count; a missing one is 0.
func number(v *fastjson.Value, key string) (int, error) {
	if !v.Exists(key) {
		return 0, nil
	}
	n, err := integer(v, key)
	if err != nil {
		return 0, err
	}
	if n < 0 || n > maxClicks {
		return 0, fmt.Errorf("%q is %d; it must be 0 to %d", key, n, maxClicks)
	}
	return int(n), nil
}

// shares lists the names in an object of numbers, each as often as its number, clicks in
// all. A missing object is a list of empty names.
func shares(v *fastjson.Value, key string, clicks int) ([]string, error) {
	list := make([]string, 0, clicks)
	if !v.Exists(key) {
		return list[:clicks], nil
	}
	o, err := v.Get(key).Object()
	if err != nil {
		return nil, fmt.Errorf("%q is not an object", key)
	}
	var wrong error
	o.Visit(func(name []byte, n *fastjson.Value) {
		count, err := n.Int()
		if err != nil || count < 0 || count > clicks-len(list) {
			wrong = fmt.Errorf("the numbers in %q do not add up to \"clicks\", %d", key, clicks)
			return
		}
		list = append(list, slices.Repeat([]string{string(name)}, count)...)
	})
	if wrong == nil && len(list) != clicks {
		wrong = fmt.Errorf("the numbers in %q do not add up to \"clicks\", %d", key, clicks)
	}
	return list, wrong
}
