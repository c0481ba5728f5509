package audit

import (
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
)

// facetCheck compares the facets of each scope: in every quarter-hour the clicks by
// country, by referrer and, for a user, by link add up to the same number, and those by
// agent and by place to no more. The cells of a scope must be added one after another.
type facetCheck struct {
	differ limited // findings
	scope  rollup.Scope
	days   map[int64]*dayClicks // of the scope, by the UTC day since 1970
	last   *dayClicks           // the day of the cell before; nil if there was none
	free   []*dayClicks         // for other scopes
}

// dayClicks is the clicks of a scope and UTC day, by quarter-hour and facet. Cells come day by day, so a table takes less
// time than a map.
type dayClicks struct {
	day    int64
	used   [2]uint64 // a bit for each quarter-hour with a cell
	clicks []uint64  // by quarter-hour and facet
}

const quartersOfDay = rollup.Day / rollup.QuarterHour

func (s *facetCheck) add(c *rollup.Cell) {
	if c.Scope != s.scope {
		s.compare()
		s.scope = c.Scope
	}
	day := c.Slot / rollup.Day
	if s.last == nil || s.last.day != day {
		s.last = s.of(day)
	}
	quarter := c.Slot % rollup.Day / rollup.QuarterHour
	s.last.used[quarter/64] |= 1 << (quarter % 64)
	s.last.quarter(quarter)[c.Facet] += c.Clicks
}

// quarter returns the clicks of a quarter-hour by facet.
func (d *dayClicks) quarter(n int64) []uint64 {
	facets := int64(len(d.clicks) / quartersOfDay)
	return d.clicks[n*facets:][:facets]
}

// of returns the table of a day.
func (s *facetCheck) of(day int64) *dayClicks {
	d := s.days[day]
	if d != nil {
		return d
	}
	if n := len(s.free); n > 0 {
		d, s.free = s.free[n-1], s.free[:n-1]
	} else {
		d = &dayClicks{clicks: make([]uint64, quartersOfDay*(len(rollup.Facets())+1))}
	}
	d.day = day
	if s.days == nil {
		s.days = map[int64]*dayClicks{}
	}
	s.days[day] = d
	return d
}

// compare checks the last scope, and empties the tables.
func (s *facetCheck) compare() {
	compared := slices.DeleteFunc(rollup.Facets(), func(f rollup.Facet) bool {
		_, _, _, incomplete := f.Missing()
		return !f.Complete() && !incomplete || !f.In(s.scope)
	})
	for _, day := range slices.Sorted(maps.Keys(s.days)) {
		d := s.days[day]
		for i := range d.used {
			for used := d.used[i]; used != 0; used &= used - 1 {
				quarter := int64(i*64 + bits.TrailingZeros64(used))
				f := d.quarter(quarter)
				for _, by := range compared {
					if f[by] == f[rollup.All] || !by.Complete() && f[by] < f[rollup.All] {
						continue
					}
					slot := time.Unix(day*rollup.Day+quarter*rollup.QuarterHour, 0).UTC()
					s.differ.addf("counts of %s in the quarter-hour from %s: %d clicks in all, %d by %s",
						nameOf(s.scope), slot.Format("2006-01-02 15:04 UTC"), f[rollup.All], f[by], by)
				}
				clear(f)
			}
		}
		d.used = [2]uint64{}
		s.free = append(s.free, d)
	}
	s.last = nil
	if len(s.days) > 1<<10 { // clearing a large map takes time for each scope
		s.days = nil
	}
	clear(s.days)
}

// nameOf describes a scope. The ids are those in footfall.db.
func nameOf(s rollup.Scope) string {
	if s.Link == click.AllLinks {
		return fmt.Sprintf("user %d", s.User)
	}
	return fmt.Sprintf("link %d of user %d", s.Link, s.User)
}

// maxReported bounds the findings of one kind; further ones are only counted.
const maxReported = 100

// limited is findings of one kind: the first ones, and how many there were.
type limited struct {
	first []string
	found int
}

// addf adds a finding, as fmt.Sprintf formats it.
func (l *limited) addf(format string, args ...any) {
	if l.found++; len(l.first) < maxReported {
		l.first = append(l.first, fmt.Sprintf(format, args...))
	}
}

// merge adds the findings of o.
func (l *limited) merge(o *limited) {
	l.found += o.found
	l.first = append(l.first, o.first[:min(len(o.first), maxReported-len(l.first))]...)
}

// report reports the first findings, and how many more there were: more has a %d for that.
func (l *limited) report(report func(string), more string) {
	for _, finding := range l.first {
		report(finding)
	}
	if n := l.found - len(l.first); n > 0 {
		report(fmt.Sprintf(more, n))
	}
}
