package feed_test

import (
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
)

// TestBitlyPlaces: city and region come from the feed. A click with others counts all the same.
func TestBitlyPlaces(t *testing.T) {
	us, gb := click.Country{'U', 'S'}, click.Country{'G', 'B'}
	for _, c := range []struct {
		fields string
		want   click.Place
	}{
		{`,"c":"US","gr":"TX","cy":"Houston"`, click.Place{Country: us, Region: "TX", City: "Houston"}},
		{`,"c":"CA","gr":"QC","cy":"Montr\u00e9al"`, click.Place{Country: click.Country{'C', 'A'}, Region: "QC", City: "Montréal"}},
		{`,"c":"US","gr":"AP"`, click.Place{Country: us}}, // of the post of the armed forces
		{`,"c":"US","gr":null,"cy":null`, click.Place{Country: us}},
		{`,"c":"US","gr":7,"cy":["x"]`, click.Place{Country: us}},
		{`,"c":"US","cy":"a\u0007b"`, click.Place{Country: us}},
		{`,"c":"US","cy":"` + strings.Repeat("x", 99) + `"`, click.Place{Country: us, City: click.City(strings.Repeat("x", click.MaxCityBytes))}},
		{`,"c":"GB","gr":"H9","cy":"London"`, click.Place{Country: gb, Region: "ENG", City: "London"}},
		{`,"c":"GB","gr":"00","cy":"London"`, click.Place{Country: gb, City: "London"}},
		{`,"c":null,"gr":"TX","cy":"Houston"`, click.Place{}},
	} {
		tape := newTape()
		_, rejected := imports(t, importer(tape), "bitly-feed", line(1360000000, c.fields)+"\n")
		if len(rejected) > 0 || len(tape.clicks) != 1 || tape.clicks[0].Place() != c.want {
			t.Errorf("%s is imported as %+v, %v, want %+v", c.fields, tape.clicks, rejected, c.want)
		}
	}
}
