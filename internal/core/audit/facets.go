package audit

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
)

// maxReported bounds the findings about facets; further ones are only counted.
const maxReported = 100

// facetCheck compares the facets of each scope: in every quarter-hour the clicks by
// country, by referrer and, for a user, by link add up to the same number, and those by
// agent and by place to no more. The cells of a scope must be added one after another.
type facetCheck struct {
	report func(string)
	scope  rollup.Scope
	found  int

	slots  map[int64]int // of the scope: where their clicks begin
	clicks []uint64      // of each slot, by the number of the facet
}

func (s *facetCheck) add(c *rollup.Cell) {
	if c.Scope != s.scope {
		s.compare()
		s.scope = c.Scope
	}
	at, ok := s.slots[c.Slot]
	if !ok {
		if s.slots == nil {
			s.slots = map[int64]int{}
		}
		at = len(s.clicks)
		s.slots[c.Slot] = at
		for range len(rollup.Facets()) + 1 {
			s.clicks = append(s.clicks, 0)
		}
	}
	s.clicks[at+int(c.Facet)] += c.Clicks
}

// compare checks the last scope.
func (s *facetCheck) compare() {
	compared := slices.DeleteFunc(rollup.Facets(), func(f rollup.Facet) bool {
		_, _, _, part := f.Missing()
		return !f.Complete() && !part || !f.In(s.scope)
	})
	for _, slot := range slices.Sorted(maps.Keys(s.slots)) {
		f := s.clicks[s.slots[slot]:]
		for _, by := range compared {
			if f[by] == f[rollup.All] || !by.Complete() && f[by] < f[rollup.All] {
				continue
			}
			if s.found++; s.found <= maxReported {
				s.report(fmt.Sprintf("counts of %s in the quarter-hour from %s: %d clicks in all, %d by %s",
					nameOf(s.scope), time.Unix(slot, 0).UTC().Format("2006-01-02 15:04 UTC"), f[rollup.All], f[by], by))
			}
		}
	}
	if s.clicks = s.clicks[:0]; len(s.slots) > 1<<10 { // clearing a large map takes time for each scope
		s.slots = nil
	}
	clear(s.slots)
}

// end checks the last scope, and reports how many findings were not.
func (s *facetCheck) end() {
	s.compare()
	if s.found > maxReported {
		s.report(fmt.Sprintf("counts: %d more quarter-hours differ in the same way", s.found-maxReported))
	}
}

// nameOf describes a scope. The ids are those in footfall.db.
func nameOf(s rollup.Scope) string {
	if s.Link == click.AllLinks {
		return fmt.Sprintf("user %d", s.User)
	}
	return fmt.Sprintf("link %d of user %d", s.Link, s.User)
}
