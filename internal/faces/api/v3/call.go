package v3

import (
	"context"
	"math"
	"net/http"
	"slices"
	"time"

	"github.com/footfall/footfall/internal/base/calendar"
	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/throttle"
	"github.com/footfall/footfall/internal/core/metrics"
	"github.com/footfall/footfall/internal/storage/store"
)

// call is one call of a method. Its parameters are taken one after the other
// in the order of the tables of docs/api.md: the first wrong
// one is the error, and what comes after it is not looked at.
type call struct {
	ctx     context.Context
	request *http.Request // for its address alone
	host    string
	query   query
	header  http.Header
	now     time.Time
	method  method
	api     *API

	asking click.UserID   // once it is known
	leave  func()         // gives back the seat of a question that is dear; nil for others
	domain string         // the default one, once it was asked for
	taken  throttle.State // from the limit that the caller met last
	retry  int            // seconds until the caller may try again, where it is busy
	err    error          // the first
}

// fail keeps the first error.
func (c *call) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

// unit is the parameter, and whether it is there.
func (c *call) unit() (calendar.Unit, bool) {
	s := c.query.get("unit")
	if s == "" {
		return calendar.Day, false
	}
	u, err := calendar.ParseUnit(s)
	if err != nil {
		c.fail(invalid("unit"))
	}
	return u, true
}

// maxMinutes is how many minutes a question may be about.
const maxMinutes = 60

// units is how many units, or metrics.AllTime.
func (c *call) units(u calendar.Unit) int {
	s := c.query.get("units")
	if s == "" {
		return metrics.AllTime
	}
	n, kind := parseInt(s)
	switch {
	case kind != aNumber, n != metrics.AllTime && (n < 1 || n > math.MaxInt32), u == calendar.Minute && n > maxMinutes:
		c.fail(invalid("units"))
		return metrics.AllTime
	}
	return int(n)
}

// days is the number of days in the legacy form.
func (c *call) days() int {
	s := c.query.get("days")
	if s == "" {
		return 7
	}
	n, kind := parseInt(s)
	switch kind {
	case notANumber:
		c.fail(invalid("days"))
	case tooSmall:
		return 1
	case tooLarge:
		return 30
	}
	return int(min(max(n, 1), 30))
}

// zone is the time zone: a whole number of hours, or a name.
func (c *call) zone() *calendar.Zone { return c.zoneOf(c.query.get("timezone", "tz_offset")) }

func (c *call) zoneOf(s string) *calendar.Zone {
	z, ok := Zone(s)
	if !ok {
		c.fail(invalid("timezone"))
	}
	return z
}

// DefaultZone is the zone of questions that name none.
const DefaultZone = "America/New_York"

// Zone is a zone as questions name it: by its IANA name, or as whole hours from
// -14 to 14 before or after UTC; DefaultZone where it is empty. False where there
// is none.
func Zone(s string) (*calendar.Zone, bool) {
	if s == "" {
		s = DefaultZone
	}
	n, kind := parseInt(s)
	switch {
	case kind == aNumber && -14 <= n && n <= 14:
		if z, err := calendar.Fixed(int(n)); err == nil {
			return z, true
		}
	case kind == notANumber:
		if z, err := calendar.Load(s); err == nil {
			return z, true
		}
	}
	return nil, false
}

// rollup is whether all units make one number.
func (c *call) rollup() bool { return c.bool("rollup", true) }

// bool is a parameter that is true or false.
func (c *call) bool(name string, absent bool) bool {
	s := c.query.get(name)
	if s == "" {
		return absent
	}
	v, ok := parseBool(s)
	if !ok {
		c.fail(invalid(name))
	}
	return v
}

// How many entries a list may have.
const (
	defaultLimit = 100
	maxLimit     = 1000
)

// limit is the most entries that a list may have.
func (c *call) limit(absent, most int64) int { return int(c.int("limit", absent, 1, most)) }

// int is a parameter that is a number within bounds.
func (c *call) int(name string, absent, least, most int64) int64 {
	s := c.query.get(name)
	if s == "" {
		return absent
	}
	n, kind := parseInt(s)
	if kind != aNumber || n < least || n > most {
		c.fail(invalid(name))
	}
	return n
}

// required is a parameter that must be there.
func (c *call) required(name string) string {
	s := c.query.get(name)
	if s == "" {
		c.fail(missing(name))
	}
	return s
}

// maxText bounds what people write about their links and themselves, in bytes.
const maxText = 4096

// text is a parameter that people will read; empty where it is absent.
func (c *call) text(name string) string {
	s := c.query.get(name)
	if s != "" && (len(s) > maxText || store.CheckText(name, s) != nil) {
		c.fail(invalid(name))
	}
	return s
}

// choice is a parameter that is one of a few words, the first where absent.
func (c *call) choice(name string, words ...string) string {
	s := c.query.get(name)
	if s == "" {
		return words[0]
	}
	if !slices.Contains(words, s) {
		c.fail(invalid(name))
	}
	return s
}

// timestamp is a parameter that is an instant, as a Unix second; 0 where it is
// absent. From 100,000,000,000 on a number is taken for milliseconds. Of a date it
// is that second of it.
func (c *call) timestamp(name string, d day) int64 {
	s := c.query.get(name)
	if s == "" {
		return 0
	}
	if s == "now" {
		return c.now.Unix()
	}
	if t, ok := parseISO(s, c.zone, d); ok {
		return t
	}
	t, kind := parseInt(s)
	if t >= 100_000_000_000 {
		t /= 1000
	}
	if kind != aNumber || t < click.Earliest.Unix() || t >= click.Latest.Unix() {
		c.fail(invalid(name))
	}
	return t
}

// since is timestamp for what lists are filtered by. An instant before 1980, of
// which there are no links, is an absent one: clients send 0 and 1 for all of them.
func (c *call) since(name string, d day) int64 {
	s := c.query.get(name)
	if n, kind := parseInt(s); kind == aNumber && 0 <= n && n < click.Earliest.Unix() {
		return 0
	}
	if iso.MatchString(s) && "1970" <= s && s < "1980" {
		if _, err := time.Parse(time.DateOnly, s[:len(time.DateOnly)]); err == nil {
			return 0
		}
	}
	return c.timestamp(name, d)
}

// reference is the instant up to which the question is, a Unix second, and the
// number to echo, which is nil for now. Minutes are of now only.
func (c *call) reference(u calendar.Unit) (t int64, echo *int64) {
	const name = "unit_reference_ts"
	s := c.query.get(name)
	if s == "" || s == "now" {
		return c.now.Unix(), nil
	}
	if u == calendar.Minute {
		c.fail(invalid(name))
	}
	t = c.timestamp(name, lastOfDay)
	return t, &t
}

// end looks at format and callback, the last parameters, and returns the first
// error of all. hasText is whether the answer has one value to show as text.
func (c *call) end(hasText bool) error {
	switch c.query.get("format") {
	case "", "json":
		if cb := c.query.get("callback"); cb != "" && !isCallback(cb) {
			c.fail(invalid("callback"))
		}
	case "xml":
	case "txt":
		if !hasText {
			c.fail(invalid("format"))
		}
	case "csv":
		if !c.method.rows {
			c.fail(invalid("format"))
		}
	default:
		c.fail(invalid("format"))
	}
	return c.err
}
