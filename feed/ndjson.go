package feed

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/footfall/footfall/click"
	"github.com/footfall/footfall/store"
	"github.com/valyala/fastjson"
)

// ndjson reads what Export writes, and clicks as others may write them: one
// JSON object a line (docs/format/ndjson.md).
type ndjson struct {
	parser fastjson.Parser
	now    func() time.Time // later clicks are refused
}

// namedLink is a link as a line describes it.
type namedLink struct {
	store.ForeignLink // without a keyword
	store.LinkDetails
	modified int64
	keywords []store.Keyword
}

// foreign is the link, once for each keyword, once at least.
func (n *namedLink) foreign() []store.ForeignLink {
	if len(n.keywords) == 0 {
		return []store.ForeignLink{n.ForeignLink}
	}
	links := make([]store.ForeignLink, len(n.keywords))
	for i, k := range n.keywords {
		links[i] = n.ForeignLink
		links[i].Domain, links[i].Keyword = k.Domain, k.Keyword
	}
	return links
}

// describe gives a link its details where nobody has said any of it here.
func (n *namedLink) describe(ctx context.Context, links store.Links, l store.Link) error {
	plain := store.LinkDetails{UserTS: l.Created}
	if l.LinkDetails != plain || l.Modified != l.Created || n.LinkDetails == plain && n.modified == l.Created {
		return nil
	}
	d := n.LinkDetails
	_, err := links.EditLink(ctx, l.ID, store.LinkEdit{
		Title: &d.Title, Note: &d.Note, Private: &d.Private, Archived: &d.Archived, UserTS: &d.UserTS, Modified: n.modified,
	})
	return err
}

