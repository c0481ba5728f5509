package click

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Place is where the address of a visitor is. Every part of the zero value is unknown.
type Place struct {
	Country Country
	Region  Region
	City    City
}

// Region is a first-level division of a country: its ISO 3166-2 code without the country
// and the hyphen, one to three letters or digits in upper case. The zero value is the unknown
// region.
type Region string

// ParseRegion returns the region of a code in any case, with or without the country: TX,
// US-TX. All other strings are the unknown region.
func ParseRegion(s string) Region {
	if len(s) > 3 && s[2] == '-' && ParseCountry(s[:2]).Known() {
		s = s[3:]
	}
	if len(s) < 1 || len(s) > 3 {
		return ""
	}
	for i := range len(s) {
		if c := s[i] | 0x20; (c < 'a' || c > 'z') && (s[i] < '0' || s[i] > '9') {
			return ""
		}
	}
	return Region(strings.ToUpper(s))
}

// MaxCityBytes is the maximum length of a City.
const MaxCityBytes = 64

// City is the name of a city as a database or a feed gives it: valid UTF-8 of at most
// MaxCityBytes without control characters, and not Unknown. The zero value is the unknown
// city.
type City string

// OtherCities stands for further cities when there are too many different ones.
const OtherCities City = "other"

// ParseCity makes a City of a name. Longer names are cut. Unknown and a name with a control
// character or bytes that are not UTF-8 are the unknown city.
func ParseCity(s string) City {
	s = strings.TrimSpace(s)
	if s == Unknown || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return ""
	}
	return City(strings.TrimSpace(cut(s, MaxCityBytes)))
}
