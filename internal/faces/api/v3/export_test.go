package v3

import (
	"net/url"

	"github.com/footfall/footfall/internal/base/argument"
	"github.com/footfall/footfall/internal/base/calendar"
)

// The parsers of parameters, and the writer of xml.
var (
	ParseBool  = argument.Bool
	IsCallback = isCallback
	ToXML      = toXML
	Spaced     = spaced
	Domain     = byDomain(nil).Group
	Known      = known
	Cell       = (&table{}).cell
)

// ParseQuery is parseQuery in the type of the standard library.
func ParseQuery(raw string) url.Values { return url.Values(parseQuery(raw)) }

// ParseInt is argument.Int; ok if s is a number in an int64.
func ParseInt(s string) (n int64, ok bool) {
	n, kind := argument.Int(s)
	return n, kind == argument.ANumber
}

// ParseISO is argument.ISO in UTC.
func ParseISO(s string) (t int64, ok bool) {
	return argument.ISO(s, func() *calendar.Zone {
		z, err := calendar.Load("UTC")
		if err != nil {
			panic(err)
		}
		return z
	}, argument.LastOfDay)
}

// MaxSkipped is maxSkipped.
const MaxSkipped = maxSkipped

// ParseBody is parseBody in the type of the standard library.
func ParseBody(contentType string, body []byte) (url.Values, error) {
	q, err := parseBody(contentType, body)
	return url.Values(q), err
}
