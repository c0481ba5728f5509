package v3

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/footfall/footfall/internal/base/argument"
	"github.com/footfall/footfall/internal/base/calendar"
	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/core/metrics"
	"github.com/footfall/footfall/internal/storage/store"
)

// Bounds of requests and of lists.
const (
	// MaxBody is the size of the body of a POST, in bytes.
	MaxBody = 64 << 10
	// maxSkipped bounds what is read of a longer body and dropped, in bytes.
	maxSkipped = 1 << 20
	// maxCallback is the length of callback.
	maxCallback = 128

	// A list of clicks has maxEntries entries at most, and defaultEntries unless
	// limit says otherwise.
	defaultEntries = 100
	maxEntries     = 1000
	// allEntries is the number of entries with limit=all.
	allEntries = 1_000_000
	// defaultEncoders is defaultEntries for lists of users.
	defaultEncoders = 10
	// The links of a page of user/link_history.
	defaultPage = 50
	maxPage     = 100
	// maxNamedLinks bounds the links that a call of an older method may name.
	maxNamedLinks = 15

	// maxDays is the largest value of days, and defaultDays the value if absent.
	defaultDays = 7
	maxDays     = 30
	// maxText is the length of what users write about their links and themselves,
	// in bytes.
	maxText = 4096

	// maxUnknown bounds the unknown parameters that have a Warning header, and
	// maxUnknownName the length of an escaped name there.
	maxUnknown     = 8
	maxUnknownName = 60
)

// known are the parameters that at least one method takes, in lower case. Clients send many
// of them to methods that do not take them (domain, login).
var known = set(`
	access_token login apiKey format callback
	unit units timezone tz_offset rollup limit unit_reference_ts from to days exclude_social_networks
	link shortUrl hash url longUrl uri domain client_id expand_user x_login x_apiKey full_name
	title note private user_ts archived edit tag tags long_url expires expired_url max_clicks forward_query keyword_link target_link overwrite
	expand_links
	offset created_before created_after modified_after user query keyword exact_domain root_domain expand_client_id`)

func set(names string) map[string]bool {
	s := map[string]bool{}
	for _, name := range strings.Fields(names) {
		s[lower(name)] = true
	}
	return s
}

// required is a parameter that must be given.
func (c *call) required(name string) string {
	s := c.query.get(name)
	if s == "" {
		c.fail(missing(name))
	}
	return s
}

// text is a parameter of free text; empty if absent.
func (c *call) text(name string) string {
	s := c.query.get(name)
	if s != "" && (len(s) > maxText || store.CheckText(name, s) != nil) {
		c.fail(invalid(name))
	}
	return s
}

// choice is a parameter that is one of some words; the first of them if absent.
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

// bool is a parameter that is true or false.
func (c *call) bool(name string, absent bool) bool {
	s := c.query.get(name)
	if s == "" {
		return absent
	}
	v, ok := argument.Bool(s)
	if !ok {
		c.fail(invalid(name))
	}
	return v
}

// int is a parameter that is a number from least to most.
func (c *call) int(name string, absent, least, most int64) int64 {
	s := c.query.get(name)
	if s == "" {
		return absent
	}
	n, kind := argument.Int(s)
	if kind != argument.ANumber || n < least || n > most {
		c.fail(invalid(name))
	}
	return n
}

// tag is a tag in the spelling in which it is kept; empty if absent.
func (c *call) tag() string {
	raw := c.query.get("tag")
	if raw == "" {
		return ""
	}
	tag, err := links.ParseTag(raw)
	if err != nil {
		c.fail(invalid("tag"))
	}
	return tag
}

// limit is the maximum number of entries of a list.
func (c *call) limit(absent, most int64) int { return int(c.int("limit", absent, 1, most)) }

// entries is limit for clicks, where it may be all.
func (c *call) entries() int {
	if c.query.get("limit") == "all" {
		return allEntries
	}
	return c.limit(defaultEntries, maxEntries)
}

// timestamp is a parameter that is an instant, as a Unix second; 0 if absent. Numbers
// from 100,000,000,000 on are milliseconds. d is for dates without a time.
func (c *call) timestamp(name string, d argument.Day) int64 {
	s := c.query.get(name)
	if s == "" {
		return 0
	}
	t, ok := argument.InstantIn(s, c.zone, d, c.now)
	if !ok {
		c.fail(invalid(name))
	}
	return t
}

// since is timestamp for filters. An instant before 1980 is an absent one: there are
// no older links, and clients send 0 and 1 for all links.
func (c *call) since(name string, d argument.Day) int64 {
	s := c.query.get(name)
	if n, kind := argument.Int(s); kind == argument.ANumber && 0 <= n && n < click.Earliest.Unix() {
		return 0
	}
	if argument.IsISO(s) && "1970" <= s && s < "1980" {
		if _, err := time.Parse(time.DateOnly, s[:len(time.DateOnly)]); err == nil {
			return 0
		}
	}
	return c.timestamp(name, d)
}

// zone is timezone, or tz_offset, which is another name for it: a wrong value of either is
// INVALID_ARG_TIMEZONE.
func (c *call) zone() *calendar.Zone { return c.zoneOf(c.query.get("timezone", "tz_offset")) }

func (c *call) zoneOf(s string) *calendar.Zone {
	z, ok := argument.Zone(cmp.Or(s, argument.DefaultZone))
	if !ok {
		c.fail(invalid("timezone"))
	}
	return z
}

