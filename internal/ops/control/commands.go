package control

import (
	"io"

	"github.com/footfall/footfall/internal/faces/feed"
	"github.com/footfall/footfall/internal/ops/datadir"
	"github.com/footfall/footfall/internal/storage/backup"
	"github.com/footfall/footfall/internal/storage/store"
)

// The commands about users. A login that is not in use is an UnknownUserError.
var (
	// AddUser makes a user and answers a token for them. ExistsError.
	AddUser = declare[string, None, string]("user/add")
	// AddToken answers another token of a user. auth.ErrTokenName.
	AddToken = declare[NewToken, None, string]("user/add-token")
	// RevokeToken removes one token of a user. click.ErrNotFound if they do not have
	// it.
	RevokeToken = declare[TokenOf, None, None]("user/revoke-token")
	// RevokeAllTokens removes all tokens of a user, and answers how many they had.
	RevokeAllTokens = declare[string, None, int]("user/revoke-all-tokens")
	// SetPassword gives a user another password. auth.ErrPasswordForm.
	SetPassword = declare[PasswordOf, None, None]("user/set-password")
	// Invite answers the address at which a user sets a password, once.
	Invite = declare[string, None, string]("user/invite")
	// SetAdmin lets a user manage the server, or not any more.
	SetAdmin = declare[Role, None, None]("user/set-admin")
	// SetDisabled refuses all credentials of a user, or accepts them again.
	SetDisabled = declare[Role, None, None]("user/set-disabled")
	// APIKey answers the apiKey of a user.
	APIKey = declare[string, None, string]("user/api-key")
	// NewAPIKey gives a user another apiKey, in place of the last one, and answers it.
	NewAPIKey = declare[string, None, string]("user/new-api-key")
	// ListUsers answers one page of users, ordered by login, after the given login.
	ListUsers = declare[string, None, []User]("user/list")
	// CountUserClicks answers the number of clicks that DeleteUser would remove.
	CountUserClicks = declare[string, None, uint64]("user/count-clicks")
	// DeleteUser removes a user, with their tokens, links and clicks.
	DeleteUser = declare[string, None, datadir.Removal]("user/delete")
)

// The commands about links. A link that does not exist is an UnknownLinkError.
var (
	// AddLink makes a short link, unless the user has it, and answers it.
	AddLink = declare[NewLink, None, AddedLink]("link/make")
	// EditLink changes a link, and answers it as it is then.
	EditLink = declare[EditOf, None, Link]("link/edit")
	// LinkHistory answers where a link has led, newest first.
	LinkHistory = declare[string, None, []Version]("link/history")
	// ListLinks reports each link of a user, newest first. UnknownUserError.
	ListLinks = declare[LinksOf, Link, None]("link/list")
	// CountLinkClicks answers the number of clicks that DeleteLink would remove. A
	// link is named by its hash or its short URL.
	CountLinkClicks = declare[string, None, uint64]("link/count-clicks")
	// DeleteLink removes a link, named by its hash or its short URL.
	DeleteLink = declare[string, None, datadir.Removal]("link/delete")
	// Stats sums up clicks. UnknownUserError, ErrTimezone.
	Stats = declare[StatsOptions, None, StatsOf]("stats")
)

// The commands about everything in the directory.
var (
	// Import imports one input, and reports each line that it rejects.
	Import = declare[ImportOf, feed.Rejected, feed.Result]("import")
	// ImportLinks makes the links of one CSV file. It reports each link that it rejects; in
	// a dry run, every link. UnknownUserError, feed.ColumnsError.
	ImportLinks = declare[ImportLinksOf, feed.LinkRow, feed.LinksResult]("import-links")
	// Export reports users, links and counts, or clicks, as pieces of NDJSON.
	Export = declare[ExportOptions, []byte, None]("export")
	// Backup adds a backup to a directory.
	Backup = declare[BackupTo, None, backup.Manifest]("backup")
	// Check reports a sentence for each fault.
	Check = declare[None, string, datadir.Verdict]("check")
	// Repair repairs what it can without a loss while the owner serves, and reports a
	// sentence for each fault that it repaired or left.
	Repair = declare[None, string, None]("repair")
	// Health answers with a line or two for people. ErrNotServing.
	Health = declare[None, None, string]("health")
	// Debug reports pieces of a profile of the process, in the form of Go's pprof.
	Debug = declare[Profile, []byte, None]("debug")
)

// NewToken is a token to make. Name says what it is for; it may be empty.
type NewToken struct{ Login, Name string }

// TokenOf is a token of a user.
type TokenOf struct{ Login, Token string }

// Role is whether a user has a role.
type Role struct {
	Login string
	On    bool
}

// PasswordOf is a password of a user.
type PasswordOf struct{ Login, Password string }

// User is a user in ListUsers.
type User struct {
	store.User
	Tokens int // the number of valid tokens
}

// NewLink is a link to make.
type NewLink struct {
	Login, LongURL string
	// Domain is that of the short URL; the default one if empty.
	Domain string
	// Name is a name that the link gets; none if empty. It is valid on NameDomain, or on
	// every domain if that is empty.
	Name, NameDomain string
	LinkDetails
}

