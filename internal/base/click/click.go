// Package click holds the words of the house: what a click is, whose it is,
// where it came from, and the sentinel errors every floor shares.
//
// It refuses to do anything: no storage, no clocks, no zones, no wire format.
package click

import (
	"errors"
	"time"
)

// UserID names a user for good. Ids are never reused. Nobody owns aggregate
// links, so their clicks carry Nobody.
type UserID uint64

// Nobody is the owner of aggregate links.
const Nobody UserID = 0

// LinkID names a link, or an aggregate link, for good. Ids are never reused.
type LinkID uint64

// AllLinks in a scope means every link of the user.
const AllLinks LinkID = 0

// Hash is the path part of a short link: its name on every domain of the
// installation. A keyword, a name on one domain only, has the same type.
type Hash string

// Click is one resolved redirect.
type Click struct {
	// Time is when it happened, in milliseconds since the Unix epoch, UTC.
	Time int64
	// User owns Link; Nobody where Link is an aggregate link.
	User UserID
	Link LinkID
	// Country is where the visitor was; the zero value is unknown.
	Country Country
	// Referrer is the page the visitor came from; the zero value is direct.
	Referrer Referrer
	// Bot marks a click that no person made. It counts in the bot facet only.
	Bot bool
	// Imported marks a click that somebody else recorded.
	Imported bool
}

// Clicks before Earliest are refused: since October 1979 every offset of the
// IANA zone database is a multiple of 15 minutes, so that quarter-hours of UTC
// are exact in every zone.
var Earliest = time.Date(1980, time.January, 1, 0, 0, 0, 0, time.UTC)

// Latest is the first instant that no reference may name: the end of 2099.
var Latest = time.Date(2100, time.January, 1, 0, 0, 0, 0, time.UTC)

// The errors that cross floors. Lower floors wrap them with the operation that
// failed; the faces map each to the wire once.
var (
	// ErrNotFound: there is no such link, user, token or application.
	ErrNotFound = errors.New("not found")
	// ErrExists: the name or login is taken.
	ErrExists = errors.New("already exists")
	// ErrUnavailable: the store cannot answer now; trying again may help.
	ErrUnavailable = errors.New("temporarily unavailable")
)
