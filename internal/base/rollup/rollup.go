// Package rollup is the arithmetic of cells: which cells a click counts in,
// what their keys are, and how a sum over cells can be checked.
//
// It does not store anything, reads no clock and has no time zones: slots are of UTC.
package rollup

import "github.com/footfall/footfall/internal/base/click"

// Lengths in seconds: QuarterHour and Minute are the grains of slots, Day is a
// UTC day.
const (
	QuarterHour = 900
	Minute      = 60
	Day         = 86400

	// MinutesKept is the minimum time that cells of minutes are kept.
	MinutesKept = 2 * 3600
)

// Scope is one link of a user, or all links of the user, whose clicks are counted.
type Scope struct {
	User click.UserID
	Link click.LinkID // click.AllLinks for the user
}

// Key names a cell: one scope, facet and value in one slot of time.
type Key struct {
	Scope Scope
	Facet Facet
	// Slot is the Unix second at which the slot starts, UTC, a multiple of
	// the grain.
	Slot  int64
	Value string
}

// Cell is a number of clicks under a key.
type Cell struct {
	Key
	Clicks uint64
}

func floor(t, step int64) int64 {
	m := t % step
	if m < 0 {
		m += step
	}
	return t - m
}
