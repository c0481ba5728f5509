package sql

import (
	"context"
	"strings"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

const selectLinks = `SELECT l.id, COALESCE(l.user_id, 0), l.hash, a.id, a.hash, l.long_url, l.created,
	l.title, l.note, l.private, l.archived, l.user_ts, l.modified,
	l.tags, l.forward_query, l.expires, l.max_clicks, l.expired_url
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
		&l.Title, &l.Note, &l.Private, &l.Archived, &l.UserTS, &l.Modified,
		&l.Tags, &l.ForwardQuery, &l.Expires, &l.MaxClicks, &l.ExpiredURL)
	if err != nil {
		return store.Link{}, err
	}
	l.ID, l.User, l.Aggregate = click.LinkID(id), click.UserID(user), click.LinkID(aggregate)
	return l, nil
}

// linkColumns are the columns of rowOf.
var linkColumns = []string{"id", "user_id", "hash", "aggregate_id", "long_url", "long_url_digest", "created",
	"title", "note", "private", "archived", "user_ts", "modified", "tags", "forward_query", "expires", "max_clicks", "expired_url"}

// rowOf is a link as it is inserted.
func rowOf(l *store.Link) []any { return appendRow(nil, l) }

// appendRow adds the row of a link.
func appendRow(rows []any, l *store.Link) []any {
	var user any // NULL for an aggregate link
	if l.User != click.Nobody {
		user = int64(l.User)
	}
	return append(rows, int64(l.ID), user, string(l.Hash), int64(l.Aggregate), l.LongURL, urlDigest(l.LongURL), l.Created,
		l.Title, l.Note, bit(l.Private), bit(l.Archived), l.UserTS, l.Modified,
		string(l.Tags), int64(l.ForwardQuery), l.Expires, l.MaxClicks, l.ExpiredURL)
}

// aggregateColumns are the columns of appendAggregate, and plainColumns those of appendPlain.
var (
	aggregateColumns = []string{"id", "hash", "aggregate_id", "long_url", "long_url_digest", "created", "user_ts", "modified"}
	plainColumns     = append([]string{"user_id"}, aggregateColumns...)
)

// appendAggregate adds the row of an aggregate link, which has no details.
func appendAggregate(rows []any, l *store.Link) []any {
	return append(rows, int64(l.ID), string(l.Hash), int64(l.Aggregate), l.LongURL, urlDigest(l.LongURL), l.Created, l.UserTS, l.Modified)
}

// appendPlain adds the row of a link of a user that has no details except UserTS.
func appendPlain(rows []any, l *store.Link) []any {
	return appendAggregate(append(rows, int64(l.User)), l)
}

// newAggregate is an aggregate link of a long URL.
func newAggregate(id int64, hash click.Hash, longURL string, created int64) *store.Link {
	return &store.Link{
		ID: click.LinkID(id), Hash: hash, Aggregate: click.LinkID(id), AggregateHash: hash,
		LongURL: longURL, Created: created, Modified: created, LinkDetails: store.LinkDetails{UserTS: created},
	}
}

// LinkByName implements store.Links.
func (db *DB) LinkByName(ctx context.Context, domain string, name click.Hash) (l store.Link, err error) {
	defer wrap("link by name", &err)
	return scanLink(db.linkByName.QueryRowContext(ctx, key(strings.ToLower(domain)), key(string(name))))
}

// LinkByID implements store.Links.
func (db *DB) LinkByID(ctx context.Context, id click.LinkID) (l store.Link, err error) {
	defer wrap("link by id", &err)
	return scanLink(db.linkByID.QueryRowContext(ctx, int64(id)))
}
