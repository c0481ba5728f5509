package geo

import (
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
)

func TestRegionNamed(t *testing.T) {
	for _, c := range []struct{ country, name, want string }{
		{"US", "California", "CA"}, {"US", "california", "CA"}, {"US", "District of Columbia", "DC"}, {"US", "Washington", "WA"},
		{"US", "", ""}, {"US", "Bavaria", ""}, {"", "California", ""}, {"US", "State", ""},
		// Accents, and letters that Unicode does not take apart.
		{"DE", "Baden-Wurttemberg", "BW"}, {"DE", "Baden-Württemberg", "BW"}, {"BR", "Sao Paulo", "SP"}, {"PL", "Lodz Voivodeship", "10"}, {"NO", "Ostfold", "31"}, {"JP", "Ōsaka", "27"},
		// Words that one name has and the other lacks.
		{"CA", "Province of Ontario", "ON"}, {"RU", "Tver’ Oblast", "TVE"}, {"AT", "State of Vienna", "9"}, {"BD", "Dhaka Division", "C"}, {"VN", "Ho Chi Minh City (HCMC)", "SG"},
		// The language of the country.
		{"DE", "Bayern", "BY"}, {"ES", "Andalucía", "AN"}, {"IT", "Lombardia", "25"}, {"DE", "Bavaria", "BY"},
		// A province and its capital with one name.
		{"RU", "Moscow", "MOW"}, {"RU", "Moscow Oblast", "MOS"}, {"MX", "Mexico City", "CMX"}, {"MX", "Mexico", "MEX"}, {"KZ", "Almaty", "75"}, {"KZ", "Almaty Region", "19"},
		{"AR", "Buenos Aires F.D.", "C"}, {"AR", "Buenos Aires", "B"}, {"BG", "Sofia-Capital", "22"}, {"CZ", "Prague", "10"},
		// Countries whose codes were given to other regions; provinces below groups of islands.
		{"IR", "Tehran", "23"}, {"IR", "East Azerbaijan", "03"}, {"MA", "Casablanca-Settat", "06"}, {"ID", "Jakarta", "JK"}, {"ID", "Maluku", "MA"},
		// Regions that were merged.
		{"FR", "Rhone-Alpes", "ARA"}, {"FR", "Ile-de-France", "IDF"},
		{"GB", "England", "ENG"}, {"IE", "Leinster", "L"}, {"HK", "Kowloon", ""},
		{"LA", "Viangchan", ""}, // the name of two
	} {
		if got := regionNamed(click.ParseCountry(c.country), c.name); string(got) != c.want {
			t.Errorf("%q in %q is %q, want %q", c.name, c.country, got, c.want)
		}
	}
}

func TestLegacyRegion(t *testing.T) {
	for _, c := range []struct{ country, code, want string }{
		{"US", "TX", "TX"}, {"CA", "QC", "QC"}, {"CA", "TX", ""}, {"US", "AP", ""}, {"US", "", ""}, {"", "TX", ""},
		{"GB", "H9", "ENG"}, {"GB", "V2", "SCT"}, {"GB", "R3", "NIR"}, {"GB", "X5", "WLS"}, {"JP", "40", "13"}, {"DE", "02", "BY"}, {"FR", "B9", "ARA"}, {"NO", "07", "46"},
		{"HK", "00", ""}, {"DE", "99", ""}, {"DE", "BY", ""}, {"#", "#", ""},
	} {
		if got := LegacyRegion(click.ParseCountry(c.country), c.code); string(got) != c.want {
			t.Errorf("%q in %q is %q, want %q", c.code, c.country, got, c.want)
		}
	}
}

// TestRegionLists: each line has a region, every name of our own list leads to it, and every
// region of FIPS 10-4 is in the list of names. No code has two regions.
func TestRegionLists(t *testing.T) {
	all, old := map[string]bool{}, map[string]bool{}
	for _, list := range []string{"regions.txt", "spellings.txt", "fips.txt"} {
		text, last := map[string]string{"regions.txt": standardNames, "spellings.txt": spellings, "fips.txt": fips}[list], ""
		for line := range strings.Lines(text) {
			line = strings.TrimSuffix(line, "\n")
			if strings.HasPrefix(line, "#") {
				continue
			}
			code, names, ok := strings.Cut(line, " ")
			at, region, _ := strings.Cut(code, "-")
			if !ok || code <= last || !country(at).Known() || string(click.ParseRegion(region)) != region || names == "" {
				t.Errorf("%s: %q is no region, or is not after %s", list, line, last)
			}
			last = code
			if list == "fips.txt" {
				for _, c := range strings.Fields(names) {
					if !all[code] || old[at+c] || len(c) != 2 {
						t.Errorf("%s: %q is an unknown region, or %s has two", list, line, c)
					}
					old[at+c] = true
				}
				continue
			}
			all[code] = true
			for name := range strings.SplitSeq(names, "|") {
				if got := regionNamed(country(at), name); list == "spellings.txt" && string(got) != region {
					t.Errorf("%s: %q leads to %q", list, line, got)
				}
			}
		}
	}
}
