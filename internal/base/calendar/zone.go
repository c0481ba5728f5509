package calendar

import (
	"math"
	"sort"
	"time"
)

const secondsPerDay = 86400

// A zone has offsets from first to last, in Unix seconds: the time that references in
// 1980..2099 need, and some months more.
var (
	first = time.Date(1979, time.January, 1, 0, 0, 0, 0, time.UTC).Unix()
	last  = time.Date(2101, time.January, 1, 0, 0, 0, 0, time.UTC).Unix()
)

// Zone is a time zone: offsets from UTC over time. It does not change, and is safe for
// concurrent use. Load and Fixed make zones.
type Zone struct {
	spans []span // ascending, at least one
	// skipped is the dates that the zone does not have, ascending.
	skipped []int64
}

// span is a time until the next span in which the offset does not change. Dates are
// days since 1970-01-01.
type span struct {
	start  int64 // Unix second
	offset int64 // seconds east of UTC
	// before is the latest local date before the span. A date begins when the
	// local date first exceeds all earlier ones.
	before int64
}

// newZone reads the offsets of a location, so that edges are plain arithmetic. It uses
// only the end of time.Time.ZoneBounds: after the last listed transition the start may
// be before that transition. On 31 December of a leap year the end is the start of
// that day.
func newZone(loc *time.Location) *Zone {
	z := &Zone{}
	for t := first; t < last; {
		at := time.Unix(t, 0).In(loc)
		_, offset := at.Zone()
		z.add(t, int64(offset))
		_, end := at.ZoneBounds()
		if end.IsZero() {
			break
		}
		if end.Unix() > t {
			t = end.Unix()
		} else {
			t = (floorDiv(t, secondsPerDay) + 1) * secondsPerDay
		}
	}
	return z
}

// add appends a span that starts at t, unless the offset is that of the last one. The
// first span has no start.
func (z *Zone) add(t, offset int64) {
	if len(z.spans) == 0 {
		z.spans = []span{{math.MinInt64, offset, math.MinInt64}}
		return
	}
	prev := z.spans[len(z.spans)-1]
	if offset == prev.offset {
		return
	}
	next := span{t, offset, prev.date(t - 1)}
	z.spans = append(z.spans, next)
	for d := next.before + 1; d < next.date(t); d++ {
		z.skipped = append(z.skipped, d)
	}
}

// date is the date of a t in the span: the local date, or the date that has begun if
// clocks went back across midnight.
func (s span) date(t int64) int64 {
	return max(s.before, floorDiv(t+s.offset, secondsPerDay))
}

// begin returns the instant at which a date begins; it must begin in the span.
func (s span) begin(date int64) int64 {
	return max(s.start, date*secondsPerDay-s.offset)
}

// at is the index of the span that contains t.
func (z *Zone) at(t int64) int {
	return sort.Search(len(z.spans)-1, func(i int) bool { return z.spans[i+1].start > t })
}

// date is the date of t.
func (z *Zone) date(t int64) int64 { return z.spans[z.at(t)].date(t) }

// begin is the instant when a date begins; for a date that the zone skipped, when the next one
// does.
func (z *Zone) begin(date int64) int64 {
	i := sort.Search(len(z.spans)-1, func(i int) bool { return z.spans[i+1].before >= date })
	return z.spans[i].begin(date)
}

// number is the number of the unit that contains a date, which the zone must have. The
// numbers of neighbours differ by one.
func (z *Zone) number(u Unit, date int64) int64 {
	n := u.number(date)
	if u == Day {
		for _, skipped := range z.skipped {
			if skipped < date {
				n--
			}
		}
	}
	return n
}

// first is the first date of the unit with that number.
func (z *Zone) first(u Unit, number int64) int64 {
	if u == Day {
		for _, skipped := range z.skipped {
			if skipped <= number {
				number++
			}
		}
	}
	return u.first(number)
}

// Offset returns the offset at t in seconds east of UTC. t is a Unix second. Before 1979 and
// after 2100 it is the first and the last offset of these years.
func (z *Zone) Offset(t int64) int { return int(z.spans[z.at(t)].offset) }
