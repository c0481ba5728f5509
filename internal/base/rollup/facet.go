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
	Link     Facet = 4 // value: the link's id, 8 bytes big-endian; user scopes only
	Bot      Facet = 5 // every click of a bot; one empty value
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
	// value is under which value a click counts, and whether it counts at all.
	value func(click.Click) (string, bool)
}

// facets describes every facet, in the order of their numbers. To add one, give
// it the next number above and a line here, and raise pebble.Version, so that an
// older binary refuses the data. If click.Click does not have the value yet, add it
// there and to the record of the journal first (recorder/codec.go). The cells
// of a click, the lines of a ledger, and what the engines accept follow from this table.
// What is exported does not: see feed/export.go and feed/ndjson.go.
//
// Journals and counts are older than a new facet. So its value must not count
// clicks that were recorded before the facet existed: their segments are
// verified against ledgers of that time. And it is not complete.
var facets = []facet{
	{Facet: All, name: "all", single: true, complete: true,
		value: func(c click.Click) (string, bool) { return "", !c.Bot }},
	{Facet: Country, name: "country", complete: true,
		value: func(c click.Click) (string, bool) { return c.Country.String(), !c.Bot }},
	{Facet: Referrer, name: "referrer", complete: true,
		value: func(c click.Click) (string, bool) { return string(c.Referrer), !c.Bot }},
	{Facet: Link, name: "link", perUser: true, complete: true,
		value: func(c click.Click) (string, bool) { return LinkValue(c.Link), !c.Bot }},
	{Facet: Bot, name: "bot", single: true,
		value: func(c click.Click) (string, bool) { return "", c.Bot }},
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
	facets = append(slices.Clone(facets), facet{Facet: added, name: name, value: value})
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

// description returns what the facet counts; nil if there is no such facet.
func (f Facet) description() *facet {
	if f == 0 || int(f) > len(facets) {
		return nil
	}
	return &facets[f-1]
}

// String returns the facet's name in messages.
func (f Facet) String() string {
	if d := f.description(); d != nil {
		return d.name
	}
	return "facet " + strconv.Itoa(int(f))
}

// In reports whether the facet has cells of the scope.
func (f Facet) In(s Scope) bool {
	d := f.description()
	return d != nil && (!d.perUser || s.Link == click.AllLinks)
}

// Single reports whether the empty value is the only one.
func (f Facet) Single() bool {
	d := f.description()
	return d != nil && d.single
}

// Complete reports whether the clicks of all values add up to those of All.
func (f Facet) Complete() bool {
	d := f.description()
	return d != nil && d.complete
}

// Each calls yield with the key of every cell that the click counts in, in slots
// of grain seconds.
func Each(c click.Click, grain int64, yield func(Key)) {
	slot := floor(c.Time, 1000*grain) / 1000
	user, link := Scope{User: c.User}, Scope{User: c.User, Link: c.Link}
	for i := range facets {
		f := &facets[i]
		value, counts := f.value(c)
		if !counts {
			continue
		}
		yield(Key{user, f.Facet, slot, value})
		if !f.perUser {
			yield(Key{link, f.Facet, slot, value})
		}
	}
}

// LinkValue returns the value of a link in facet Link.
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
