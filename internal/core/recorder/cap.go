package recorder

import (
	"context"
	"fmt"
	"time"

	"github.com/zeebo/xxh3"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// DailyValues is the maximum number of different values of a facet that is capped
// (referrers, places) in a scope and a UTC day. In the order of the journal, clicks of
// further values count as other. So hostile input cannot make cells without bound, and
// sums still agree. If counts are shared, each journal has this many values.
const DailyValues = 5000

// capWeight bounds the memory of the cap, in remembered days and values.
const capWeight = 1 << 20

// caps applies the cap. For a day with at most `most` clicks only the number of clicks
// is kept; such a day cannot have too many values. For a busier day the values
// are remembered, those in the store and later ones.
//
// What caps has forgotten, it reads from the store again. So it reads only in prepare, and forgets
// only while the store returns everything earlier: before a batch, or, if the counts are shared,
// before a segment.
type caps struct {
	past history
	// whole is the past of counts of one journal, or nil.
	whole *wholeHistory
	// journal is the past of shared counts, or nil. It has only what came before the
	// segment, so recent values are remembered.
	journal *journalHistory
	most    uint64 // different values
	room    int    // the weight above which it forgets
	days    map[store.ScopeDay]*capDay
	// months are the months of users of which days has all days with clicks. A month is read at
	// once, because a file of old clicks touches most of its days. It is empty without whole.
	months map[store.ScopeDay]struct{}
	// weight is the number of days, of months and of values in seen. It leaves out the recent values:
	// the clicks of one segment bound them.
	weight int
}

// capDay is a scope in a UTC day.
type capDay struct {
	clicks uint64                               // an upper bound of the different values of a facet
	seen   map[rollup.Facet]map[uint64]struct{} // hashes of the values; nil until there may be too many
	// recent are the values that the store does not return yet, while seen is nil.
	recent []capValue
	// unread is set while clicks counts only the recent values.
	unread bool
}

// capValue is a value of a click in a facet.
type capValue struct {
	link  click.LinkID
	facet rollup.Facet
	hash  uint64
}

func newCaps(counts Counts, most uint64, room int) *caps {
	c := &caps{whole: &wholeHistory{counts}, most: most, room: room, days: map[store.ScopeDay]*capDay{}, months: map[store.ScopeDay]struct{}{}}
	c.past = c.whole
	return c
}

// newSharedCaps returns the caps of a journal whose counts are shared.
func newSharedCaps(counts store.JournalCounts, id store.JournalID, most uint64, room int) *caps {
	c := newCaps(nil, most, room)
	c.journal = &journalHistory{counts, store.Earlier{Journal: id}}
	c.past, c.whole = c.journal, nil
	return c
}

// beginSegment is called before the first record of a segment is prepared, when everything
// before it is in the store.
func (c *caps) beginSegment(base uint64) {
	if c.journal == nil {
		return
	}
	c.journal.earlier.Before = base
	c.forget()
	for _, d := range c.days {
		d.recent = nil
	}
}

// prepare is called with the clicks of a batch, before admit. It reads the values of
// days that become busy. It looks at links only if the day of their user is
// busy, because no link has more clicks than its user. After an error it is called again.
func (c *caps) prepare(ctx context.Context, clicks []click.Click) error {
	if c.journal == nil {
		c.forget()
	}
	for level := userLevel; level <= linkLevel; level++ {
		counted := func(click *click.Click) (store.ScopeDay, bool) {
			k := scopeDays(click)
			return k[level], !click.Bot && (level == userLevel || c.days[k[userLevel]].seen != nil)
		}
		added := map[store.ScopeDay]uint64{}
		for i := range clicks {
			if k, ok := counted(&clicks[i]); ok {
				added[k]++
			}
		}
		if err := c.readDays(ctx, added); err != nil {
			return err
		}
		for k, n := range added {
			if d := c.days[k]; d.seen == nil && d.clicks+n > c.most {
				if err := c.readValues(ctx, k, d); err != nil {
					return err
				}
			}
		}
		for k, n := range added {
			c.days[k].clicks += n
		}
		if c.journal == nil {
			continue
		}
		for i := range clicks {
			if k, ok := counted(&clicks[i]); ok && c.days[k].seen == nil {
				c.days[k].remember(&clicks[i])
			}
		}
	}
	return nil
}

// remember adds the values of a click to the recent ones.
func (d *capDay) remember(c *click.Click) {
	for _, f := range rollup.Facets() {
		if value := f.Value(c); value != "" && value != f.Other(value) {
			d.recent = append(d.recent, capValue{c.Link, f, xxh3.HashString(value)})
		}
	}
}

// busy reports whether admit may replace values of a click.
func (c *caps) busy(of *click.Click) bool {
	d := c.days[scopeDays(of)[userLevel]]
	return d != nil && d.seen != nil
}

// admit reports whether a click of the key counts under another value, and which.
// The second call with the same key has the same result.
func (c *caps) admit(k *rollup.Key) (other string, replace bool) {
	if !k.Facet.Capped() {
		return "", false
	}
	d := c.days[store.ScopeDay{Scope: k.Scope, Day: dayOf(k.Slot)}]
	if d == nil || d.seen == nil { // a link's day is there only if that of its user is busy
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

// forget frees memory if there is too much in it.
func (c *caps) forget() {
	if c.weight > c.room {
		c.forgetAll()
	}
}

func (c *caps) forgetAll() {
	clear(c.days)
	clear(c.months)
	c.weight = 0
}

// clicksDeleted is called after clicks were removed from the store: from then on a day has only the
// other clicks, as in a rebuild. It changes nothing if the store returns removed clicks too.
func (c *caps) clicksDeleted() {
	if c.journal == nil {
		c.forgetAll()
	}
}

// readDays reads the clicks of days that are not known.
func (c *caps) readDays(ctx context.Context, days map[store.ScopeDay]uint64) error {
	var unknown []store.ScopeDay
	for k := range days {
		if err := c.readMonth(ctx, k); err != nil {
			return err
		}
		if d := c.days[k]; d == nil || d.unread {
			unknown = append(unknown, k)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	clicks, err := c.past.dayClicks(ctx, unknown)
	if err != nil {
		return fmt.Errorf("recorder: clicks of a day: %w", err)
	}
	for i, k := range unknown {
		d := c.days[k]
		if d == nil {
			d = c.newDay(k)
		}
		d.clicks, d.unread = d.clicks+clicks[i], false
	}
	return nil
}

// readMonth reads the clicks of all days of a user's month, if it is not known. It leaves out links:
// their days count in days only while the day of their user is busy.
func (c *caps) readMonth(ctx context.Context, of store.ScopeDay) error {
	if c.whole == nil || of.Scope.Link != click.AllLinks || c.days[of] != nil {
		return nil
	}
	month := store.ScopeDay{Scope: of.Scope, Day: monthOf(of.Day)}
	if _, known := c.months[month]; !known {
		days, err := c.whole.monthClicks(ctx, month)
		if err != nil {
			return fmt.Errorf("recorder: clicks of a month: %w", err)
		}
		for day, clicks := range days {
			c.newDay(store.ScopeDay{Scope: of.Scope, Day: day}).clicks = clicks
		}
		c.months[month] = struct{}{}
		c.weight++
	}
	if c.days[of] == nil {
		c.newDay(of)
	}
	return nil
}

func (c *caps) newDay(k store.ScopeDay) *capDay {
	d := &capDay{}
	c.days[k] = d
	c.weight++
	return d
}

// readValues begins to remember the values of a day, with those in the store. The recent values
// of a user become those of its links.
func (c *caps) readValues(ctx context.Context, k store.ScopeDay, d *capDay) error {
	seen := map[rollup.Facet]map[uint64]struct{}{}
	for _, f := range rollup.Facets() {
		if !f.Capped() {
			continue
		}
		values, err := c.past.dayValues(ctx, k, f)
		if err != nil {
			return fmt.Errorf("recorder: values of a day: %w", err)
		}
		seen[f] = make(map[uint64]struct{}, len(values))
		for _, v := range values {
			if v != "" && v != f.Other(v) {
				seen[f][xxh3.HashString(v)] = struct{}{}
			}
		}
	}
	for _, v := range d.recent {
		seen[v.facet][v.hash] = struct{}{}
		if k.Scope.Link == click.AllLinks {
			at := store.ScopeDay{Scope: rollup.Scope{User: k.Scope.User, Link: v.link}, Day: k.Day}
			link := c.days[at]
			if link == nil {
				link = c.newDay(at)
				link.unread = true
			}
			link.clicks++
			link.recent = append(link.recent, v)
		}
	}
	for _, values := range seen {
		c.weight += len(values)
	}
	d.seen, d.recent = seen, nil
	return nil
}

// The days in which a click counts, as indexes of scopeDays.
const (
	userLevel = iota
	linkLevel
)

func scopeDays(c *click.Click) [2]store.ScopeDay {
	day, of := dayOf(c.Time/1000), scopesOf(c)
	return [2]store.ScopeDay{{Scope: of[userLevel], Day: day}, {Scope: of[linkLevel], Day: day}}
}

// scopesOf returns the user and the link of a click.
func scopesOf(c *click.Click) [2]rollup.Scope {
	return [2]rollup.Scope{{User: c.User}, {User: c.User, Link: c.Link}}
}

// dayOf returns the start of the UTC day of a Unix second, which is after 1970.
func dayOf(second int64) int64 { return second - second%rollup.Day }

// monthOf returns the start of the UTC month of a Unix second.
func monthOf(second int64) int64 {
	y, m, _ := time.Unix(second, 0).UTC().Date()
	return time.Date(y, m, 1, 0, 0, 0, 0, time.UTC).Unix()
}
