package rollup_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// TestFacets: every facet keeps the rules that other packages depend on.
func TestFacets(t *testing.T) {
	seedtest.Check(t, func(t *rapid.T) {
		c := click.Click{
			Link: 7, Bot: rapid.Bool().Draw(t, "bot"),
			Country:   click.ParseCountry(rapid.SampledFrom([]string{"", "US", "DE"}).Draw(t, "country")),
			Region:    rapid.SampledFrom([]click.Region{"", "TX", "9"}).Draw(t, "region"),
			City:      rapid.SampledFrom([]click.City{"", "Austin", "a/b", click.OtherCities}).Draw(t, "city"),
			Referrer:  rapid.SampledFrom([]click.Referrer{"", "other", "http://t.co/"}).Draw(t, "referrer"),
			BotFamily: rapid.SampledFrom([]click.BotFamily{"", "Googlebot"}).Draw(t, "family"),
			Agent: click.Agent{
				Device: click.Device(rapid.Uint8Range(0, 5).Draw(t, "device")), Browser: click.Browser(rapid.Uint8Range(0, 9).Draw(t, "browser")),
				System: click.System(rapid.Uint8Range(0, 9).Draw(t, "system")), Source: click.Source(rapid.Uint8Range(0, 2).Draw(t, "source")),
			},
		}
		for _, f := range rollup.Facets() {
			v := f.Value(&c)
			other := f.Other(v)
			if f.Other(other) != other || !f.Capped() && other != v {
				t.Fatalf("the other of %s %q is %q, whose other is %q", f, v, other, f.Other(other))
			}
			of, in, unknown, ok := f.Missing()
			switch {
			case !ok:
			case f.Complete(), !of.Complete():
				t.Fatalf("%s divides %s: the first must not be complete, and the second must", f, of)
			case v != "" && (in(v) != of.Value(&c) || in(other) != in(v)):
				t.Fatalf("%s %q lies in %s %q, its other in %q, and the click in %q", f, v, of, in(v), in(other), of.Value(&c))
			case in(unknown(of.Value(&c))) != of.Value(&c):
				t.Fatalf("the clicks of %s %q that %s does not count are %q", of, of.Value(&c), f, unknown(of.Value(&c)))
			}
		}
		copied := click.Click{Link: c.Link, Bot: c.Bot}
		for _, e := range rollup.Exports() {
			v := e.Value(&c)
			if v == "" && !e.Complete() {
				continue
			}
			if err := e.Set(&copied, e.Name(v)); err != nil || e.Value(&copied) != v {
				t.Fatalf("%s %q is exported as %q, and comes back as %q, %v", e.Facet, v, e.Name(v), e.Value(&copied), err)
			}
		}
	})
}

func TestProjections(t *testing.T) {
	agent := rollup.AgentValue(click.Agent{Device: click.TV, Browser: click.Silk, System: click.Android, Source: click.FromLink})
	for _, c := range []struct {
		list, value string
		want        []string
	}{
		{"devices", agent, []string{"tv"}}, {"browsers", agent, []string{"Silk"}}, {"systems", agent, []string{"Android"}}, {"sources", agent, []string{"link"}},
		{"devices", rollup.AgentValue(click.Agent{}), []string{"unknown"}},
		{"cities", "US/TX/Austin", []string{"Austin", "TX", "US"}}, {"cities", "//a/b", []string{"a/b", "unknown", "unknown"}},
		{"cities", "", []string{"unknown", "unknown", "unknown"}}, {"regions", "US/TX/Austin", []string{"TX", "US"}},
		{"bots", "", []string{"unknown"}}, {"bots", "Googlebot", []string{"Googlebot"}},
	} {
		i := slices.IndexFunc(rollup.Projections(), func(p rollup.Projection) bool { return p.List == c.list })
		p := rollup.Projections()[i]
		if got := p.Parts(p.Name(c.value)); !slices.Equal(got, c.want) || len(got) != len(p.Columns) {
			t.Errorf("%q in %s is %q, want %q", c.value, c.list, got, c.want)
		}
	}
}
