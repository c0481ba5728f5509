package rollup

import (
	"encoding/binary"
	"slices"
	"strconv"

	"github.com/footfall/footfall/internal/base/click"
)

// Facet is one way to divide the clicks of a scope.
type Facet uint8

// The facets. The numbers are part of the stored format and never change.
const (
	All      Facet = 1 // every click of a person; one empty value
	Country  Facet = 2 // value: two letters, or empty if unknown
	Referrer Facet = 3 // value: the referrer, empty if direct
	Link     Facet = 4 // value: see LinkValue; user scopes only
	Bot      Facet = 5 // every click of a bot; value: the bot's family, empty if unknown
	Agent    Facet = 6 // clicks of people with a known agent; value: see AgentValue
	Place    Facet = 7 // clicks of people with a known region or city; value: see PlaceValue
)

// facet describes a Facet.
type facet struct {
	Facet
	name string
	// perUser says that it is counted in user scopes alone.
	perUser bool
	// single says that its only value is the empty one.
	single bool
	// complete says that every click of a person has a value, so that the values
	// add up to All in every slot.
	complete bool
	// quarters says that it is counted by the quarter-hour alone, and not by the minute.
	quarters bool
	// value is under which value a click counts, and whether it counts at all.
	value func(*click.Click) (string, bool)
	// id, if set, identifies that value in less time.
	id func(*click.Click) (valueID, bool)
	// other, if set, returns the value under which clicks of a value count if a scope has too
	// many different values in a day (see package recorder). For its own result it returns the
	// same.
	other func(value string) string
	// missing, if set, describes the clicks of people without a value.
	missing *missing
	// text, if set, says how the facet is exported.
	text *text
}

// missing describes the clicks of people that an incomplete facet does not count.
type missing struct {
	// of is a complete facet whose values the incomplete one divides further.
	of Facet
	// in returns the value of that facet which a value divides.
	in func(value string) string
	// unknown returns the value that stands for the clicks without one in a value of that
	// facet.
	unknown func(of string) string
}

// facets describes every facet, in the order of their numbers. To add one, give
// it the next number above and a line here, and raise pebble.Version, so that an
// older binary refuses the data. If click.Click does not have the value yet, add it
// there and to the record of the journal first (recorder/codec.go). The cells
// of a click, the lines of a ledger, what the engines accept, what the audit compares,
// and what is exported follow from this table. Projections are in projection.go.
//
// Journals and counts are older than a new facet. So its value must not count
// clicks that were recorded before the facet existed: their segments are
// verified against ledgers of that time. And it is not complete.
var facets = []facet{
	{Facet: All, name: "all", single: true, complete: true,
		value: func(c *click.Click) (string, bool) { return "", !c.Bot }},
	{Facet: Country, name: "country", complete: true,
		value: func(c *click.Click) (string, bool) { return c.Country.String(), !c.Bot },
		id:    func(c *click.Click) (valueID, bool) { return valueID{number: countryID(c)}, !c.Bot },
		text:  &text{key: "countries", empty: "None", set: setCountry}},
	{Facet: Referrer, name: "referrer", complete: true, other: otherReferrers,
		value: func(c *click.Click) (string, bool) { return string(c.Referrer), !c.Bot },
		text:  &text{key: "referrers", empty: "direct", set: setReferrer}},
	{Facet: Link, name: "link", perUser: true, complete: true,
		value: func(c *click.Click) (string, bool) { return LinkValue(c.Link), !c.Bot },
		id:    func(c *click.Click) (valueID, bool) { return valueID{number: uint64(c.Link)}, !c.Bot }},
	{Facet: Bot, name: "bot",
		value: func(c *click.Click) (string, bool) { return string(c.BotFamily), c.Bot },
		text:  &text{key: "bot_families", empty: click.Unknown, set: setBotFamily, bots: true}},
	{Facet: Agent, name: "agent", quarters: true, missing: &missing{All, inAll, unknownAgent},
		value: func(c *click.Click) (string, bool) { return AgentValue(c.Agent), !c.Bot && c.Agent.Known() },
		id: func(c *click.Click) (valueID, bool) {
			packed := c.Agent.Pack()
			return valueID{number: uint64(binary.BigEndian.Uint32(packed[:]))}, !c.Bot && c.Agent.Known()
		},
		text: &text{key: "agents", of: agentText, set: setAgent}},
	{Facet: Place, name: "place", quarters: true, missing: &missing{Country, countryOfPlace, unknownPlace}, other: otherPlaces,
		value: func(c *click.Click) (string, bool) {
			return PlaceValue(c.Place()), !c.Bot && (c.Region != "" || c.City != "")
		},
		id: func(c *click.Click) (valueID, bool) {
			return valueID{countryID(c), string(c.Region), string(c.City)}, !c.Bot && (c.Region != "" || c.City != "")
		},
		text: &text{key: "places", set: setPlace}},
}

