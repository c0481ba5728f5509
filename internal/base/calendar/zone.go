package calendar

import (
	"math"
	"sort"
	"time"
)

const secondsPerDay = 86400

// The offsets of a zone are known from first to last, Unix seconds: what
// references within 1980..2099 can need, and some months more.
var (
	first = time.Date(1979, time.January, 1, 0, 0, 0, 0, time.UTC).Unix()
	last  = time.Date(2101, time.January, 1, 0, 0, 0, 0, time.UTC).Unix()
)

// Zone is how far the clocks of a place are from UTC, and since when. It never
// changes, and is safe for concurrent use. Load and Fixed make zones.
type Zone struct {
	spans []span // ascending, one at least
	// skipped are the dates that no clock showed, ascending.
	skipped []int64
}

// span is a stretch of time, up to the next span, in which the offset stays
// the same. Dates are counted in days since 1970-01-01.
type span struct {
	start  int64 // Unix second
	offset int64 // seconds east of UTC
	// before is the latest date that any clock showed before the span. A date
	// begins when it first exceeds this running maximum.
	before int64
}

// newZone takes the offsets out of a location, so that edges are plain
// arithmetic. Of time.Time.ZoneBounds only the end is used: past the last listed
// transition its start may precede that transition, and on 31 December of a leap
// year its end lies at the start of that day.
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

// add appends the span that starts at t, unless the offset goes on as before.
// The first span reaches back for ever.
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

// date is the one that t belongs to, for a t of the span: the local date, or the
// one already begun where clocks went back across midnight.
func (s span) date(t int64) int64 {
	return max(s.before, floorDiv(t+s.offset, secondsPerDay))
}

// begin is when the date begins, given that it does so in the span.
func (s span) begin(date int64) int64 {
	return max(s.start, date*secondsPerDay-s.offset)
}

// at is the index of the span that holds t.
func (z *Zone) at(t int64) int {
	return sort.Search(len(z.spans)-1, func(i int) bool { return z.spans[i+1].start > t })
}

// date is the one that t belongs to.
func (z *Zone) date(t int64) int64 { return z.spans[z.at(t)].date(t) }

// begin is when the date begins; where the zone skipped it, when the next one
// that exists does.
func (z *Zone) begin(date int64) int64 {
	i := sort.Search(len(z.spans)-1, func(i int) bool { return z.spans[i+1].before >= date })
	return z.spans[i].begin(date)
}

// number counts the units of dates: it is that of the unit which holds a date
// that exists. Neighbours differ by one.
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

// Offset is how many seconds east of UTC the clocks are at t, a Unix second
// within 1979..2100. Earlier and later the offset stays as it was at that end.
func (z *Zone) Offset(t int64) int { return int(z.spans[z.at(t)].offset) }
