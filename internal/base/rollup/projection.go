package rollup

import (
	"strings"

	"github.com/footfall/footfall/internal/base/click"
)

// Projection is a way to list the clicks of a facet by a part of its values.
type Projection struct {
	// List is the name of the list: devices.
	List string
	// Columns are the names of the parts, the most particular one first: city, region,
	// country.
	Columns []string
	Facet   Facet
	// Distinct says that different values have different names, so that nothing is added up.
	Distinct bool
	// parts returns the parts of a value in the order of Columns. An unknown one is empty.
	parts func(value string) []string
}

// projections lists every projection. The methods of the API follow from it.
var projections = []Projection{
	{"devices", []string{"device"}, Agent, false, agentPart(func(a click.Agent) string { return a.Device.String() })},
	{"browsers", []string{"browser"}, Agent, false, agentPart(func(a click.Agent) string { return a.Browser.String() })},
	{"systems", []string{"system"}, Agent, false, agentPart(func(a click.Agent) string { return a.System.String() })},
	{"sources", []string{"source"}, Agent, false, agentPart(func(a click.Agent) string { return a.Source.String() })},
	{"cities", []string{"city", "region", "country"}, Place, true, func(v string) []string {
		p := ParsePlaceValue(v)
		return []string{string(p.City), string(p.Region), p.Country.String()}
	}},
	{"regions", []string{"region", "country"}, Place, false, func(v string) []string {
		p := ParsePlaceValue(v)
		return []string{string(p.Region), p.Country.String()}
	}},
	{"bots", []string{"bot"}, Bot, false, func(v string) []string { return []string{v} }},
}

func agentPart(of func(click.Agent) string) func(string) []string {
	return func(v string) []string { return []string{of(click.UnpackAgent(v))} }
}

// Projections lists every projection.
func Projections() []Projection { return projections }

// Name returns a text that is equal for values with the same parts.
func (p *Projection) Name(value string) string {
	parts := p.parts(value)
	for i, part := range parts {
		if part == "" {
			parts[i] = click.Unknown
		}
	}
	return strings.Join(parts, "\x00")
}

// Parts returns the parts of a name in the order of Columns.
func (p *Projection) Parts(name string) []string { return strings.Split(name, "\x00") }
