package page

import (
	"net/url"
	"strconv"
	"time"

	"github.com/footfall/footfall/internal/base/argument"
	"github.com/footfall/footfall/internal/base/calendar"
	"github.com/footfall/footfall/internal/base/click"
)

const (
	secondsPerDay = 86400
	// maxPoints bounds the units of a chart. A question with more of them gets a longer unit.
	maxPoints = 1000
	// defaultUnits is the number of days of a view that is asked for without a range.
	defaultUnits = 30
	// minutes is the number of minutes that have counts, as in the API.
	minutes = 60
)

// window is the time that a view covers: start ≤ t < end. It is said in the words of the
// API, because the numbers come from there.
type window struct {
	name  string // of the zone, as it was asked for
	zone  *calendar.Zone
	week  calendar.Unit // calendar.Week or calendar.MWeek: how weeks are counted
	unit  calendar.Unit
	now   int64
	start int64 // the first instant; 0 if that is the first click, which is not known yet
	end   int64 // the first instant after it
	ref   int64 // the reference of units

	word  string // one of words, or empty
	units int    // of the form units, else 0; -1 is all time
	fixed bool   // the form units has a reference that is not now

	// whole means that the window is dates, from first to last, in days since 1970-01-01.
	whole       bool
	first, last int64
}

// badParameter is the error for a parameter of a view, in the words of the API.
type badParameter struct{ name string }

func (b badParameter) Error() string { return "INVALID_ARG_" + b.name }

func invalid(name string) error { return badParameter{name} }

// parseWindow reads a window from the parameters of a view: those of the API (unit, units,
// timezone, unit_reference_ts, from, to), and range, for dates that move with the time
// (words lists its values). Without any of them it is the last 30 days.
func parseWindow(q url.Values, zone string, week calendar.Unit, now time.Time) (w window, err error) {
	w.now, w.week = now.Unix(), week
	if w.name = q.Get("timezone"); w.name == "" {
		w.name = zone
	}
	var ok bool
	if w.zone, ok = argument.Zone(w.name); !ok {
		return w, invalid("TIMEZONE")
	}
	if s := q.Get("unit"); s != "" {
		if w.unit, err = calendar.ParseUnit(s); err != nil {
			return w, invalid("UNIT")
		}
	}
	switch word := q.Get("range"); {
	case word != "":
		if !w.setWord(word) {
			return w, invalid("RANGE")
		}
	case q.Get("from") != "" || q.Get("to") != "":
		if err := w.setDates(q.Get("from"), q.Get("to")); err != nil {
			return w, err
		}
	default:
		if err := w.setUnits(q.Get("units"), q.Get("unit_reference_ts"), now); err != nil {
			return w, err
		}
	}
	if w.unit == calendar.Minute && w.units == 0 {
		return w, invalid("UNIT")
	}
	w.fit()
	return w, nil
}

// setUnits sets a window of a number of units up to a reference.
func (w *window) setUnits(units, ref string, now time.Time) error {
	if w.units = defaultUnits; units != "" {
		n, err := strconv.ParseInt(units, 10, 32)
		if err != nil || n != -1 && n < 1 {
			return invalid("UNITS")
		}
		w.units = int(n)
	} else if w.unit != 0 {
		w.units = -1 // as in the API
	}
	if w.unit == 0 {
		w.unit = calendar.Day
	}
	w.ref = w.now
	if ref != "" && ref != "now" {
		t, ok := argument.Instant(ref, w.zone, now)
		if !ok || w.unit == calendar.Minute {
			return invalid("UNIT_REFERENCE_TS")
		}
		w.ref, w.fixed = t, true
	}
	if w.unit == calendar.Minute && w.units > minutes {
		return invalid("UNITS")
	}
	if w.unit == calendar.Minute && w.units < 0 {
		w.units = minutes
	}
	if w.units > 0 {
		w.start, w.end = w.zone.Span(w.unit, w.ref, w.units)
	} else {
		_, w.end = w.zone.Span(w.unit, w.ref, 1)
	}
	w.findDates()
	return nil
}

