package sql

import (
	"context"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

// visibleAggregates selects the first of the aggregate links l of a condition, as user
// $1 may see it. Most often the user may see the link that it was made with, which
// is found first; then the other links are not read.
//
// It is materialized, because otherwise SQLite would compute created once for each
// column.
func visibleAggregates(condition string) string {
	const seen = ` FROM links v WHERE v.aggregate_id = l.id AND v.user_id IS NOT NULL
		AND (v.private = 0 OR v.user_id = $1) AND v.long_url = l.long_url`
	return `WITH seen AS MATERIALIZED (
		SELECT l.id, l.hash, l.long_url, COALESCE(
			(SELECT v.created` + seen + ` AND v.created = l.created LIMIT 1),
			(SELECT MIN(v.created)` + seen + `)) AS created
		FROM links l WHERE l.user_id IS NULL AND ` + condition + `)
	SELECT id, 0, hash, id, hash, long_url, created, '', '', 0, 0, created, created, '', 0, 0, 0, ''
	FROM seen WHERE created IS NOT NULL ORDER BY created, hash LIMIT 1`
}

// VisibleAggregate implements store.Links.
func (db *DB) VisibleAggregate(ctx context.Context, user click.UserID, id click.LinkID) (l store.Link, err error) {
	defer wrap("aggregate link", &err)
	return scanLink(db.visibleAggregate.QueryRowContext(ctx, int64(user), int64(id)))
}

// VisibleAggregateOfURL implements store.Links.
func (db *DB) VisibleAggregateOfURL(ctx context.Context, user click.UserID, longURL string) (l store.Link, err error) {
	defer wrap("aggregate link of URL", &err)
	return scanLink(db.visibleAggregateOfURL.QueryRowContext(ctx, int64(user), urlDigest(longURL), key(longURL)))
}
