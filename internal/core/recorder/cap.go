package recorder

import (
	"context"
	"fmt"

	"github.com/zeebo/xxh3"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// DailyValues is the maximum number of different values of a facet that is capped
// (referrers, places) in a scope and a UTC day. In the order of the journal, clicks of
// further values count as other. So hostile input cannot make cells without bound, and
// sums still agree.
const DailyValues = 5000

// capWeight bounds the memory of the cap, in remembered days and values.
const capWeight = 1 << 20

// scopeDay is the unit of the cap: a scope in a UTC day.
type scopeDay struct {
	scope rollup.Scope
	day   int64 // Unix second
}

// caps applies the cap. For a day with at most `most` clicks only the number of clicks
// is kept; such a day cannot have too many values. For a busier day the values
// are remembered, those in the store and later ones.
//
// What it forgot it reads from the store again. That is exact only if the store has
// counted everything before, so it reads and forgets only between records, when
// nothing waits to be counted: see prepare and forget.
type caps struct {
	counts Counts
	most   uint64 // different values
	room   int    // the weight above which it forgets
	days   map[scopeDay]*capDay
	weight int
}

type capDay struct {
	clicks uint64                               // an upper bound of the different values of a facet
	seen   map[rollup.Facet]map[uint64]struct{} // hashes of the values; nil while clicks ≤ most
}

func newCaps(counts Counts, most uint64, room int) *caps {
	return &caps{counts: counts, most: most, room: room, days: map[scopeDay]*capDay{}}
}

// prepare is called once for each record, before admit. If a day becomes busy, it
// calls flush, which adds everything before the record to the store, and reads the
// values of the day. It looks at links only if the day of their user is
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
			if err := c.readValues(ctx, k, d); err != nil {
				return err
			}
		}
	}
	return nil
}

// admit reports whether a click of the key counts under another value, and which.
// The second call with the same key has the same result.
func (c *caps) admit(k *rollup.Key) (other string, replace bool) {
	if !k.Facet.Capped() {
		return "", false
	}
	d := c.days[scopeDay{k.Scope, dayOf(k.Slot)}]
	if d == nil || d.clicks <= c.most { // a link's day is there only if that of its user is busy
		return "", false
	}
	seen, h := d.seen[k.Facet], xxh3.HashString(k.Value)
	if _, ok := seen[h]; ok || k.Value == "" {
		return "", false
	}
	if other = k.Facet.Other(k.Value); other == k.Value {
		return "", false
	}
	if uint64(len(seen)) >= c.most {
		return other, true
	}
	seen[h] = struct{}{}
	c.weight++
	return "", false
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

// readValues begins to remember the values of a day, with those in the store.
func (c *caps) readValues(ctx context.Context, k scopeDay, d *capDay) error {
	seen := map[rollup.Facet]map[uint64]struct{}{}
	for _, f := range rollup.Facets() {
		if !f.Capped() {
			continue
		}
		counts, err := c.countsOfDay(ctx, k, f)
		if err != nil {
			return err
		}
		seen[f] = make(map[uint64]struct{}, len(counts))
		for _, n := range counts {
			if n.Value != "" && n.Value != f.Other(n.Value) {
				seen[f][xxh3.HashString(n.Value)] = struct{}{}
			}
		}
		c.weight += len(seen[f])
	}
	d.seen = seen
	return nil
}

func (c *caps) countsOfDay(ctx context.Context, k scopeDay, f rollup.Facet) ([]store.Count, error) {
	counts, err := c.counts.Counts(ctx, store.Query{Scope: k.scope, Facet: f, Edges: []int64{k.day, k.day + rollup.Day}})
	if err != nil {
		return nil, fmt.Errorf("recorder: values of a day: %w", err)
	}
	return counts, nil
}

// The days in which a click counts, as indexes of scopeDays.
const (
	userLevel = iota
	linkLevel
)

func scopeDays(c *click.Click) [2]scopeDay {
	day := dayOf(c.Time / 1000)
	return [2]scopeDay{{rollup.Scope{User: c.User}, day}, {rollup.Scope{User: c.User, Link: c.Link}, day}}
}

// dayOf returns the start of the UTC day of a Unix second, which is after 1970.
func dayOf(second int64) int64 { return second - second%rollup.Day }
