package sql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/footfall/footfall/progress"
)

// OnChange has f called after each transaction that changed the database, once
// it is durable, with what it is then. Calls may come in another order than the
// transactions, and at once. It must be called before the database is used.
func (db *DB) OnChange(f func(progress.Links)) { db.changed = f }

// Links is how new the database is.
func (db *DB) Links(ctx context.Context) (progress.Links, error) {
	var last lastIDs
	if err := last.scan(db.lastIDs.QueryRowContext(ctx)); err != nil {
		return progress.Links{}, failed("last ids", err)
	}
	return last.links(), nil
}

// Progress is the record that was saved last; the zero Record where none was.
func (db *DB) Progress(ctx context.Context) (r progress.Record, err error) {
	var text string
	err = db.whole.QueryRowContext(ctx, `SELECT record FROM progress WHERE id = 1`).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return r, nil
	}
	if err == nil {
		r, err = progress.Decode([]byte(text))
	}
	if err != nil {
		return r, failed("read progress", err)
	}
	return r, nil
}

// SaveProgress saves a record in place of the one before. The version of the
// database stays: it is of links and users.
func (db *DB) SaveProgress(ctx context.Context, r progress.Record) error {
	err := inTx(ctx, db.writer, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO progress (id, record) VALUES (1, $1)
			ON CONFLICT (id) DO UPDATE SET record = excluded.record`, string(r.Encode()))
		return err
	})
	if err != nil {
		return failed("save progress", err)
	}
	return nil
}

// GiveUpIDs makes the ids that come next higher than those that are given, and
// the version too: whoever lost the newest links and users goes on without
// giving their ids again.
func (db *DB) GiveUpIDs(ctx context.Context, l progress.Links) error {
	err := inTx(ctx, db.writer, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE last_ids SET
			user_id = CASE WHEN user_id < $1 THEN $1 ELSE user_id END,
			link_id = CASE WHEN link_id < $2 THEN $2 ELSE link_id END,
			version = CASE WHEN version < $3 THEN $3 ELSE version END`, int64(l.User), int64(l.Link), int64(l.Version))
		return err
	})
	if err != nil {
		return failed("give up ids", fmt.Errorf("up to user %d and link %d: %w", l.User, l.Link, err))
	}
	return nil
}
