package sql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/footfall/footfall/internal/storage/progress"
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

// livesKept is how many processes are remembered.
const livesKept = 1000

// Begin begins the life of a process that has the database open, gives the file a
// mark, which no copy from before has, and returns how new the database is. It is
// called once, before anything is changed.
func (db *DB) Begin(ctx context.Context, life string, mark uint32) (progress.Links, error) {
	links, err := db.Links(ctx)
	if err == nil {
		err = db.addLife(ctx, links.Version, life)
	}
	if err == nil {
		err = db.mark(ctx, mark)
	}
	if err != nil {
		return progress.Links{}, failed("begin", err)
	}
	db.life, links.Life, links.Mark = life, life, mark
	return links, nil
}

// mark has the mark in the file itself, and not only in its log.
func (db *DB) mark(ctx context.Context, mark uint32) error {
	if _, err := db.writer.ExecContext(ctx, fmt.Sprintf(`PRAGMA application_id = %d`, mark)); err != nil {
		return err
	}
	return emptyLog(ctx, db.writer)
}

// Adopt makes a version of a copy that went its own way one of this database.
func (db *DB) Adopt(ctx context.Context, version uint64, life string) error {
	if err := db.addLife(ctx, version, life); err != nil {
		return failed("adopt", err)
	}
	return nil
}

func (db *DB) addLife(ctx context.Context, version uint64, life string) error {
	return inTx(ctx, db.writer, func(tx *sql.Tx) error {
		var last int64
		if err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(id), 0) FROM lives`).Scan(&last); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO lives (id, version, life) VALUES ($1, $2, $3)`, last+1, int64(version), life); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM lives WHERE id <= $1`, last+1-livesKept)
		return err
	})
}

// Was tells whether a process made that version of this database, rather than of
// a copy that went its own way. It is true where nobody knows any more.
func (db *DB) Was(ctx context.Context, version uint64, life string) (bool, error) {
	// A copy that was adopted may have other versions of a life than the one that it
	// began with.
	var known, was bool
	err := db.whole.QueryRowContext(ctx, `SELECT
		EXISTS (SELECT 1 FROM lives WHERE life = $2) OR $1 >= COALESCE((SELECT MIN(version) FROM lives), $1),
		EXISTS (SELECT 1 FROM lives l WHERE l.life = $2 AND l.version <= $1
			AND NOT EXISTS (SELECT 1 FROM lives n WHERE n.id > l.id AND n.version >= l.version AND n.version < $1))`,
		int64(version), life).Scan(&known, &was)
	if err != nil {
		return false, failed("lives", err)
	}
	return was || !known, nil
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
