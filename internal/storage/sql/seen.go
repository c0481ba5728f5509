package sql

import (
	"context"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

// seenAggregates selects the first of the aggregate links l of a condition as
// the user $1 may see it. Most often the link that it was made with may be
// seen, and is found first: then nobody looks at all the others.
//
// Materialized, for otherwise SQLite would find out the time once for each
// column.
func seenAggregates(condition string) string {
	const seen = ` FROM links v WHERE v.aggregate_id = l.id AND v.user_id IS NOT NULL
		AND (v.private = 0 OR v.user_id = $1) AND v.long_url = l.long_url`
	return `WITH seen AS MATERIALIZED (
		SELECT l.id, l.hash, l.long_url, COALESCE(
			(SELECT v.created` + seen + ` AND v.created = l.created LIMIT 1),
			(SELECT MIN(v.created)` + seen + `)) AS created
		FROM links l WHERE l.user_id IS NULL AND ` + condition + `)
	SELECT id, 0, hash, id, hash, long_url, created, '', '', 0, 0, created, created
	FROM seen WHERE created IS NOT NULL ORDER BY created, hash LIMIT 1`
}

// SeenAggregate is of store.Links.
func (db *DB) SeenAggregate(ctx context.Context, user click.UserID, id click.LinkID) (store.Link, error) {
	l, err := scanLink(db.seenAggregate.QueryRowContext(ctx, int64(user), int64(id)))
	if err != nil {
		return store.Link{}, failed("aggregate link", err)
	}
	return l, nil
}

// SeenAggregateOfURL is of store.Links.
func (db *DB) SeenAggregateOfURL(ctx context.Context, user click.UserID, longURL string) (store.Link, error) {
	l, err := scanLink(db.seenAggregateOfURL.QueryRowContext(ctx, int64(user), urlDigest(longURL), longURL))
	if err != nil {
		return store.Link{}, failed("aggregate link of URL", err)
	}
	return l, nil
}
