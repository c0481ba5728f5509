package calendar

import (
	"errors"
	"fmt"
	"time"
)

// ErrUnit means that there is no unit with that name.
var ErrUnit = errors.New("no such unit")

// Unit is a length of time. The zero value is not a unit, and edges of it panic.
type Unit uint8

// The units of Bitly's API v3.
const (
	Minute Unit = iota + 1 // 60 s
	Hour                   // 3,600 s
	Day                    // a date of the zone
	Week                   // from Sunday
	MWeek                  // from Monday
	Month                  // from the 1st
)

var unitNames = [...]string{Minute: "minute", Hour: "hour", Day: "day", Week: "week", MWeek: "mweek", Month: "month"}

// ParseUnit returns the unit with that name on the wire, which is case-sensitive. It fails
// with ErrUnit if there is none.
func ParseUnit(name string) (Unit, error) {
	for u := Minute; u <= Month; u++ {
		if unitNames[u] == name {
			return u, nil
		}
	}
	return 0, fmt.Errorf("calendar: parse unit %q: %w", name, ErrUnit)
}

// String returns the unit's name on the wire.
func (u Unit) String() string {
	if u < Minute || u > Month {
		return fmt.Sprintf("unit %d", uint8(u))
	}
	return unitNames[u]
}

// fixed is the length of a unit in seconds; 0 if it varies.
func (u Unit) fixed() int64 {
	switch u {
	case Minute:
		return 60
	case Hour:
		return 3600
	}
	return 0
}

// Dates are days since 1970-01-01, a Thursday. Units that consist of dates are numbered,
// from any origin: number is that of the unit that contains a date, and first is the
// first date of the unit with that number.

func (u Unit) number(date int64) int64 {
	switch u {
	case Day:
		return date
	case Week:
		return floorDiv(date+4, 7)
	case MWeek:
		return floorDiv(date+3, 7)
	case Month:
		y, m, _ := time.Unix(date*secondsPerDay, 0).UTC().Date()
		return int64(y)*12 + int64(m)
	}
	panic("calendar: not a unit of dates: " + u.String())
}

func (u Unit) first(number int64) int64 {
	switch u {
	case Day:
		return number
	case Week:
		return number*7 - 4
	case MWeek:
		return number*7 - 3
	case Month:
		// time.Date accepts months above 12.
		return floorDiv(time.Date(0, time.Month(number), 1, 0, 0, 0, 0, time.UTC).Unix(), secondsPerDay)
	}
	panic("calendar: not a unit of dates: " + u.String())
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func floorMod(a, b int64) int64 { return a - floorDiv(a, b)*b }
