package v3

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/footfall/footfall/internal/base/calendar"
	"github.com/footfall/footfall/internal/base/click"
)

// number is a result of parseInt.
type number int

const (
	notANumber number = iota
	tooLarge          // for an int64
	tooSmall
	aNumber
)

// parseInt reads an optional sign and ASCII digits. A leading blank is a plus sign
// that was not escaped.
func parseInt(s string) (int64, number) {
	digits, negative := s, false
	if s != "" && strings.IndexByte("+- ", s[0]) >= 0 {
		digits, negative = s[1:], s[0] == '-'
	}
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, notANumber
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	switch {
	case err == nil && negative:
		return -n, aNumber
	case err == nil:
		return n, aNumber
	case negative:
		return 0, tooSmall
	}
	return 0, tooLarge
}

// parseBool reads true, false, 1 or 0 in any case.
func parseBool(s string) (value, ok bool) {
	switch {
	case s == "1" || strings.ToLower(s) == "true":
		return true, true
	case s == "0" || strings.ToLower(s) == "false":
		return false, true
	}
	return false, false
}

// isCallback reports whether s is a name that JSONP may call: letters, digits, _ $
// and . without a digit in front.
func isCallback(s string) bool {
	for i := range len(s) {
		b := s[i]
		switch {
		case 'a' <= b|0x20 && b|0x20 <= 'z', b == '_', b == '$', b == '.':
		case '0' <= b && b <= '9' && i > 0:
		default:
			return false
		}
	}
	return s != "" && len(s) <= maxCallback
}

// iso is a date of ISO 8601, optionally with a time and an offset. A blank before the
// offset is a plus sign that was not escaped.
var iso = regexp.MustCompile(`^(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d)(:\d\d)?(?:[.,]\d+)?([Zz]|[-+ ]\d\d(?::?\d\d)?)?)?$`)

// day is the second of a day that a date without a time stands for.
type day bool

const (
	firstOfDay day = false
	lastOfDay  day = true
)

// Instant is the Unix second of a text that is an instant in parameters, from 1980 to 2099:
// a date, which stands for its last second, or a time, of ISO 8601 and local to the zone
// unless it has an offset; a number of seconds, or of milliseconds from 100,000,000,000 on;
// or now. It is false for another text.
func Instant(s string, zone *calendar.Zone, now time.Time) (int64, bool) {
	return parseInstant(s, func() *calendar.Zone { return zone }, lastOfDay, now)
}

func parseInstant(s string, zone func() *calendar.Zone, d day, now time.Time) (int64, bool) {
	if s == "now" {
		return now.Unix(), true
	}
	if t, ok := parseISO(s, zone, d); ok {
		return t, true
	}
	t, kind := parseInt(s)
	if t >= 100_000_000_000 {
		t /= 1000
	}
	return t, kind == aNumber && t >= click.Earliest.Unix() && t < click.Latest.Unix()
}

const secondsPerDay = 86400

// parseISO is the Unix second of a date or time from 1980 to 2099; false if s is
// neither. Without an offset it is local to the zone, which is asked for only then. A
// local time that occurs twice is the first one, and a local time that is skipped is
// the instant of the change, as in calendar.Zone.When.
func parseISO(s string, zone func() *calendar.Zone, d day) (t int64, ok bool) {
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
	} else if m[2] == "" && d == lastOfDay {
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

// parseDate is a date of ISO 8601 from 1980 to 2099, in days since 1970-01-01.
func parseDate(s string) (date int64, ok bool) {
	at, err := time.Parse(time.DateOnly, s)
	return at.Unix() / secondsPerDay, err == nil && !at.Before(click.Earliest) && at.Before(click.Latest)
}
