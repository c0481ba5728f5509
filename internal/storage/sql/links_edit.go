package sql

import (
	"context"
	"database/sql"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

// edits is the statements of a transaction that changes a link.
type edits struct{ link, details, untag, longURL, formerly, newest, trim *sql.Stmt }

func newEdits(p *preparer) edits {
	return edits{
		link: p.stmt(selectLinks + `WHERE l.id = $1 AND l.user_id IS NOT NULL`),
		details: p.stmt(`UPDATE links SET title = $1, note = $2, private = $3, archived = $4, user_ts = $5, modified = $6,
			tags = $7, forward_query = $8, expires = $9, max_clicks = $10, expired_url = $11 WHERE id = $12`),
		untag:   p.stmt(`DELETE FROM tags WHERE link_id = $1`),
		longURL: p.stmt(`UPDATE links SET long_url = $1, long_url_digest = $2, aggregate_id = $3 WHERE id = $4`),
		formerly: p.stmt(`INSERT INTO former_aggregates (link_id, aggregate_id) VALUES ($1, $2)
			ON CONFLICT (link_id, aggregate_id) DO NOTHING`),
		newest: p.stmt(`SELECT COALESCE(MAX(number), 0) FROM versions WHERE link_id = $1`),
		trim:   p.stmt(`DELETE FROM versions WHERE link_id = $1 AND number <= $2`),
	}
}

// EditLink implements store.Links.
func (db *DB) EditLink(ctx context.Context, id click.LinkID, e store.LinkEdit) (l store.Link, err error) {
	defer wrap("edit link", &err)
	err = db.write(ctx, func(ctx context.Context, tx *transaction) error {
		was, err := scanLink(tx.StmtContext(ctx, db.edits.link).QueryRowContext(ctx, int64(id)))
		if err != nil {
			return err
		}
		if l, err = e.Apply(was); err != nil {
			return err
		}
		if l.LongURL != was.LongURL {
			if err := db.setLongURL(ctx, tx, was, &l, e.AggregateHash); err != nil {
				return err
			}
		}
		tx.change.Links = append(tx.change.Links, l.ID)
		return db.setDetails(ctx, tx.Tx, &l)
	})
	if err != nil {
		return store.Link{}, err
	}
	return l, nil
}

// setDetails writes the details of a link.
func (db *DB) setDetails(ctx context.Context, tx *sql.Tx, l *store.Link) error {
	_, err := tx.StmtContext(ctx, db.edits.details).ExecContext(ctx,
		l.Title, l.Note, bit(l.Private), bit(l.Archived), l.UserTS, l.Modified,
		string(l.Tags), int64(l.ForwardQuery), l.Expires, l.MaxClicks, l.ExpiredURL, int64(l.ID))
	if err != nil {
		return err
	}
	if _, err := tx.StmtContext(ctx, db.edits.untag).ExecContext(ctx, int64(l.ID)); err != nil {
		return err
	}
	return db.inserts.tags.insert(ctx, tx, tagRows(l))
}

// setLongURL writes the long URL of a link and a version of it, and gives the link the
// aggregate link of that long URL.
func (db *DB) setLongURL(ctx context.Context, tx *transaction, was store.Link, l *store.Link, hash click.Hash) error {
	exec := func(s *sql.Stmt, args ...any) error {
		_, err := tx.StmtContext(ctx, s).ExecContext(ctx, args...)
		return err
	}
	a, err := db.joinAggregate(ctx, tx, l.User, l.LongURL, hash, l.Modified)
	if err != nil {
		return err
	}
	if l.Aggregate, l.AggregateHash = a.ID, a.Hash; a.ID != was.Aggregate {
		if err := exec(db.edits.formerly, int64(l.ID), int64(was.Aggregate)); err != nil {
			return err
		}
	}
	if err := exec(db.edits.longURL, l.LongURL, urlDigest(l.LongURL), int64(l.Aggregate), int64(l.ID)); err != nil {
		return err
	}
	var newest int64
	if err := tx.StmtContext(ctx, db.edits.newest).QueryRowContext(ctx, int64(l.ID)).Scan(&newest); err != nil {
		return err
	}
	var rows []any
	if newest == 0 {
		newest = 1
		rows = versionRow(l.ID, store.Version{Number: 1, LongURL: was.LongURL, Since: was.Created}, int64(was.Aggregate))
	}
	newest++
	rows = append(rows, versionRow(l.ID, store.Version{Number: newest, LongURL: l.LongURL, Since: l.Modified}, int64(l.Aggregate))...)
	if err := db.inserts.versions.insert(ctx, tx.Tx, rows); err != nil {
		return err
	}
	return exec(db.edits.trim, int64(l.ID), newest-store.MaxVersions)
}

// versionRow is the row of a version of a link. An aggregate of 0 is not known.
func versionRow(id click.LinkID, v store.Version, aggregate int64) []any {
	return []any{int64(id), v.Number, v.Since, v.LongURL, urlDigest(v.LongURL), sql.NullInt64{Int64: aggregate, Valid: aggregate != 0}}
}

// versionsOf selects the versions of a link, or the only one of a link without rows.
const versionsOf = `SELECT v.number, v.since, v.long_url, COALESCE(a.hash, '')
	FROM versions v LEFT JOIN links a ON a.id = v.aggregate_id WHERE v.link_id = $1
	UNION ALL SELECT 1, l.created, l.long_url, a.hash FROM links l JOIN links a ON a.id = l.aggregate_id
		WHERE l.id = $1 AND l.user_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM versions v WHERE v.link_id = l.id)
	ORDER BY 1 DESC`

// Versions implements store.Links.
func (db *DB) Versions(ctx context.Context, id click.LinkID) (versions []store.Version, err error) {
	defer wrap("versions", &err)
	err = each(ctx, db.versions, []any{int64(id)}, func(rows *sql.Rows) error {
		var v store.Version
		err := rows.Scan(&v.Number, &v.Since, &v.LongURL, &v.AggregateHash)
		versions = append(versions, v)
		return err
	})
	if err == nil && len(versions) == 0 {
		err = sql.ErrNoRows
	}
	return versions, err
}