// The numbers of facets and ledger lines in the first version; see layoutOf.
const (
	firstFacets = 5
	firstLines  = 9
)

// Extend adds a facet to this process, until undo is called. It is for tests: how
// does old data behave with a new facet? Nothing else may use this package until
// undo.
func Extend(name string, value func(click.Click) (string, bool)) (added Facet, undo func()) {
	before, laidOut := facets, layout
	added = Facet(len(facets) + 1)
	facets = append(slices.Clone(facets), facet{
		Facet: added, name: name,
		value: func(c *click.Click) (string, bool) { return value(*c) },
	})
	layout = layoutOf(facets)
	return added, func() { facets, layout = before, laidOut }
}

// Facets lists all facets in the order of their numbers.
func Facets() []Facet {
	all := make([]Facet, len(facets))
	for i := range facets {
		all[i] = facets[i].Facet
	}
	return all
}

func countryID(c *click.Click) uint64 { return uint64(c.Country[0])<<8 | uint64(c.Country[1]) }

// description returns the row of the facet; for a number without a facet, a row that counts
// nothing.
func (f Facet) description() *facet {
	if f == 0 || int(f) > len(facets) {
		return &facet{}
	}
	return &facets[f-1]
}

// String returns the facet's name in messages.
func (f Facet) String() string {
	if d := f.description(); d.Facet != 0 {
		return d.name
	}
	return "facet " + strconv.Itoa(int(f))
}

// In reports whether the facet has cells of the scope.
func (f Facet) In(s Scope) bool {
	d := f.description()
	return d.Facet != 0 && (!d.perUser || s.Link == click.AllLinks)
}

// Value returns the value of the click in the facet; empty if it does not count in the facet.
func (f Facet) Value(c *click.Click) string {
	d := f.description()
	if d.Facet == 0 {
		return ""
	}
	value, counts := d.value(c)
	if !counts {
		return ""
	}
	return value
}

// Single reports whether the empty value is the only one.
func (f Facet) Single() bool { return f.description().single }

// Complete reports whether the clicks of all values add up to those of All.
func (f Facet) Complete() bool { return f.description().complete }

// ByMinute reports whether the facet has cells of minutes.
func (f Facet) ByMinute() bool { d := f.description(); return d.Facet != 0 && !d.quarters }

// Capped reports whether the facet counts further values as other if a scope has too many
// different ones in a day. Their sum stays exact.
func (f Facet) Capped() bool { return f.description().other != nil }

// Other returns the value of a Capped facet under which clicks of further values count. A
// value that is its own Other is never replaced. Nor are those of a facet that is not capped.
func (f Facet) Other(value string) string {
	if other := f.description().other; other != nil {
		return other(value)
	}
	return value
}

// Missing returns how the clicks of people without a value are found: those of each value of
// another facet, which is complete, less those of the values that lie in it. false if the
// facet counts every click that it is about.
func (f Facet) Missing() (of Facet, in, unknown func(string) string, ok bool) {
	m := f.description().missing
	if m == nil {
		return 0, nil, nil, false
	}
	return m.of, m.in, m.unknown, true
}

// Each calls yield with the key of every cell that the click counts in, in slots
// of grain seconds.
func Each(c click.Click, grain int64, yield func(Key)) {
	slot := floor(c.Time, 1000*grain) / 1000
	user, link := Scope{User: c.User}, Scope{User: c.User, Link: c.Link}
	for i := range facets {
		f := &facets[i]
		if f.quarters && grain < QuarterHour {
			continue
		}
		value, counts := f.value(&c)
		if !counts {
			continue
		}
		yield(Key{user, f.Facet, slot, value})
		if !f.perUser {
			yield(Key{link, f.Facet, slot, value})
		}
	}
}
