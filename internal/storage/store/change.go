package store

import "github.com/footfall/footfall/internal/base/click"

// Change says what a transaction of another process changed in links and users, so that
// earlier answers are not used again.
type Change struct {
	// All is set if anything may have changed.
	All bool
	// Users are users whose tokens, apiKey or name changed, and deleted users.
	Users []click.UserID
	// Owners are users any of whose links may have changed.
	Owners []click.UserID
	// Links were edited or deleted.
	Links []click.LinkID
	// Aggregates is set if aggregate links were deleted.
	Aggregates bool
	// Names are hashes of new links and aggregate links.
	Names []click.Hash
	// Keywords were given to links. Their Link is not set.
	Keywords []Keyword
}

// Empty reports whether the change concerns no answers that are remembered.
func (c *Change) Empty() bool {
	return !c.All && !c.Aggregates && len(c.Users)+len(c.Owners)+len(c.Links)+len(c.Names)+len(c.Keywords) == 0
}

// Add adds another change, which came later.
func (c *Change) Add(o Change) {
	c.All, c.Aggregates = c.All || o.All, c.Aggregates || o.Aggregates
	c.Users, c.Owners = append(c.Users, o.Users...), append(c.Owners, o.Owners...)
	c.Links, c.Names = append(c.Links, o.Links...), append(c.Names, o.Names...)
	c.Keywords = append(c.Keywords, o.Keywords...)
}
