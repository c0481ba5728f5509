// Package click has the types that all packages share: a click, the ids of links and
// users, countries and referrers; and the errors that cross packages.
//
// It has no storage, clocks, time zones or wire formats.
package click

import (
	"errors"
	"time"
)

// UserID identifies a user. Ids are never reused.
type UserID uint64

// Nobody is the user of aggregate links, which have no owner.
const Nobody UserID = 0

// LinkID identifies a link or an aggregate link. Ids are never reused.
type LinkID uint64

// AllLinks in a scope means all links of the user.
const AllLinks LinkID = 0

// Hash is the path of a short link: its name on every domain of the installation. A
// keyword, which is a name on one domain only, has the same type.
type Hash string

// Click is one resolved redirect.
type Click struct {
	// Time is in milliseconds since the Unix epoch, UTC.
	Time int64
	// User is the owner of Link; Nobody if Link is an aggregate link.
	User UserID
	Link LinkID
	// Country, Region and City are where the visitor's address is; the zero values are
	// unknown.
	Country Country
	Region  Region
	City    City
	// Agent is what the visit was made with; the zero value is unknown, and that of bots.
	Agent Agent
	// Referrer is the page the visitor came from; the zero value is direct.
	Referrer Referrer
	// Bot marks a click by a bot. It counts in the bot facet only.
	Bot bool
	// BotFamily is the name of the bot, from a bounded list; empty if it is unknown or the
	// click is not a bot's.
	BotFamily BotFamily
	// Imported marks a click that another server recorded.
	Imported bool
}

// BotFamily is the name of a bot, such as Googlebot. The zero value is unknown. The names are
// a list of package bot; OtherBots stands for all others.
type BotFamily string

// OtherBots are bots that the list does not name.
const OtherBots BotFamily = "other"

// Place returns where the visitor's address is.
func (c *Click) Place() Place { return Place{c.Country, c.Region, c.City} }

// Earliest is the time of the first click that is accepted. Since October 1979 every
// offset of the IANA zone database is a multiple of 15 minutes, so counts per
// quarter-hour of UTC are exact in every zone.
var Earliest = time.Date(1980, time.January, 1, 0, 0, 0, 0, time.UTC)

// Latest is the end of 2099. All instants in questions are before it.
var Latest = time.Date(2100, time.January, 1, 0, 0, 0, 0, time.UTC)

// The errors that cross packages. They are wrapped with the operation that failed, and
// each API maps them to its answers.
var (
	// ErrNotFound means that there is no such link, user or token.
	ErrNotFound = errors.New("not found")
	// ErrExists means that the name or login is taken.
	ErrExists = errors.New("already exists")
	// ErrUnavailable means that the store cannot answer now; a retry may succeed.
	ErrUnavailable = errors.New("temporarily unavailable")
)