func (f *ndjson) parse(line []byte, c *chunk) error {
	v, err := f.parser.ParseBytes(line)
	if err != nil {
		return errors.New("not JSON; is the line cut off?")
	}
	if v.Type() != fastjson.TypeObject {
		return errors.New("not a JSON object")
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
	return fmt.Errorf("the type %.100q is none of user, link, counts and click", kind)
}

func (f *ndjson) user(v *fastjson.Value, c *chunk) (err error) {
	var u store.User
	if u.Login, err = text(v, "login", true); err != nil {
		return err
	}
	if u.FullName, err = text(v, "full_name", false); err != nil {
		return err
	}
	if u.Created, err = integer(v, "created"); err != nil {
		return err
	}
	c.users = append(c.users, u)
	return errSkip
}

func (f *ndjson) link(v *fastjson.Value, c *chunk) (err error) {
	var l namedLink
	for _, s := range []struct {
		key  string
		to   *string
		need bool
	}{
		{"user", &l.Login, true}, {"hash", (*string)(&l.Hash), true}, {"long_url", &l.LongURL, true},
		{"aggregate_hash", (*string)(&l.AggregateHash), false}, {"title", &l.Title, false}, {"note", &l.Note, false},
	} {
		if *s.to, err = text(v, s.key, s.need); err != nil {
			return err
		}
	}
	if !leads(l.LongURL) {
		return errors.New(`"long_url" is no http, https or ftp URL`)
	}
	if l.Created, err = integer(v, "created"); err != nil {
		return err
	}
	l.UserTS, l.modified = l.Created, l.Created
	for key, to := range map[string]*int64{"user_ts": &l.UserTS, "modified": &l.modified} {
		if v.Exists(key) {
			if *to, err = integer(v, key); err != nil {
				return err
			}
		}
	}
	l.Private, l.Archived = v.GetBool("private"), v.GetBool("archived")
	for _, k := range v.GetArray("keywords") {
		domain, err := text(k, "domain", true)
		if err != nil {
			return err
		}
		name, err := text(k, "keyword", true)
		if err != nil {
			return err
		}
		l.keywords = append(l.keywords, store.Keyword{Domain: domain, Keyword: click.Hash(name)})
	}
	c.links = append(c.links, l)
	return errSkip
}

func (f *ndjson) click(v *fastjson.Value, c *chunk) error {
	e := entry{click: click.Click{Imported: true, Bot: v.GetBool("bot")}}
	written, err := text(v, "link", !v.Exists("hash"))
	if err != nil {
		return err
	}
	if v.Exists("hash") {
		if written, err = text(v, "hash", true); err != nil {
			return err
		}
		e.to.name = written
	} else if e.to, err = targetOf(written); err != nil {
		return err
	}
	e.to.aggregate = v.GetBool("aggregate")
	ts := v.Get("ts")
	if ts == nil || ts.Type() != fastjson.TypeNumber {
		return errors.New(`"ts" is no number: Unix seconds are expected`)
	}
	seconds := ts.GetFloat64()
	if !(math.Abs(seconds) < 1<<53) {
		return fmt.Errorf(`"ts" %v is no Unix second`, seconds)
	}
	if err := inTime(int64(math.Floor(seconds)), f.now().Unix()); err != nil {
		return err
	}
	e.click.Time = int64(math.Round(seconds * 1000))
	country, err := text(v, "country", false)
	if err != nil {
		return err
	}
	referrer, err := text(v, "referrer", false)
	if err != nil {
		return err
	}
	e.click.Country, e.click.Referrer = click.ParseCountry(country), click.ParseReferrer(referrer)
	c.entries = append(c.entries, e)
	return nil
}

// targetOf takes a link apart as people write it: a URL, a domain and a name,
// or a name alone.
func targetOf(written string) (target, error) {
	_, rest, ok := strings.Cut(written, "://")
	if !ok {
		rest = written
	}
	rest, _, _ = strings.Cut(rest, "?")
	rest, _, _ = strings.Cut(rest, "#")
	host, name, ok := strings.Cut(rest, "/")
	if !ok {
		host, name = "", rest
	}
	name, err := url.PathUnescape(name)
	if err != nil || name == "" {
		return target{}, fmt.Errorf("%.100q names no link", written)
	}
	return target{domain: host, name: name}, nil
}

// quarterHour is what counts are of, in seconds.
const quarterHour = 900

// counts makes a line of counts into clicks: as many of each country and of
// each referrer as it says, of which none is known to be of the other.
func (f *ndjson) counts(v *fastjson.Value, c *chunk) error {
	e := entry{click: click.Click{Imported: true}}
	var err error
	if e.to.name, err = text(v, "hash", true); err != nil {
		return err
	}
	e.to.aggregate = v.GetBool("aggregate")
	ts, err := integer(v, "ts")
	if err != nil {
		return err
	}
	if ts%quarterHour != 0 {
		return fmt.Errorf("the time %d starts no quarter-hour", ts)
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
		return fmt.Errorf("%d clicks in a line, which may bring 1 to %d", clicks+bots, maxClicks)
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
		e.click.Country, e.click.Referrer = click.ParseCountry(countries[i]), click.ParseReferrer(referrers[i])
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
		return 0, fmt.Errorf("%q is %d, and may be 0 to %d", key, n, maxClicks)
	}
	return int(n), nil
}

// shares lists the names in an object of numbers, each as often as it says;
// clicks names in all. A missing object is as many empty ones.
func shares(v *fastjson.Value, key string, clicks int) ([]string, error) {
	list := make([]string, 0, clicks)
	if !v.Exists(key) {
		return list[:clicks], nil
	}
	o, err := v.Get(key).Object()
	if err != nil {
		return nil, fmt.Errorf("%q is no object", key)
	}
	var wrong error
	o.Visit(func(name []byte, n *fastjson.Value) {
		count, err := n.Int()
		if err != nil || count < 0 || count > clicks-len(list) {
			wrong = fmt.Errorf("%q does not add up to the clicks, %d", key, clicks)
			return
		}
		list = append(list, slices.Repeat([]string{string(name)}, count)...)
	})
	if wrong == nil && len(list) != clicks {
		wrong = fmt.Errorf("%q does not add up to the clicks, %d", key, clicks)
	}
	return list, wrong
}
