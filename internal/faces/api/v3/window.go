package v3

import (
	"slices"

	"github.com/footfall/footfall/internal/base/calendar"
	"github.com/footfall/footfall/internal/core/metrics"
)

// window is the part of the answer that says what it is about, and the
// parameters it comes from.
type window struct {
	metrics.Window
	rollup bool // true where the method does not take it
	limit  int
	echo   *int64
}

// window takes the parameters from unit to unit_reference_ts. A unit that is
// not given is a day.
func (c *call) window() window { return c.windowOf(true) }

// windowTotal is window for methods that do not take rollup.
func (c *call) windowTotal() window { return c.windowOf(false) }

func (c *call) windowOf(takesRollup bool) window {
	w := window{rollup: true}
	w.Unit, _ = c.unit()
	w.Units = c.units(w.Unit)
	w.Zone = c.zone()
	if takesRollup {
		w.rollup = c.rollup()
	}
	w.limit = c.limit(defaultLimit, maxLimit)
	w.Reference, w.echo = c.reference(w.Unit)
	c.bound(&w)
	return w
}

// withoutUnit tells whether the question is in the older form, by the day. With
// from or to it is in the newer one, where a unit that is not given is a day.
func (c *call) withoutUnit() bool {
	_, given := c.unit()
	return !given && c.query.get("from", "to") == ""
}

// bound takes from and to, the first and the last date of the zone that count.
// The last is today where it is not given; without the first there is no bound.
// They stand instead of all else that says so, and minutes are of now only.
func (c *call) bound(w *window) {
	from, to := c.query.get("from"), c.query.get("to")
	if c.err != nil || from == "" && to == "" {
		return
	}
	last := w.Zone.Date(c.now.Unix())
	if c.query.get("units") != "" || c.query.get("unit_reference_ts") != "" || c.query.get("days") != "" || w.Unit == calendar.Minute {
		c.fail(invalid("from"))
	}
	first, ok := parseDate(from)
	if from != "" && !ok {
		c.fail(invalid("from"))
	}
	if to != "" {
		if last, ok = parseDate(to); !ok {
			c.fail(invalid("to"))
		}
	}
	if from == "" {
		first = last
	}
	if first > last {
		c.fail(invalid("from"))
	}
	if c.err != nil {
		return
	}
	start, end := w.Zone.Dates(first, last)
	if w.Until, w.Reference = end, end-1; from != "" {
		w.From = start
	}
}

// legacy takes the parameters of the form without a unit.
func (c *call) legacy() (w metrics.Legacy, limit int) {
	w.Days = c.days()
	w.Zone = c.zone()
	limit = c.limit(defaultLimit, maxLimit)
	w.Reference, _ = c.reference(calendar.Day)
	return w, limit
}

// allTime is the window of a question without parameters: all clicks up to
// today.
func (c *call) allTime() metrics.Window {
	return metrics.Window{Zone: c.zoneOf(""), Unit: calendar.Day, Units: metrics.AllTime, Reference: c.now.Unix()}
}

// about is an answer's data: the fields between what they are about.
func (c *call) about(w window, fields ...field) object {
	return slices.Concat(
		object{{"units", w.Units}, {"unit_reference_ts", w.echo}},
		fields,
		// The offset is the zone's now, in hours; a fraction where it has one.
		object{{"tz_offset", float64(w.Zone.Offset(c.now.Unix())) / 3600}, {"unit", w.Unit.String()}},
	)
}
