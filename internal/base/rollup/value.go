package rollup

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/footfall/footfall/internal/base/click"
)

// LinkValue returns the value of a link in facet Link: its id, 8 bytes big-endian.
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

// AgentValue returns the value of an agent in facet Agent: four bytes, see click.Agent.Pack.
func AgentValue(a click.Agent) string {
	packed := a.Pack()
	return string(packed[:])
}

// PlaceValue returns the value of a place in facet Place: country, region and city with a
// slash after the country and after the region. Unknown parts are empty: US/TX/Austin,
// FR//Paris.
func PlaceValue(p click.Place) string {
	return p.Country.String() + "/" + string(p.Region) + "/" + string(p.City)
}

// ParsePlaceValue undoes PlaceValue.
func ParsePlaceValue(v string) click.Place {
	country, rest, _ := strings.Cut(v, "/")
	region, city, _ := strings.Cut(rest, "/")
	return click.Place{Country: click.ParseCountry(country), Region: click.Region(region), City: click.City(city)}
}

// The values under which further values count.

func otherReferrers(string) string { return string(click.OtherReferrers) }

func otherPlaces(place string) string {
	return countryOfPlace(place) + "//" + string(click.OtherCities)
}

// The values of clicks without one.

func inAll(string) string { return "" }

func unknownAgent(string) string { return AgentValue(click.Agent{}) }

func countryOfPlace(place string) string {
	country, _, _ := strings.Cut(place, "/")
	return country
}

func unknownPlace(country string) string { return country + "//" }

// text says how the values of a facet are exported as names and numbers, and how such a name
// is imported.
type text struct {
	key   string // of the object of names and numbers
	empty string // the name of the empty value
	// of returns the name of a value; nil: the value itself.
	of func(value string) string
	// set gives the click the value with that name, or fails.
	set func(c *click.Click, name string) error
	// bots says that the clicks are those of bots.
	bots bool
}

// Exported is how the clicks of a facet are written in an export: as an object under Key,
// with the clicks of each value by its name.
type Exported struct {
	Facet
	Key string
	// Bots says that the clicks are those of bots, not of people.
	Bots bool
	text *text
}

// Exports lists the facets that are exported, in the order of their numbers.
func Exports() []Exported {
	var all []Exported
	for i := range facets {
		if t := facets[i].text; t != nil {
			all = append(all, Exported{facets[i].Facet, t.key, t.bots, t})
		}
	}
	return all
}

// Name returns the name of a value.
func (e Exported) Name(value string) string {
	switch {
	case value == "":
		return e.text.empty
	case e.text.of != nil:
		return e.text.of(value)
	}
	return value
}

// Set gives the click the value with the name. It fails if no value has that name. A click
// with a place must have the country of the place already.
func (e Exported) Set(c *click.Click, name string) error {
	if name == e.text.empty {
		name = ""
	}
	return e.text.set(c, name)
}

func setCountry(c *click.Click, name string) error {
	c.Country = click.ParseCountry(name)
	if !c.Country.Known() && name != "" {
		return fmt.Errorf("%.100q is not a country: two letters are expected, or None", name)
	}
	return nil
}

func setReferrer(c *click.Click, name string) error {
	c.Referrer = click.ParseReferrer(name)
	return nil
}

func setBotFamily(c *click.Click, name string) error {
	c.BotFamily = click.BotFamily(name)
	return nil
}

func agentText(value string) string {
	a := click.UnpackAgent(value)
	return strings.Join([]string{a.Device.String(), a.Browser.String(), a.System.String(), a.Source.String()}, "/")
}

func setAgent(c *click.Click, name string) error {
	parts := strings.Split(name, "/")
	if len(parts) != 4 {
		return fmt.Errorf("%.100q is not an agent: device/browser/system/source is expected", name)
	}
	a := click.Agent{
		Device: click.ParseDevice(parts[0]), Browser: click.ParseBrowser(parts[1]),
		System: click.ParseSystem(parts[2]), Source: click.ParseSource(parts[3]),
	}
	if AgentValue(a) == unknownAgent("") {
		return fmt.Errorf("%.100q is not an agent: no part of it is known", name)
	}
	c.Agent = a
	return nil
}

func setPlace(c *click.Click, name string) error {
	p := ParsePlaceValue(name)
	if p.Region == click.Unknown {
		p.Region = ""
	}
	if p.City == click.Unknown {
		p.City = ""
	}
	c.Region, c.City = click.ParseRegion(string(p.Region)), click.ParseCity(string(p.City))
	if c.Place() != p || c.Region == "" && c.City == "" {
		return fmt.Errorf("%.100q is not a place: country/region/city is expected", name)
	}
	return nil
}
