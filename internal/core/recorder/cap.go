package recorder

import (
	"context"
	"fmt"

	"github.com/zeebo/xxh3"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// DailyReferrers is the maximum number of different referrers of a scope in a UTC day. In
// the order of the journal, clicks of further referrers count as other. So hostile
// input cannot make cells without bound, and sums still agree.
const DailyReferrers = 5000

// capWeight bounds the memory of the cap, in remembered days and referrers.
const capWeight = 1 << 20

// scopeDay is the unit of the cap: a scope in a UTC day.
type scopeDay struct {
	scope rollup.Scope
	day   int64 // Unix second
}

// caps applies the cap. For a day with at most `most` clicks only the number of clicks
// is kept; such a day cannot have too many referrers. For a busier day the referrers
// are remembered, those in the store and later ones.
//
// What it forgot it reads from the store again. That is exact only if the store has
// counted everything before, so it reads and forgets only between records, when
// nothing waits to be counted: see prepare and forget.
type caps struct {
	counts Counts
	most   uint64 // different referrers
	room   int    // the weight above which it forgets
	days   map[scopeDay]*capDay
	weight int
}

type capDay struct {
	clicks uint64              // an upper bound of the different referrers
	seen   map[uint64]struct{} // hashes of the referrers; nil while clicks ≤ most
}

func newCaps(counts Counts, most uint64, room int) *caps {
	return &caps{counts: counts, most: most, room: room, days: map[scopeDay]*capDay{}}
}

// prepare is called once for each record, before admit. If a day becomes busy, it
// calls flush, which adds everything before the record to the store, and reads the
// referrers of the day. It looks at links only if the day of their user is
// busy, because no link has more clicks than its user. It can be called again after
// an error.
func (c *caps) prepare(ctx context.Context, clicks []click.Click, flush func() error) error {
	for level := userLevel; level <= linkLevel; level++ {
		busy := map[scopeDay]*capDay{}
		for i := range clicks {
			if clicks[i].Bot {
				continue
			}
			k := scopeDays(&clicks[i])
			if level == linkLevel && c.days[k[userLevel]].clicks <= c.most {
				continue
			}
			d, err := c.day(ctx, k[level])
			if err != nil {
				return err
			}
			if d.clicks++; d.clicks > c.most && d.seen == nil {
				busy[k[level]] = d
			}
		}
		if len(busy) == 0 {
			continue
		}
		if err := flush(); err != nil {
			return err
		}
		for k, d := range busy {
			if err := c.readReferrers(ctx, k, d); err != nil {
				return err
			}
		}
	}
	return nil
}

// admit reports whether the click keeps its referrer in the counts of its user, and in
// those of its link.
func (c *caps) admit(cl *click.Click) (user, link bool) {
	keep := [2]bool{true, true}
	for i, k := range scopeDays(cl) {
		d := c.days[k]
		if d.clicks <= c.most {
			break
		}
		h := xxh3.HashString(string(cl.Referrer))
		if _, ok := d.seen[h]; ok || cl.Referrer == "" || cl.Referrer == click.OtherReferrers {
			continue
		}
		if uint64(len(d.seen)) >= c.most {
			keep[i] = false
			continue
		}
		d.seen[h] = struct{}{}
		c.weight++
	}
	return keep[userLevel], keep[linkLevel]
}

// forget frees memory. It may be called when the store has counted everything, but
// not between prepare and admit.
func (c *caps) forget() {
	if c.weight > c.room {
		c.forgetAll()
	}
}

// forgetAll is called when clicks were removed: from then on only the rest of a day
// counts, as in a rebuild.
func (c *caps) forgetAll() {
	clear(c.days)
	c.weight = 0
}

func (c *caps) day(ctx context.Context, k scopeDay) (*capDay, error) {
	if d := c.days[k]; d != nil {
		return d, nil
	}
	counts, err := c.countsOfDay(ctx, k, rollup.All)
	if err != nil {
		return nil, err
	}
	d := &capDay{}
	for _, n := range counts {
		d.clicks += n.Clicks
	}
	c.days[k] = d
	c.weight++
	return d, nil
}

// readReferrers begins to remember the referrers of a day, with those in the store.
func (c *caps) readReferrers(ctx context.Context, k scopeDay, d *capDay) error {
	counts, err := c.countsOfDay(ctx, k, rollup.Referrer)
	if err != nil {
		return err
	}
	d.seen = make(map[uint64]struct{}, len(counts))
	for _, n := range counts {
		if r := click.Referrer(n.Value); r != "" && r != click.OtherReferrers {
			d.seen[xxh3.HashString(n.Value)] = struct{}{}
		}
	}
	c.weight += len(d.seen)
	return nil
}

func (c *caps) countsOfDay(ctx context.Context, k scopeDay, f rollup.Facet) ([]store.Count, error) {
	counts, err := c.counts.Counts(ctx, store.Query{Scope: k.scope, Facet: f, Edges: []int64{k.day, k.day + rollup.Day}})
	if err != nil {
		return nil, fmt.Errorf("recorder: referrers of a day: %w", err)
	}
	return counts, nil
}

// The days in which a click counts, as indexes of scopeDays.
const (
	userLevel = iota
	linkLevel
)

func scopeDays(c *click.Click) [2]scopeDay {
	day := c.Time / (1000 * rollup.Day) * rollup.Day
	return [2]scopeDay{{rollup.Scope{User: c.User}, day}, {rollup.Scope{User: c.User, Link: c.Link}, day}}
}
