package v3

import (
	"slices"

	"github.com/footfall/footfall/internal/base/calendar"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/core/metrics"
)

// What the dialect calls an unknown country, and clicks without a referrer.
const (
	noCountry = "None"
	direct    = "direct"
)

// about is data with the window that it covers around the fields.
func (c *call) about(w windowParams, fields ...field) object {
	return slices.Concat(
		object{{"units", w.Units}, {"unit_reference_ts", w.echo}},
		fields,
		// The zone's offset now, in hours, with a fraction if it has one.
		object{{"tz_offset", float64(w.Zone.Offset(c.now.Unix())) / 3600}, {"unit", w.Unit.String()}},
	)
}

// allTime is the window of questions without parameters: all clicks until now.
func (c *call) allTime() metrics.Window {
	return metrics.Window{Zone: c.zoneOf(""), Unit: calendar.Day, Units: metrics.AllTime, Reference: c.now.Unix()}
}

// linkWindow takes the parameters of methods that list the clicks on a link by facet.
func (c *call) linkWindow() (metrics.Subject, windowParams, error) {
	user := c.authUser()
	written := c.required("link")
	w := c.windowWithoutRollup()
	if err := c.endParams(); err != nil {
		return nil, w, err
	}
	of, err := c.subject(user, written)
	return of, w, err
}

// ranked is the clicks in a window by the values of a facet, most clicks first. r says
// how values are named.
func (c *call) ranked(of metrics.Subject, f rollup.Facet, w windowParams, r metrics.Ranking) ([]metrics.Value, error) {
	r.Limit, r.Expensive = w.limit, c.takeSeat
	return c.api.Clicks.Top(c.ctx, of, f, w.Window, r)
}

// entriesOf makes an entry of each value.
func entriesOf[E entry](values []metrics.Value, of func(metrics.Value) E) []E {
	list := make([]E, len(values))
	for i, v := range values {
		list[i] = of(v)
	}
	return list
}

// rankedByDay is ranked for each day of the legacy form, and the table of its lists.
func rankedByDay[E entry](
	c *call, of metrics.Subject, f rollup.Facet, w legacyParams, r metrics.Ranking, entryOf func(metrics.Value) E,
) (lists [][]E, _ *table, err error) {
	r.Limit, r.Expensive = w.limit, c.takeSeat
	days, err := c.api.Clicks.TopByDay(c.ctx, of, f, w.Legacy, r)
	var zero E
	t := c.newTable(w.Zone, zero, "date")
	lists = make([][]E, len(days))
	for i, d := range days {
		lists[i] = entriesOf(d, entryOf)
		addRows(t, lists[i], moment(w.Start(i)))
	}
	return lists, t, err
}
