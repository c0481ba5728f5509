package sql

import (
	"context"
	"strings"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

const selectLinks = `SELECT l.id, COALESCE(l.user_id, 0), l.hash, a.id, a.hash, l.long_url, l.created,
	l.title, l.note, l.private, l.archived, l.user_ts, l.modified
	FROM links l JOIN links a ON a.id = l.aggregate_id `

// COALESCE stops at the first answer, so that a plain hash costs three lookups.
const linkByName = selectLinks + `WHERE l.id = COALESCE(
	(SELECT link_id FROM keywords WHERE domain = $1 AND keyword = $2),
	(SELECT link_id FROM keywords WHERE domain = '' AND keyword = $2),
	(SELECT id FROM links WHERE hash = $2 AND user_id IS NOT NULL),
	(SELECT id FROM links WHERE hash = $2 AND user_id IS NULL),
	(SELECT link_id FROM keywords WHERE keyword = $2 ORDER BY id LIMIT 1))`

func scanLink(row interface{ Scan(...any) error }) (l store.Link, err error) {
	var id, user, aggregate int64
	err = row.Scan(&id, &user, &l.Hash, &aggregate, &l.AggregateHash, &l.LongURL, &l.Created,
		&l.Title, &l.Note, &l.Private, &l.Archived, &l.UserTS, &l.Modified)
	if err != nil {
		return store.Link{}, err
	}
	l.ID, l.User, l.Aggregate = click.LinkID(id), click.UserID(user), click.LinkID(aggregate)
	return l, nil
}

// LinkByName implements store.Links.
func (db *DB) LinkByName(ctx context.Context, domain string, name click.Hash) (l store.Link, err error) {
	defer wrap("link by name", &err)
	return scanLink(db.linkByName.QueryRowContext(ctx, strings.ToLower(domain), string(name)))
}

// LinkByID implements store.Links.
func (db *DB) LinkByID(ctx context.Context, id click.LinkID) (l store.Link, err error) {
	defer wrap("link by id", &err)
	return scanLink(db.linkByID.QueryRowContext(ctx, int64(id)))
}