// AddedLink is the answer of AddLink.
type AddedLink struct {
	Link string // its short URL
	Made bool   // the user did not have it before, and it has the details
	// Expired is true after the time at which the link ends.
	Expired bool
}

// EditOf is a change of a link.
type EditOf struct {
	Link   string // its hash or its short URL
	Domain string // of the short URL in the answer
	// To is where the link leads from now on, if it is not empty; or Version is the
	// number of a version to which it leads back, if it is not 0.
	To      string
	Version int64
	LinkDetails
}

// LinkDetails are the details of a link that a command sets: those that are not nil.
type LinkDetails struct {
	Title, Note *string
	Archived    *bool
	// Expires is an instant as the API takes it, in UTC unless it has an offset, or
	// empty for never.
	Expires    *string
	ExpiredURL *string // empty for none
	MaxClicks  *int64  // 0 for no maximum
	// Tags are all tags of the link.
	Tags         *[]string
	ForwardQuery *store.Choice
}

// Any reports whether any detail is set.
func (d *LinkDetails) Any() bool { return *d != LinkDetails{} }

// Version is where a link leads, or led: a line of LinkHistory.
type Version struct {
	Version int64  `json:"version"`
	Since   int64  `json:"since"` // Unix second
	LongURL string `json:"long_url"`
}

// LinksOf is the parameter of ListLinks.
type LinksOf struct {
	Login string // whose links; empty for those of all users, ordered by login
	Tag   string // that links must have; empty for any link
	// Domain is that of short URLs; the default one if empty.
	Domain string
}

// Link is a link in ListLinks.
type Link struct {
	Link string `json:"link"` // its short URL
	// KeywordLink is the short URL with its oldest name; empty if people chose none.
	KeywordLink string `json:"keyword_link,omitempty"`

	Clicks  uint64 `json:"clicks"`
	Login   string `json:"login"`
	LongURL string `json:"long_url"`
	// Title is empty if the user gave none.
	Title     string   `json:"title,omitempty"`
	CreatedAt int64    `json:"created_at"` // Unix second
	Private   bool     `json:"private"`
	Archived  bool     `json:"archived"`
	Tags      []string `json:"tags"`
	// Expires is a Unix second, and MaxClicks a number of clicks; 0 is no end.
	Expires      int64  `json:"expires,omitempty"`
	MaxClicks    int64  `json:"max_clicks,omitempty"`
	ExpiredURL   string `json:"expired_url,omitempty"`
	ForwardQuery string `json:"forward_query,omitempty"` // on or off; empty for the server's
}

// StatsOptions is the parameter of Stats.
type StatsOptions struct {
	Login string // all users, if empty
	// Timezone is the zone in which days begin, as the API takes it.
	Timezone string
	// Domain is that of short URLs; the default one if empty.
	Domain string
	// Top is the number of links that are named, those with most clicks.
	Top int
}

// StatsOf is the answer of Stats.
type StatsOf struct {
	// Login is empty for a summary of all users.
	Login    string    `json:"login,omitempty"`
	Timezone string    `json:"timezone"`
	Users    int       `json:"users"`
	Links    int       `json:"links"`
	Clicks   Spans     `json:"clicks"` // without those of bots
	Bots     Spans     `json:"bots"`
	TopLinks []TopLink `json:"top_links"`
}

// Spans is the number of clicks in spans of days that end today.
type Spans struct {
	Today  uint64 `json:"today"`
	Days7  uint64 `json:"last_7_days"`
	Days30 uint64 `json:"last_30_days"`
	All    uint64 `json:"all"`
}

// TopLink is a link and the number of its clicks, without those of bots, of all
// time.
type TopLink struct {
	Link    string `json:"link"`
	Clicks  uint64 `json:"clicks"`
	Login   string `json:"login"`
	LongURL string `json:"long_url"`
}

// ImportOf is one input of Import: clicks that others recorded.
type ImportOf struct {
	Format string // one of feed.Formats()
	Input  `json:"-"`
}

// ImportLinksOf is one input of ImportLinks: links of another program.
type ImportLinksOf struct {
	feed.LinksOptions
	Input `json:"-"`
}

// Input is a stream of any length that a command reads.
type Input struct{ io.Reader }

func (i *Input) input() *io.Reader { return &i.Reader }

// ExportOptions is the parameter of Export.
type ExportOptions struct {
	Clicks bool // each click that the journal has, instead of the counts
}

// BackupTo is the parameter of Backup.
type BackupTo struct {
	Dir  string // the directory of backups
	Keep int    // how many backups to keep there; older ones are removed
}

// Profile is the parameter of Debug.
type Profile struct {
	// Name is cpu, or a profile of package runtime/pprof: goroutine, heap, …
	Name string
	// Seconds is the duration of a cpu profile.
	Seconds int
	// Text asks for a form that people can read. A cpu profile has none.
	Text bool
}
