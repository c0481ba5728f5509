package store

import (
	"context"

	"github.com/footfall/footfall/click"
)

// Link is a short link: a hash that leads to a long URL and has an owner.
type Link struct {
	ID   click.LinkID
	User click.UserID
	Hash click.Hash
	// Aggregate and AggregateHash name the aggregate link of the same long
	// URL. An aggregate link is its own aggregate, and User is click.Nobody.
	Aggregate     click.LinkID
	AggregateHash click.Hash
	LongURL       string
	// Created is a Unix second.
	Created int64
}

// ForeignLink is a link as another installation named it.
type ForeignLink struct {
	Login         string
	Hash          click.Hash
	AggregateHash click.Hash
	LongURL       string
	Created       int64 // Unix second
	// Domain and Keyword are a custom name of the link; both or none.
	Domain  string
	Keyword click.Hash
}

// Links keeps links. A call that returns without error is durable.
// Implementations are safe for concurrent use.
type Links interface {
	// ImportLinks makes the users, aggregate links, links and keywords that
	// are missing, and returns the links in the order given. What exists is
	// kept as it is: the first word on a hash, its owner and long URL, or on a
	// keyword, stands. All or nothing.
	ImportLinks(ctx context.Context, links []ForeignLink) ([]Link, error)
	// LinkByName resolves a request: the keyword of that domain, else the link
	// of that hash, else the aggregate link of that hash, else the oldest
	// keyword of that name on any domain. Else click.ErrNotFound.
	LinkByName(ctx context.Context, domain string, name click.Hash) (Link, error)
	// LinkByID finds a link or an aggregate link, or click.ErrNotFound.
	LinkByID(ctx context.Context, id click.LinkID) (Link, error)
}
