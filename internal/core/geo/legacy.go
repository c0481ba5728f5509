package geo

import (
	_ "embed"
	"strings"
	"sync"

	"github.com/footfall/footfall/internal/base/click"
)

// fips has a region on each line: its code of ISO 3166-2, and its codes of FIPS 10-4.
//
//go:embed fips.txt
var fips string

// legacyCodes has the regions of the codes that LegacyRegion takes, with the country in
// front: GB-H9.
var legacyCodes = sync.OnceValue(func() map[string]click.Region {
	regions := map[string]click.Region{}
	for _, list := range []string{standardNames, fips} {
		for line := range strings.Lines(list) {
			code, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
			country, region, _ := strings.Cut(code, "-")
			switch {
			case code == "#":
			case country == "US" || country == "CA":
				regions[code] = click.Region(region)
			case list == fips:
				for old := range strings.FieldsSeq(rest) {
					regions[country+"-"+old] = click.Region(region)
				}
			}
		}
	}
	return regions
})

// LegacyRegion returns the region of a country by its code in MaxMind's databases before GeoIP2
// (2012), which Bitly used: of ISO 3166-2 in the United States and in Canada, and of FIPS 10-4
// elsewhere. Codes that are in neither are the unknown region.
func LegacyRegion(country click.Country, code string) click.Region {
	if !country.Known() {
		return ""
	}
	return legacyCodes()[country.String()+"-"+code]
}
