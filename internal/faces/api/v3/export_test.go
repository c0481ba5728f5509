package v3

import (
	"net/url"

	"github.com/footfall/footfall/internal/base/calendar"
)

// The parsers of parameters, and the writer of xml.
var (
	ParseBool  = parseBool
	IsCallback = isCallback
	ToXML      = toXML
	Spaced     = spaced
	Domain     = byDomain(nil).Group
	Known      = known
	Cell       = (&table{}).cell
)

// ParseQuery is parseQuery in the type of the standard library.
func ParseQuery(raw string) url.Values { return url.Values(parseQuery(raw)) }

// ParseInt is parseInt; ok if s is a number in an int64.
func ParseInt(s string) (n int64, ok bool) {
	n, kind := parseInt(s)
	return n, kind == aNumber
}

// ParseISO is parseISO in UTC.
func ParseISO(s string) (t int64, ok bool) {
	return parseISO(s, func() *calendar.Zone {
		z, err := calendar.Load("UTC")
		if err != nil {
			panic(err)
		}
		return z
	}, lastOfDay)
}

// MaxSkipped is maxSkipped.
const MaxSkipped = maxSkipped

// ParseBody is parseBody in the type of the standard library.
func ParseBody(contentType string, body []byte) (url.Values, error) {
	q, err := parseBody(contentType, body)
	return url.Values(q), err
}
