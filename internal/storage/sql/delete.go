package sql

import (
	"context"
	"database/sql"
	"slices"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// DeleteLink implements store.Links.
func (db *DB) DeleteLink(ctx context.Context, id click.LinkID) (r store.DeletedRows, err error) {
	defer wrap("delete link", &err)
	err = db.deletes(ctx, &r, func(d *deleter) error {
		var user int64
		if err := d.row(`SELECT user_id FROM links WHERE id = $1 AND user_id IS NOT NULL`, int64(id)).Scan(&user); err != nil {
			return err
		}
		db.engine.deleting(d)
		d.links(`l.id = $1`, `o.id <> $1`, int64(id))
		d.tx.change.Links, d.tx.change.Aggregates = []click.LinkID{id}, r.Aggregates > 0
		d.addDeletion(user, int64(id))
		return nil
	})
	if err != nil {
		return store.DeletedRows{}, err
	}
	return r, nil
}

// DeleteUser implements store.Users.
func (db *DB) DeleteUser(ctx context.Context, user click.UserID) (r store.DeletedRows, err error) {
	defer wrap("delete user", &err)
	err = db.deletes(ctx, &r, func(d *deleter) error {
		var one int
		if err := d.row(`SELECT 1 FROM users WHERE id = $1`, int64(user)).Scan(&one); err != nil {
			return err
		}
		db.engine.deleting(d)
		d.links(`l.user_id = $1`, `o.user_id <> $1`, int64(user))
		d.tx.change.Users, d.tx.change.Owners = []click.UserID{user}, []click.UserID{user}
		d.tx.change.Aggregates = r.Aggregates > 0
		r.Tokens = d.exec(`DELETE FROM tokens WHERE user_id = $1`, int64(user))
		d.exec(`DELETE FROM sessions WHERE user_id = $1`, int64(user))
		d.exec(`DELETE FROM shares WHERE user_id = $1`, int64(user))
		r.Users = d.exec(`DELETE FROM users WHERE id = $1`, int64(user))
		d.addDeletion(int64(user), 0)
		return nil
	})
	if err != nil {
		return store.DeletedRows{}, err
	}
	return r, nil
}

// deleter deletes rows in a transaction. err is the first error; nothing is done
// after it.
type deleter struct {
	ctx     context.Context
	engine  *engine
	tx      *transaction
	deleted *store.DeletedRows
	err     error
}

func (db *DB) deletes(ctx context.Context, r *store.DeletedRows, f func(*deleter) error) error {
	return db.write(ctx, func(ctx context.Context, tx *transaction) error {
		d := &deleter{ctx: ctx, engine: db.engine, tx: tx, deleted: r}
		if err := f(d); err != nil {
			return err
		}
		return d.err
	})
}

func (d *deleter) row(query string, args ...any) *sql.Row {
	return d.tx.QueryRowContext(d.ctx, query, args...)
}

func (d *deleter) exec(query string, args ...any) (rows int) {
	if d.err != nil {
		return 0
	}
	result, err := d.tx.ExecContext(d.ctx, query, args...)
	if err != nil {
		d.err = err
		return 0
	}
	n, err := result.RowsAffected()
	d.err = err
	return int(n)
}

// links deletes the links l of a condition, and the aggregate links that no other
// link o has or had then. It adds these aggregate links to the table deletions.
func (d *deleter) links(condition, others string, arg any) {
	e := d.engine
	d.exec(`INSERT INTO deletions (user_id, link_id`+e.deletions.column+`)
		SELECT 0, g.id`+e.deletions.value+` FROM (SELECT l.aggregate_id AS id FROM links l WHERE `+condition+`
			UNION SELECT f.aggregate_id AS id FROM former_aggregates f JOIN links l ON l.id = f.link_id WHERE `+condition+`) g
		WHERE NOT EXISTS (SELECT 1 FROM links o WHERE o.aggregate_id = g.id AND o.id <> g.id AND `+others+`)
		AND NOT EXISTS (SELECT 1 FROM former_aggregates f JOIN links o ON o.id = f.link_id WHERE f.aggregate_id = g.id AND `+others+`)
		ON CONFLICT (user_id, link_id) DO NOTHING`, arg)
	for _, table := range [...]struct {
		name string
		rows *int
	}{{"keywords", &d.deleted.Keywords}, {"tags", new(int)}, {"versions", new(int)}, {"shares", new(int)}, {"former_aggregates", new(int)}} {
		*table.rows = d.exec(`DELETE FROM `+table.name+` WHERE link_id IN (SELECT l.id FROM links l WHERE `+condition+`)`, arg)
	}
	d.deleted.Links = d.exec(`DELETE FROM links AS l WHERE `+condition, arg)
	// The aggregate links of earlier deletions do not exist any more, and ids are never reused.
	d.deleted.Aggregates = d.exec(`DELETE FROM links WHERE id IN (SELECT link_id FROM deletions WHERE user_id = 0` + e.deletions.latest + `)`)
}

// addDeletion adds a scope to the table deletions: its counts must still be deleted.
// A link of 0 is the user with all links.
func (d *deleter) addDeletion(user, link int64) {
	d.exec(`INSERT INTO deletions (user_id, link_id`+d.engine.deletions.column+`) VALUES ($1, $2`+d.engine.deletions.value+`)
		ON CONFLICT (user_id, link_id) DO NOTHING`, user, link)
}

// Deletions implements store.Links.
func (db *DB) Deletions(ctx context.Context, limit int) (scopes []rollup.Scope, err error) {
	defer wrap("deletions", &err)
	err = eachRow(ctx, db.whole, func(rows *sql.Rows) error {
		var user, link int64
		err := rows.Scan(&user, &link)
		scopes = append(scopes, rollup.Scope{User: click.UserID(user), Link: click.LinkID(link)})
		return err
	}, `SELECT user_id, link_id FROM deletions ORDER BY user_id, link_id LIMIT $1`, max(limit, 0))
	return scopes, err
}

// FinishDeletions implements store.Links.
func (db *DB) FinishDeletions(ctx context.Context, scopes []rollup.Scope) (err error) {
	defer wrap("finish deletions", &err)
	scopes = slices.Clone(scopes)
	return db.deletes(ctx, &store.DeletedRows{}, func(d *deleter) error {
		for _, s := range scopes {
			d.exec(`DELETE FROM deletions WHERE user_id = $1 AND link_id = $2`, int64(s.User), int64(s.Link))
		}
		return nil
	})
}
