package feed

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/footfall/footfall/click"
	"github.com/footfall/footfall/store"
	"github.com/valyala/fastjson"
)

// errSkip: the line is in order, and no click.
var errSkip = errors.New("not a click")

// entry is a click but for the ids of its link and user, and the link: as the
// other side named it, so that it can be made, or only by a name of ours.
type entry struct {
	click click.Click
	link  store.ForeignLink // where it has a hash
	to    target            // else
	line  uint64            // of the input, from 1
}

// target is a name that must lead to a link.
type target struct {
	domain, name string
	aggregate    bool // to the aggregate link of this hash
}

// bitly reads lines of Bitly's click feed: one JSON object each, with the keys
//
//	t   time of the click, Unix seconds       u   long URL
//	h   hash of the link, g of its aggregate  hc  when the link was made
//	hh  domain, kw keyword on that domain     l   login of the link's owner
//	c   country or null                       r   referring page or "direct"
//
// {"_heartbeat_": …} keeps the feed alive and is skipped. Every click counts
// as a person's, as it did at Bitly.
type bitly struct {
	parser fastjson.Parser
	now    func() time.Time // later clicks are refused
}

func (f *bitly) parse(line []byte, c *chunk) error {
	e, err := f.entry(line)
	if err == nil {
		c.entries = append(c.entries, e)
	}
	return err
}

func (f *bitly) entry(line []byte) (entry, error) {
	v, err := f.parser.ParseBytes(line)
	if err != nil {
		return entry{}, errors.New("not JSON; is the line cut off?")
	}
	if v.Type() != fastjson.TypeObject {
		return entry{}, errors.New("not a JSON object")
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
	for _, s := range []struct {
		key  string
		to   *string
		need bool
	}{
		{"l", &e.link.Login, true}, {"h", (*string)(&e.link.Hash), true}, {"u", &e.link.LongURL, true},
		{"g", (*string)(&e.link.AggregateHash), false},
		{"hh", &e.link.Domain, false}, {"kw", (*string)(&e.link.Keyword), false},
	} {
		if *s.to, err = text(v, s.key, s.need); err != nil {
			return e, err
		}
	}
	if !leads(e.link.LongURL) {
		return e, errors.New(`"u" is no http, https or ftp URL`)
	}
	if e.link.Created = t; v.Exists("hc") {
		if e.link.Created, err = integer(v, "hc"); err != nil {
			return e, err
		}
	}
	if e.link.Domain == "" || e.link.Keyword == "" {
		e.link.Domain, e.link.Keyword = "", ""
	}
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
		Imported: true,
	}
	return e, nil
}

// integer takes a whole JSON number.
func integer(v *fastjson.Value, key string) (int64, error) {
	f := v.Get(key)
	if f == nil {
		return 0, fmt.Errorf("no %q", key)
	}
	n, err := f.Int64()
	if err != nil {
		return 0, fmt.Errorf("%q is not a whole number", key)
	}
	return n, nil
}

// text takes a JSON string; null and a missing key are "" unless needed.
func text(v *fastjson.Value, key string, need bool) (string, error) {
	f := v.Get(key)
	switch {
	case f == nil || f.Type() == fastjson.TypeNull:
		if need {
			return "", fmt.Errorf("no %q", key)
		}
		return "", nil
	case f.Type() != fastjson.TypeString:
		return "", fmt.Errorf("%q is not a string", key)
	}
	b := f.GetStringBytes()
	switch {
	case len(b) == 0 && need:
		return "", fmt.Errorf("%q is empty", key)
	case len(b) > maxText:
		return "", fmt.Errorf("%q is longer than %d bytes", key, maxText)
	case !utf8.Valid(b):
		return "", fmt.Errorf("%q is not UTF-8", key)
	case bytes.IndexByte(b, 0) >= 0:
		return "", fmt.Errorf("%q holds a zero byte", key)
	}
	return string(b), nil
}

// leads tells whether a visitor may be sent to the URL.
func leads(longURL string) bool {
	scheme, rest, ok := strings.Cut(longURL, "://")
	if !ok || rest == "" {
		return false
	}
	switch strings.ToLower(scheme) {
	case "http", "https", "ftp":
		return true
	}
	return false
}

// maxText bounds every string of a line but the referrer, which is cut.
const maxText = 1 << 16

// inTime refuses a click before click.Earliest or after now; Unix seconds.
func inTime(t, now int64) error {
	switch {
	case t < click.Earliest.Unix():
		return fmt.Errorf("the click's time %d is before %s", t, click.Earliest.Format(time.DateOnly))
	case t > now:
		return fmt.Errorf("the click's time %d is in the future", t)
	}
	return nil
}
