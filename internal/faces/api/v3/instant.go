package v3

import (
	"regexp"
	"strings"
	"time"

	"github.com/footfall/footfall/internal/base/calendar"
	"github.com/footfall/footfall/internal/base/click"
)

// iso is a date of ISO 8601, which may have a time, which may have an offset. A
// blank before the offset is a plus sign that nobody escaped.
var iso = regexp.MustCompile(`^(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d)(:\d\d)?(?:[.,]\d+)?([Zz]|[-+ ]\d\d(?::?\d\d)?)?)?$`)

// day is which second of a date stands for it.
type day bool

const (
	firstOfDay day = false
	lastOfDay  day = true
)

// parseISO is the Unix second of a date or time, within 1980..2099; false where
// it is none. What has no offset is in the zone, which is asked for then. A time
// that the zone has twice is the first of the two, and one that it skipped is the
// instant of the change, as calendar.Zone.When says.
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

const secondsPerDay = 86400

// parseOffset is how many seconds east of UTC an offset is.
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

// parseDate is a date of ISO 8601 within 1980..2099, in days since 1970-01-01.

// parseDate is a date of ISO 8601 within 1980..2099, in days since 1970-01-01.
func parseDate(s string) (date int64, ok bool) {
	at, err := time.Parse(time.DateOnly, s)
	return at.Unix() / secondsPerDay, err == nil && !at.Before(click.Earliest) && at.Before(click.Latest)
}
