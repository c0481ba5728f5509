package click

// Country is an ISO 3166-1 alpha-2 code in upper case. The zero value is the unknown
// country.
type Country [2]byte

// ParseCountry returns the country of two ASCII letters in any case. All other strings are
// the unknown country.
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

// Known reports whether the country is known.
func (c Country) Known() bool { return c != Country{} }

// String returns the code; empty if the country is unknown.
func (c Country) String() string {
	if !c.Known() {
		return ""
	}
	return string(c[:])
}
