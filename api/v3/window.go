package v3

import (
	"github.com/footfall/footfall/calendar"
	"github.com/footfall/footfall/metrics"
)

// window is the part of the answer that says what it is about, and the
// parameters it comes from.
type window struct {
	metrics.Window
	rollup bool
	limit  int
	echo   *int64
}

// window takes the parameters from units to unit_reference_ts.
func (c *call) window() window {
	u, _ := c.unit()
	w := window{}
	w.Unit = u
	w.Units = c.units(u)
	w.Zone = c.zone()
	w.rollup = c.rollup()
	w.limit = c.limit()
	w.Reference, w.echo = c.reference(u)
	return w
}

// legacy takes the parameters of the form without a unit.
func (c *call) legacy() (w metrics.Legacy, limit int) {
	w.Days = c.days()
	w.Zone = c.zone()
	limit = c.limit()
	w.Reference, _ = c.reference(calendar.Day)
	return w, limit
}

// tzOffset is the zone's offset now, in hours; a fraction where it has one.
func (c *call) tzOffset(w window) float64 {
	return float64(w.Zone.Offset(c.now.Unix())) / 3600
}
