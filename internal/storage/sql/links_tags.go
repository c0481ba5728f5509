package sql

import (
	"context"
	"database/sql"
	"sort"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

// tagged is the condition that a link has a tag.
var tagged = `id IN (SELECT t.link_id FROM tags t WHERE t.user_id = $1 AND ` + indexed("t.tag", 2) + `)`

var taggedLinks = `SELECT link_id FROM tags WHERE user_id = $1 AND ` + indexed("tag", 2) + ` ORDER BY link_id`

// CountLinks implements store.Links.
func (db *DB) CountLinks(ctx context.Context, user click.UserID, tag string, edges []int64) (counts []uint64, err error) {
	defer wrap("count links", &err)
	counts = make([]uint64, len(edges)-1)
	query, args := db.createdOfUser, []any{int64(user), edges[0], edges[len(edges)-1]}
	if tag != "" {
		query, args = db.createdOfTag, []any{int64(user), key(tag), edges[0], edges[len(edges)-1]}
	}
	err = each(ctx, query, args, func(rows *sql.Rows) error {
		var created int64
		var n uint64
		err := rows.Scan(&created, &n)
		after := sort.Search(len(edges), func(i int) bool { return edges[i] > created })
		counts[after-1] += n
		return err
	})
	if err != nil {
		return nil, err
	}
	return counts, nil
}

// FirstLink implements store.Links.
func (db *DB) FirstLink(ctx context.Context, user click.UserID, tag string) (_ int64, found bool, err error) {
	defer wrap("first link", &err)
	query, args := db.firstOfUser, []any{int64(user)}
	if tag != "" {
		query, args = db.firstOfTag, append(args, key(tag))
	}
	var first sql.NullInt64
	err = query.QueryRowContext(ctx, args...).Scan(&first)
	return first.Int64, first.Valid, err
}

// TaggedLinks implements store.Links.
func (db *DB) TaggedLinks(ctx context.Context, user click.UserID, tag string) (ids []click.LinkID, err error) {
	defer wrap("tagged links", &err)
	err = each(ctx, db.taggedLinks, []any{int64(user), key(tag)}, func(rows *sql.Rows) error {
		var id int64
		err := rows.Scan(&id)
		ids = append(ids, click.LinkID(id))
		return err
	})
	return ids, err
}

// tagRows are the rows of a link in tags.
func tagRows(l *store.Link) (rows []any) {
	for _, tag := range l.Tags.List() {
		rows = append(rows, int64(l.User), tag, int64(l.ID))
	}
	return rows
}