// setDates sets a window from the parameters from and to.
func (w *window) setDates(from, to string) error {
	end := int64(0)
	if to == "" {
		_, end = w.zone.Dates(w.today(), w.today())
	} else if t, ok := argument.End(to, w.zone); ok {
		end = t
	} else {
		return invalid("TO")
	}
	start := int64(0)
	if from != "" {
		t, ok := argument.Start(from, w.zone)
		if !ok || t >= end {
			return invalid("FROM")
		}
		start = t
	}
	w.set(start, end)
	return nil
}

// set sets the time of the window, and the unit if none was asked for.
func (w *window) set(start, end int64) {
	w.start, w.end, w.ref = start, end, end-1
	w.findDates()
	if w.unit != 0 {
		return
	}
	switch days := (end - start) / secondsPerDay; {
	case start == 0:
		w.unit = calendar.Month
	case days <= 2:
		w.unit = calendar.Hour
	case days <= 92:
		w.unit = calendar.Day
	case days <= 400:
		w.unit = w.week
	default:
		w.unit = calendar.Month
	}
}

// begin sets the start of a window that begins with the first click.
func (w *window) begin(first int64) {
	w.start, _ = w.zone.Span(w.unit, max(first, click.Earliest.Unix()), 1)
	if w.start >= w.end {
		w.start, _ = w.zone.Span(w.unit, w.end-1, 1)
	}
	w.findDates()
	w.fit()
}

// findDates notices whether the window is whole dates.
func (w *window) findDates() {
	if w.start == 0 {
		w.whole = false
		return
	}
	w.first, w.last = w.zone.Date(w.start), w.zone.Date(w.end-1)
	start, end := w.zone.Dates(w.first, w.last)
	w.whole = start == w.start && end == w.end
}

// fit replaces a unit with too many points for a chart by a longer one.
func (w *window) fit() {
	for w.start > 0 && w.unit != calendar.Month && w.unit != calendar.Minute && w.count(w.unit) > maxPoints {
		if w.units > 0 { // the number of units is no longer right
			w.units = 0
		}
		w.unit = w.longer(w.unit)
	}
}

func (w *window) longer(u calendar.Unit) calendar.Unit {
	switch u {
	case calendar.Hour:
		return calendar.Day
	case calendar.Day:
		return w.week
	default:
		return calendar.Month
	}
}

// count is the number of units in the window.
func (w *window) count(u calendar.Unit) int { return w.zone.Count(u, w.start, w.end-1) }

// today is the current date, in days since 1970-01-01.
func (w *window) today() int64 { return w.zone.Date(w.now) }

// running reports whether the window has the current moment.
func (w *window) running() bool { return w.start <= w.now && w.now < w.end }

// asked is the window in the words of the API. A caller may change it.
func (w *window) asked() url.Values {
	q := url.Values{"timezone": {w.name}, "unit": {w.unit.String()}}
	switch {
	case w.units != 0:
		q.Set("units", strconv.Itoa(w.units))
		if w.fixed {
			q.Set("unit_reference_ts", strconv.FormatInt(w.ref, 10))
		}
	case w.word == "" && w.start == 0: // before a date
		q.Set("to", w.endText(w.end))
	default:
		setSpan(q, w, w.start, w.end)
	}
	return q
}

// setSpan sets from and to for the time from start to end.
func setSpan(q url.Values, w *window, start, end int64) {
	q.Set("from", w.startText(start))
	q.Set("to", w.endText(end))
}

// startText is an instant as the API takes it for from: a date, or else a Unix second.
func (w *window) startText(t int64) string {
	d := w.zone.Date(t)
	if start, _ := w.zone.Dates(d, d); start == t {
		return dateText(d)
	}
	return strconv.FormatInt(t, 10)
}

// endText is an instant as the API takes it for to, which is the last date if it is one.
func (w *window) endText(t int64) string {
	d := w.zone.Date(t - 1)
	if _, end := w.zone.Dates(d, d); end == t {
		return dateText(d)
	}
	return strconv.FormatInt(t, 10)
}

func dateText(d int64) string { return time.Unix(d*secondsPerDay, 0).UTC().Format(time.DateOnly) }

// local is the wall time of an instant.
func (w *window) local(t int64) string {
	return time.Unix(t+int64(w.zone.Offset(t)), 0).UTC().Format("2006-01-02T15:04")
}

// edges lists the edges of the units of the window.
func (w *window) edges() []int64 {
	return w.zone.Edges(w.unit, w.ref, w.zone.Count(w.unit, w.start, w.ref))
}
