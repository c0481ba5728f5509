package audit

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
)

// maxNamed bounds the findings about scopes; the rest is counted.
const maxNamed = 100

// scopes compares the facets of each scope: in every quarter-hour there are as
// many clicks by country, by referrer and, of a user, by link as in all. The
// cells of a scope come one after the other.
type scopes struct {
	report func(string)
	scope  rollup.Scope
	slots  map[int64]*facets
	named  int
}

// facets is the clicks of a slot, by facet.
type facets [rollup.Bot + 1]uint64

func (s *scopes) add(c *rollup.Cell) {
	if s.slots == nil || c.Scope != s.scope {
		s.compare()
		s.scope, s.slots = c.Scope, map[int64]*facets{}
	}
	f := s.slots[c.Slot]
	if f == nil {
		f = new(facets)
		s.slots[c.Slot] = f
	}
	f[c.Facet] += c.Clicks
}

// compare looks at the scope that came last.
func (s *scopes) compare() {
	for _, slot := range slices.Sorted(maps.Keys(s.slots)) {
		f := s.slots[slot]
		for _, by := range [...]rollup.Facet{rollup.Country, rollup.Referrer, rollup.Link} {
			if f[by] == f[rollup.All] || by == rollup.Link && s.scope.Link != click.AllLinks {
				continue
			}
			if s.named++; s.named <= maxNamed {
				s.report(fmt.Sprintf("counts of %s in the quarter-hour from %s: %d clicks in all, %d by %s",
					nameOf(s.scope), time.Unix(slot, 0).UTC().Format("2006-01-02 15:04 UTC"), f[rollup.All], f[by], by))
			}
		}
	}
	s.slots = nil
}

// end looks at the last scope.
func (s *scopes) end() {
	s.compare()
	if s.named > maxNamed {
		s.report(fmt.Sprintf("counts: %d more quarter-hours disagree in the same way", s.named-maxNamed))
	}
}

// nameOf is a scope in words; ids are those of footfall.db.
func nameOf(s rollup.Scope) string {
	if s.Link == click.AllLinks {
		return fmt.Sprintf("user %d", s.User)
	}
	return fmt.Sprintf("link %d of user %d", s.Link, s.User)
}
