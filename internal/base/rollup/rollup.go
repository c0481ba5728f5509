// Package rollup is the arithmetic of cells: which cells a click falls into,
// what their keys are, and how a sum over cells can be checked.
//
// It refuses to store, to read clocks and to know zones: slots are of UTC.
package rollup

import (
	"encoding/binary"
	"strconv"

	"github.com/footfall/footfall/internal/base/click"
)

// QuarterHour and Minute are the grains of slots, and Day is the length of a
// UTC day, in seconds.
const (
	QuarterHour = 900
	Minute      = 60
	Day         = 86400
)

// Scope is whose clicks are counted: one link of a user, or all of them.
type Scope struct {
	User click.UserID
	Link click.LinkID // click.AllLinks for the user
}

// Facet is one way to tell the clicks of a scope apart.
type Facet uint8

// The facets. The numbers are part of the stored format and never change.
const (
	All      Facet = 1 // every click of a person; one empty value
	Country  Facet = 2 // value: two letters, or empty where unknown
	Referrer Facet = 3 // value: the referrer, empty where direct
	Link     Facet = 4 // value: the link's id, 8 bytes big-endian; user scopes only
	Bot      Facet = 5 // every click of a bot; one empty value
)

// Facets lists them all in the order of their numbers.
var Facets = []Facet{All, Country, Referrer, Link, Bot}

// String is the facet's name in messages.
func (f Facet) String() string {
	switch f {
	case All:
		return "all"
	case Country:
		return "country"
	case Referrer:
		return "referrer"
	case Link:
		return "link"
	case Bot:
		return "bot"
	}
	return "facet " + strconv.Itoa(int(f))
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

// Each calls yield with every cell key that the click counts in, in slots of
// grain seconds.
func Each(c click.Click, grain int64, yield func(Key)) {
	slot := floor(c.Time, 1000*grain) / 1000
	for _, s := range [2]Scope{{User: c.User}, {User: c.User, Link: c.Link}} {
		if c.Bot {
			yield(Key{s, Bot, slot, ""})
			continue
		}
		yield(Key{s, All, slot, ""})
		yield(Key{s, Country, slot, c.Country.String()})
		yield(Key{s, Referrer, slot, string(c.Referrer)})
		if s.Link == click.AllLinks {
			yield(Key{s, Link, slot, LinkValue(c.Link)})
		}
	}
}

// LinkValue is the value of a link in facet Link.
func LinkValue(id click.LinkID) string {
	return string(binary.BigEndian.AppendUint64(nil, uint64(id)))
}

// ParseLinkValue undoes LinkValue. Anything else is link 0.
func ParseLinkValue(v string) click.LinkID {
	if len(v) != 8 {
		return 0
	}
	return click.LinkID(binary.BigEndian.Uint64([]byte(v)))
}

func floor(t, step int64) int64 {
	m := t % step
	if m < 0 {
		m += step
	}
	return t - m
}
