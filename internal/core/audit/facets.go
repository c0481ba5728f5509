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
	slots  map[int64]facets
	found  int
}

// facets is the number of clicks in a slot, by the number of the facet.
type facets []uint64

func (s *facetCheck) add(c *rollup.Cell) {
	if s.slots == nil || c.Scope != s.scope {
		s.compare()
		s.scope, s.slots = c.Scope, map[int64]facets{}
	}
	f := s.slots[c.Slot]
	if f == nil {
		f = make(facets, len(rollup.Facets())+1)
		s.slots[c.Slot] = f
	}
	f[c.Facet] += c.Clicks
}

// compare checks the last scope.
func (s *facetCheck) compare() {
	compared := slices.DeleteFunc(rollup.Facets(), func(f rollup.Facet) bool {
		_, _, _, part := f.Missing()
		return !f.Complete() && !part || !f.In(s.scope)
	})
	for _, slot := range slices.Sorted(maps.Keys(s.slots)) {
		f := s.slots[slot]
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
	s.slots = nil
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
