// Package argument reads the texts of parameters: numbers, instants, dates and time zones, as
// the API and the page take them.
package argument

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/footfall/footfall/internal/base/calendar"
	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
)

// Kind is what Int found.
type Kind int

// The kinds.
const (
	NotANumber Kind = iota
	TooLarge        // for an int64
	TooSmall
	ANumber
)

// Int reads an optional sign and ASCII digits. A leading blank is a plus sign
// that was not escaped.
func Int(s string) (int64, Kind) {
	digits, negative := s, false
	if s != "" && strings.IndexByte("+- ", s[0]) >= 0 {
		digits, negative = s[1:], s[0] == '-'
	}
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, NotANumber
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	switch {
	case err == nil && negative:
		return -n, ANumber
	case err == nil:
		return n, ANumber
	case negative:
		return 0, TooSmall
	}
	return 0, TooLarge
}

// Bool reads true, false, 1 or 0 in any case.
func Bool(s string) (value, ok bool) {
	switch {
	case s == "1" || strings.ToLower(s) == "true":
		return true, true
	case s == "0" || strings.ToLower(s) == "false":
		return false, true
	}
	return false, false
}

// iso is a date of ISO 8601, optionally with a time and an offset. A blank before the
// offset is a plus sign that was not escaped.
var iso = regexp.MustCompile(`^(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d)(:\d\d)?(?:[.,]\d+)?([Zz]|[-+ ]\d\d(?::?\d\d)?)?)?$`)

// Day is the second of a day that a date without a time stands for.
type Day bool

// The seconds.
const (
	FirstOfDay Day = false
	LastOfDay  Day = true
)

// Instant is the Unix second of a text that is an instant in parameters, from 1980 to 2099:
// a date, which stands for its last second, or a time, of ISO 8601 and local to the zone
// unless it has an offset; a number of seconds, or of milliseconds from 100,000,000,000 on;
// or now. It is false for another text.
func Instant(s string, zone *calendar.Zone, now time.Time) (int64, bool) {
	return InstantIn(s, func() *calendar.Zone { return zone }, LastOfDay, now)
}

// InstantIn is Instant with another second for dates. The zone is asked for only if the text is
// local.
func InstantIn(s string, zone func() *calendar.Zone, d Day, now time.Time) (int64, bool) {
	if s == "now" {
		return now.Unix(), true
	}
	if t, ok := ISO(s, zone, d); ok {
		return t, true
	}
	t, kind := Int(s)
	if t >= milliseconds {
		t /= 1000
	}
	return t, kind == ANumber && t >= click.Earliest.Unix() && t < click.Latest.Unix()
}

const (
	secondsPerDay = 86400
	// milliseconds is the number from which on a number is of milliseconds.
	milliseconds = 100_000_000_000
)

// ISO is the Unix second of a date or time from 1980 to 2099; false if s is
// neither. Without an offset it is local to the zone, which is asked for only then. A
// local time that occurs twice is the first one, and a local time that is skipped is
// the instant of the change, as in calendar.Zone.When.
func ISO(s string, zone func() *calendar.Zone, d Day) (t int64, ok bool) {
	m := iso.FindStringSubmatch(s)
	if m == nil {
		return 0, false
	}
	date, clock, second, offset := m[1], m[2], m[3], m[4]
	if clock == "" {
		clock = "00:00"
	}
	if second == "" {
		second = ":00"
	}
	at, err := time.Parse(time.DateTime, date+" "+clock+second)
	if err != nil || at.Year() < click.Earliest.Year()-1 || at.Year() > click.Latest.Year() {
		return 0, false
	}
	local := at.Unix()
	if offset != "" {
		east, ok := parseOffset(offset)
		if !ok {
			return 0, false
		}
		t = local - east
	} else if z := zone(); z == nil {
		return 0, false
	} else if m[2] == "" && d == LastOfDay {
		t = z.When(local+secondsPerDay) - 1
	} else {
		t = z.When(local)
	}
	return t, t >= click.Earliest.Unix() && t < click.Latest.Unix()
}

// parseOffset is an offset in seconds east of UTC.
func parseOffset(s string) (east int64, ok bool) {
	if s == "Z" || s == "z" {
		return 0, true
	}
	digits := strings.ReplaceAll(s[1:], ":", "")
	if len(digits) == 2 {
		digits += "00"
	}
	d, err := time.Parse("1504", digits)
	east = int64(d.Hour()*3600 + d.Minute()*60)
	if s[0] == '-' {
		east = -east
	}
	return east, err == nil
}

// Date is a date of ISO 8601 from 1980 to 2099, in days since 1970-01-01.
func Date(s string) (date int64, ok bool) {
	at, err := time.Parse(time.DateOnly, s)
	return at.Unix() / secondsPerDay, err == nil && !at.Before(click.Earliest) && at.Before(click.Latest)
}

// IsISO reports whether a text has the form of a date or time of ISO 8601.
func IsISO(s string) bool { return iso.MatchString(s) }

// Start is the instant of from: that at which a date starts, or the instant itself, which
// is a quarter-hour.
func Start(s string, zone *calendar.Zone) (int64, bool) {
	if d, ok := Date(s); ok {
		start, _ := zone.Dates(d, d)
		return start, true
	}
	return parseQuarter(s, zone)
}

// End is the instant of to: that at which a date ends, or the instant itself.
func End(s string, zone *calendar.Zone) (int64, bool) {
	if d, ok := Date(s); ok {
		_, end := zone.Dates(d, d)
		return end, true
	}
	return parseQuarter(s, zone)
}

func parseQuarter(s string, zone *calendar.Zone) (int64, bool) {
	if n, _ := Int(s); s == "now" || strings.ContainsAny(s, ".,") || n >= milliseconds && n%(1000*rollup.QuarterHour) != 0 {
		return 0, false // a part of a second
	}
	t, ok := InstantIn(s, func() *calendar.Zone { return zone }, FirstOfDay, time.Time{})
	return t, ok && t%rollup.QuarterHour == 0
}

// DefaultZone is the time zone of questions without one.
const DefaultZone = "America/New_York"

// maxHours is the distance of a zone from UTC in hours.
const maxHours = 14

// Zone is the time zone of a parameter: an IANA name, or whole hours from -14 to 14 east of
// UTC. It is false if there is no such zone.
func Zone(s string) (*calendar.Zone, bool) {
	n, kind := Int(s)
	switch {
	case kind == ANumber && -maxHours <= n && n <= maxHours:
		if z, err := calendar.Fixed(int(n)); err == nil {
			return z, true
		}
	case kind == NotANumber:
		if z, err := calendar.Load(s); err == nil {
			return z, true
		}
	}
	return nil, false
}
