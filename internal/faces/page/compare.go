package page

import (
	"net/url"
	"time"

	"github.com/footfall/footfall/internal/base/calendar"
)

// comparison is another span of time, with which the window is compared.
type comparison struct {
	kind, by   string // none, previous, year or custom; date or weekday
	start, end int64  // start ≤ t < end
	// cut is where it ends for numbers that are compared: if the window is running, at the
	// same moment as the window. It is a multiple of 900.
	cut int64
}

// choice is a comparison that the page offers.
type choice struct {
	Kind  string `json:"kind"`
	By    string `json:"by"`
	Query string `json:"query"`
}

// compared reads the parameter compare: none, previous or year, with -weekday after it to
// align by weekdays, or the first date of a span of the same length. Without it the span
// before is compared.
func (w *window) compared(q url.Values) (c comparison, err error) {
	c.kind, c.by = "previous", "date"
	s := q.Get("compare")
	switch s {
	case "", "previous":
	case "previous-weekday":
		c.by = "weekday"
	case "year":
		c.kind = s
	case "year-weekday":
		c.kind, c.by = "year", "weekday"
	case "none":
		c.kind = s
	default:
		c.kind = "custom"
	}
	if w.start == 0 || w.unit == calendar.Minute || w.units < 0 {
		if c.kind == "custom" {
			return c, invalid("COMPARE")
		}
		c.kind = "none"
	}
	length := w.end - w.start
	days := w.last - w.first + 1
	switch c.kind {
	case "none":
		return c, nil
	case "custom":
		at, err := time.Parse(time.DateOnly, s)
		if err != nil || at.Year() < 1980 || at.Year() > 2099 {
			return c, invalid("COMPARE")
		}
		w.move(&c, at.Unix()/secondsPerDay-w.first)
	case "year":
		if c.by == "weekday" {
			w.move(&c, -364)
			break
		}
		at := dateOf(w.first)
		w.move(&c, daysOf(at.Year()-1, at.Month(), at.Day())-w.first)
		if w.whole {
			to := dateOf(w.last)
			last := daysOf(to.Year()-1, to.Month(), to.Day())
			_, c.end = w.zone.Dates(w.zone.Date(c.start), max(last, w.zone.Date(c.start)))
		}
	case "previous":
		switch first, last, months := w.period(); {
		case c.by == "weekday":
			w.move(&c, -(days+6)/7*7)
		case months > 0:
			at := dateOf(first)
			c.start, _ = w.zone.Dates(daysOf(at.Year(), at.Month()-time.Month(months), 1), first-1)
			_, c.end = w.zone.Dates(first-1, first-1)
		case w.units > 0:
			c.start, c.end = w.zone.Span(w.unit, w.start-1, w.units)
		case w.whole:
			w.move(&c, -(last - first + 1))
		default:
			c.start, c.end = w.start-length, w.start
		}
	}
	c.cut = c.end
	if w.running() {
		same := w.sameMoment(&c) / 900 * 900
		c.cut = min(max(same, c.start), c.end)
	}
	return c, nil
}

// sameMoment is the instant in the comparison that is as late as now is in the window: of
// months and years the same date and time, else as long after the start by the clock.
func (w *window) sameMoment(c *comparison) int64 {
	months := 0
	if c.by == "date" && c.kind == "year" {
		months = 12
	} else if c.by == "date" && c.kind == "previous" {
		_, _, months = w.period()
	}
	if months == 0 {
		return w.zone.When(w.wall(c.start) + w.wall(w.now) - w.wall(w.start))
	}
	today := dateOf(w.today())
	first := dateOf(daysOf(today.Year(), today.Month()-time.Month(months), 1))
	// A month without that date ends with its last one.
	d := min(daysOf(first.Year(), first.Month(), today.Day()), daysOf(first.Year(), first.Month()+1, 1)-1)
	return w.zone.When(d*secondsPerDay + w.wall(w.now)%secondsPerDay)
}

// move sets the comparison to the time that is some days from the window.
func (w *window) move(c *comparison, days int64) {
	if w.whole {
		c.start, c.end = w.zone.Dates(w.first+days, w.last+days)
		if c.start >= c.end { // a date that the zone skipped
			c.start, c.end = w.zone.Dates(w.first+days-1, w.last+days)
		}
		return
	}
	c.start = w.zone.When(w.wall(w.start) + days*secondsPerDay)
	c.end = w.zone.When(w.wall(w.end) + days*secondsPerDay)
}

// wall is the local time of t, in seconds since 1970-01-01T00:00:00.
func (w *window) wall(t int64) int64 { return t + int64(w.zone.Offset(t)) }

// choices lists the comparisons that the page offers.
func (w *window) choices(q url.Values) (list []choice) {
	for _, c := range []struct{ kind, by, value string }{
		{"previous", "date", "previous"}, {"previous", "weekday", "previous-weekday"},
		{"year", "date", "year"}, {"year", "weekday", "year-weekday"}, {"none", "date", "none"},
	} {
		s := without(q)
		s.Set("compare", c.value)
		list = append(list, choice{c.kind, c.by, encode(s)})
	}
	return list
}

// within is the parameters of the API for the time of a comparison up to an end.
func (c *comparison) within(w *window, end int64) url.Values {
	q := url.Values{"timezone": {w.name}, "unit": {w.unit.String()}}
	setSpan(q, w, c.start, end)
	return q
}