// unit is the unit of time; a day if absent.
func (c *call) unit() calendar.Unit {
	s := c.query.get("unit")
	if s == "" {
		return calendar.Day
	}
	u, err := calendar.ParseUnit(s)
	if err != nil || u == calendar.Minute && c.method.noMinutes {
		c.fail(invalid("unit"))
	}
	return u
}

// units is the number of units, or metrics.AllTime.
func (c *call) units(u calendar.Unit) int {
	s := c.query.get("units")
	if s == "" {
		return metrics.AllTime // the default, so only units with clicks are listed (see metrics.Series)
	}
	n, kind := argument.Int(s)
	switch {
	case kind != argument.ANumber, n != metrics.AllTime && (n < 1 || n > math.MaxInt32), u == calendar.Minute && n > metrics.MaxMinutes:
		c.fail(invalid("units"))
		return metrics.AllTime
	}
	return int(n)
}

// days is the number of days in the legacy form. Numbers outside 1 to maxDays become
// the nearest one inside.
func (c *call) days() int {
	s := c.query.get("days")
	if s == "" {
		return defaultDays
	}
	n, kind := argument.Int(s)
	switch kind {
	case argument.NotANumber:
		c.fail(invalid("days"))
	case argument.TooSmall:
		return 1
	case argument.TooLarge:
		return maxDays
	}
	return int(min(max(n, 1), maxDays))
}

// reference is unit_reference_ts: the Unix second at which the question ends, and its
// value in the answer, which is null for now. With minutes it can only be now.
func (c *call) reference(u calendar.Unit) (t int64, echo *int64) {
	const name = "unit_reference_ts"
	s := c.query.get(name)
	if s == "" || s == "now" {
		return c.now.Unix(), nil
	}
	if u == calendar.Minute {
		c.fail(invalid(name))
	}
	t = c.timestamp(name, argument.LastOfDay)
	return t, &t
}

// windowParams are the parameters of a window: the time that a question covers, and how
// the answer lists it.
type windowParams struct {
	metrics.Window
	total bool // the answer is one number for the window; else one for each unit
	limit int
	echo  *int64 // unit_reference_ts in the answer
}

// window takes the parameters of a window.
func (c *call) window() windowParams { return c.windowOf(true) }

// windowWithoutRollup is window for methods that do not take the parameter rollup.
func (c *call) windowWithoutRollup() windowParams { return c.windowOf(false) }

func (c *call) windowOf(takesRollup bool) windowParams {
	w := windowParams{total: true}
	w.Unit = c.unit()
	w.Units = c.units(w.Unit)
	w.Zone = c.zone()
	if takesRollup {
		w.total = c.bool("rollup", true)
	}
	w.limit = c.entries()
	w.Reference, w.echo = c.reference(w.Unit)
	c.dates(&w)
	return w
}

// dates takes from and to: the first and the last date of the window, or instants between
// which it is. Without to the last date is today, without from the window is open. They
// exclude the other parameters that bound a window, and unit=minute.
func (c *call) dates(w *windowParams) {
	from, to := c.query.get("from"), c.query.get("to")
	if c.err != nil || from == "" && to == "" {
		return
	}
	if c.query.get("units") != "" || c.query.get("unit_reference_ts") != "" || c.query.get("days") != "" || w.Unit == calendar.Minute {
		c.fail(invalid("from"))
	}
	start, end := int64(0), int64(0)
	var ok bool
	if from != "" {
		if start, ok = argument.Start(from, w.Zone); !ok {
			c.fail(invalid("from"))
		}
	}
	if to == "" {
		today := w.Zone.Date(c.now.Unix())
		_, end = w.Zone.Dates(today, today)
	} else if end, ok = argument.End(to, w.Zone); !ok {
		c.fail(invalid("to"))
	}
	if from != "" && startsAfter(from, to, start, end, w.Zone) {
		c.fail(invalid("from"))
	}
	if c.err != nil {
		return
	}
	w.From, w.Until, w.Reference = start, end, end-1
}

// startsAfter reports whether a range begins after its end. Equal dates that the zone skipped
// are an empty range.
func startsAfter(from, to string, start, end int64, zone *calendar.Zone) bool {
	first, isDate := argument.Date(from)
	last, isDateToo := argument.Date(to)
	if isDate && isDateToo {
		return first > last
	}
	if isDate && to == "" {
		return first > zone.Date(end-1)
	}
	return start >= end
}

// isLegacy reports whether the question is in the legacy form: none of unit, from and to
// is given. Then days says how many days the answer has, and units and rollup are ignored.
func (c *call) isLegacy() bool { return c.query.get("unit", "from", "to") == "" }

// legacyParams are the parameters of the legacy form.
type legacyParams struct {
	metrics.Legacy
	limit int // entries of each day
}

// legacyWindow takes the parameters of the legacy form.
func (c *call) legacyWindow() (w legacyParams) {
	w.Days = c.days()
	w.Zone = c.zone()
	w.limit = c.entries()
	w.Reference, _ = c.reference(calendar.Day)
	return w
}

// endParams takes the last parameters, format and callback, and returns the first error
// of all parameters.
func (c *call) endParams() error { return c.endParamsWithText(false) }

// endParamsWithText is endParams for methods that have format=txt: for answers of one
// value only.
func (c *call) endParamsWithText(oneValue bool) error {
	switch c.choice("format", formats...) {
	case "json":
		if callback := c.query.get("callback"); callback != "" && !isCallback(callback) {
			c.fail(invalid("callback"))
		}
	case "txt":
		if !oneValue {
			c.fail(invalid("format"))
		}
	case "csv":
		if !c.method.rows {
			c.fail(invalid("format"))
		}
	}
	return c.err
}
