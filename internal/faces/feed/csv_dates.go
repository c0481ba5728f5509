package feed

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// datesWithZone and datesWithoutZone are the layouts of dates in exports. The time of a date
// without a zone is UTC.
var (
	datesWithZone = []string{
		time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04Z07:00", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 Z0700", "2006-01-02 15:04:05 Z07:00",
		"2006-01-02 15:04:05 MST", "2006-01-02 15:04:05Z07", time.RFC1123Z, time.RFC1123, "Mon Jan _2 2006 15:04:05 GMT-0700",
	}
	datesWithoutZone = []string{
		"2006-01-02", "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006/01/02", "2006/01/02 15:04:05", "2006/01/02 15:04",
		"Jan _2, 2006", "January _2, 2006", "_2 Jan 2006", "_2 January 2006",
		"Jan _2, 2006 15:04", "Jan _2, 2006 3:04 PM", "Jan _2, 2006, 3:04 PM", "Jan _2, 2006, 3:04:05 PM", "January _2, 2006 3:04 PM", "_2 Jan 2006 15:04",
	}
)

// byNumbers matches a date in numbers, in which day and month may have either order, and the
// time after it.
var byNumbers = regexp.MustCompile(`^(\d{1,2})([/.-])(\d{1,2})[/.-](\d{4})(?:,? (\d{1,2}:\d\d(?::\d\d)?(?: ?[AaPp][Mm])?))?$`)

// parseDate returns a date of an export as a Unix second, and whether the text says the zone.
func parseDate(s string) (t int64, zoned bool, err error) {
	if n, err := strconv.ParseUint(s, 10, 63); err == nil && len(s) > len("20060102") {
		if n >= fromMillis {
			n /= 1000
		}
		return int64(n), true, nil
	}
	// Most files have this one, and no layout with a zone takes its texts.
	if t, err := time.Parse(time.DateTime, s); err == nil {
		return t.Unix(), false, nil
	}
	s, _, _ = strings.Cut(s, " (") // of JavaScript: … GMT+0100 (Central European Standard Time)
	for _, layout := range datesWithZone {
		if t, err := time.Parse(layout, s); err == nil && knownZone(t) {
			return t.Unix(), true, nil
		}
	}
	for _, layout := range datesWithoutZone {
		if t, err := time.Parse(layout, s); err == nil {
			return t.Unix(), false, nil
		}
	}
	if m := byNumbers.FindStringSubmatch(s); m != nil {
		t, err := dateByNumbers(m)
		return t, false, err
	}
	return 0, false, fmt.Errorf("%.100q is not a date that is understood: write it as 2020-01-30 or 2020-01-30 15:04:05", s)
}

// knownZone reports whether the zone of a parsed time is an offset, or UTC. For other names,
// such as CEST, time.Parse makes up an offset of 0.
func knownZone(t time.Time) bool {
	name, offset := t.Zone()
	return offset != 0 || name == "UTC" || name == "GMT" || name == ""
}

// dateByNumbers returns a date whose order of day and month is known: one of them is more than
// 12, both are equal, or there are dots, which mean that the day comes first. It fails for other
// dates.
func dateByNumbers(m []string) (int64, error) {
	first, _ := strconv.Atoi(m[1])
	second, _ := strconv.Atoi(m[3])
	year, _ := strconv.Atoi(m[4])
	month, day := first, second
	if first > 12 || m[2] == "." {
		month, day = second, first
	} else if second <= 12 && first != second {
		return 0, fmt.Errorf("%.40q may be %s or %s: write it as 2020-01-30", m[0],
			time.Date(year, time.Month(first), second, 0, 0, 0, 0, time.UTC).Format("2 January"), time.Date(year, time.Month(second), first, 0, 0, 0, 0, time.UTC).Format("2 January"))
	}
	d := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if d.Day() != day || int(d.Month()) != month {
		return 0, fmt.Errorf("%.40q is not a date", m[0])
	}
	if m[5] == "" {
		return d.Unix(), nil
	}
	clock := strings.ToUpper(m[5])
	for _, layout := range []string{"15:04", "15:04:05", "3:04 PM", "3:04:05 PM", "3:04PM", "3:04:05PM"} {
		if c, err := time.Parse(layout, clock); err == nil {
			return d.Unix() + int64(c.Hour()*3600+c.Minute()*60+c.Second()), nil
		}
	}
	return 0, fmt.Errorf("%.40q is not a time", m[0])
}
