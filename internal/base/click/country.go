package click

// Country is an ISO 3166-1 alpha-2 code in upper case. The zero value means
// that the country is unknown; only the faces spell that out.
type Country [2]byte

// ParseCountry takes two ASCII letters of either case. Anything else, the
// empty string included, is the unknown country.
func ParseCountry(s string) Country {
	if len(s) != 2 {
		return Country{}
	}
	var c Country
	for i := range c {
		b := s[i] &^ 0x20
		if b < 'A' || b > 'Z' {
			return Country{}
		}
		c[i] = b
	}
	return c
}

// Known tells whether c names a country.
func (c Country) Known() bool { return c != Country{} }

// String is the code, or "" where the country is unknown.
func (c Country) String() string {
	if !c.Known() {
		return ""
	}
	return string(c[:])
}
