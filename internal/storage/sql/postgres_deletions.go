package sql

import (
	"context"
	"database/sql"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
)

// DeletionsAfter lists scopes that were deleted after a version of links and users, in
// their order, and returns the version of the last one; the given one if there are none.
// It lists at most limit scopes, or more if one transaction deleted more. They stay in the
// table, because each server deletes what it counted of them.
func (db *Postgres) DeletionsAfter(ctx context.Context, version uint64, limit int) (scopes []rollup.Scope, last uint64, err error) {
	defer wrap("deletions", &err)
	last = version
	err = eachRow(ctx, db.whole, func(rows *sql.Rows) error {
		var user, link, v int64
		err := rows.Scan(&user, &link, &v)
		scopes = append(scopes, rollup.Scope{User: click.UserID(user), Link: click.LinkID(link)})
		last = uint64(v)
		return err
	}, `SELECT user_id, link_id, version FROM deletions WHERE version > $1 AND version <= COALESCE(
			(SELECT version FROM deletions WHERE version > $1 ORDER BY version LIMIT 1 OFFSET $2), 9223372036854775807)
		ORDER BY version, user_id, link_id`, int64(version), max(limit, 1)-1)
	if err != nil {
		return nil, version, err
	}
	return scopes, last, nil
}
