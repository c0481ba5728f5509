package sql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/footfall/footfall/internal/storage/progress"
	"github.com/footfall/footfall/internal/storage/store"
)

// OnChange makes the database call f after each transaction that changed it, when
// that is durable. Calls may come in another order than the transactions, and
// concurrently. It must be called before the database is used.
func (db *DB) OnChange(f func(progress.Links)) { db.changed = f }

// Tell makes the database call f with what each transaction of this process changed in links and
// users, before the method that made it returns. After an error, f may be called with changes
// that were not made. Calls may come in another order than the transactions, and concurrently.
func (db *DB) Tell(f func(store.Change)) { db.tell.Store(&f) }

// Links returns the state of the database: its version, life, mark and last ids.
func (db *DB) Links(ctx context.Context) (links progress.Links, err error) {
	defer wrap("last ids", &err)
	var last lastIDs
	if err := last.scan(db.lastIDs.QueryRowContext(ctx)); err != nil {
		return progress.Links{}, err
	}
	return last.links(), nil
}

// livesKept is the number of processes that the table lives keeps.
const livesKept = 1000

// Begin records that a process has opened the database, gives the file a mark, which
// no earlier copy has, and returns how new the database is. It is called once,
// before anything is changed.
func (db *SQLite) Begin(ctx context.Context, life string, mark uint32) (links progress.Links, err error) {
	defer wrap("begin", &err)
	links, err = db.Links(ctx)
	if err == nil {
		err = db.addLife(ctx, links.Version, life)
	}
	if err == nil {
		err = db.mark(ctx, mark)
	}
	if err != nil {
		return progress.Links{}, err
	}
	db.life, links.Life, links.Mark = life, life, mark
	return links, nil
}

// mark writes the mark to the file itself, and not only to its log.
func (db *SQLite) mark(ctx context.Context, mark uint32) error {
	if _, err := db.writer.ExecContext(ctx, fmt.Sprintf(`PRAGMA application_id = %d`, mark)); err != nil {
		return err
	}
	return emptyLog(ctx, db.writer)
}

// Adopt accepts a version of a copy that diverged as one of this database.
func (db *SQLite) Adopt(ctx context.Context, version uint64, life string) (err error) {
	defer wrap("adopt", &err)
	return db.addLife(ctx, version, life)
}

func (db *SQLite) addLife(ctx context.Context, version uint64, life string) error {
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

// Was reports whether the process named life made this version of this database, and
// not of a copy that diverged. It is true if that is no longer known.
func (db *SQLite) Was(ctx context.Context, version uint64, life string) (same bool, err error) {
	defer wrap("lives", &err)
	// A copy that was adopted may have other versions of a life than its first.
	var known, was bool
	err = db.whole.QueryRowContext(ctx, `SELECT
		EXISTS (SELECT 1 FROM lives WHERE life = $2) OR $1 >= COALESCE((SELECT MIN(version) FROM lives), $1),
		EXISTS (SELECT 1 FROM lives l WHERE l.life = $2 AND l.version <= $1
			AND NOT EXISTS (SELECT 1 FROM lives n WHERE n.id > l.id AND n.version >= l.version AND n.version < $1))`,
		int64(version), life).Scan(&known, &was)
	if err != nil {
		return false, err
	}
	return was || !known, nil
}

// Progress returns the record that was saved last; the zero Record if there is none.
func (db *SQLite) Progress(ctx context.Context) (r progress.Record, err error) {
	defer wrap("read progress", &err)
	var text string
	err = db.whole.QueryRowContext(ctx, `SELECT record FROM progress WHERE id = 1`).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return r, nil
	}
	if err == nil {
		r, err = progress.Decode([]byte(text))
	}
	if err != nil {
		return r, err
	}
	return r, nil
}

// SaveProgress replaces the record. It does not change the version of the database,
// which is that of links and users.
func (db *SQLite) SaveProgress(ctx context.Context, r progress.Record) (err error) {
	defer wrap("save progress", &err)
	return inTx(ctx, db.writer, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO progress (id, record) VALUES (1, $1)
			ON CONFLICT (id) DO UPDATE SET record = excluded.record`, string(r.Encode()))
		return err
	})
}

// GiveUpIDs raises the last ids and the version to at least the given ones, so that
// the ids of links and users that were lost are not used again.
func (db *DB) GiveUpIDs(ctx context.Context, l progress.Links) (err error) {
	defer wrap(fmt.Sprintf("give up ids up to user %d and link %d", l.User, l.Link), &err)
	return inTx(ctx, db.writer, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE last_ids SET
			user_id = CASE WHEN user_id < $1 THEN $1 ELSE user_id END,
			link_id = CASE WHEN link_id < $2 THEN $2 ELSE link_id END,
			version = CASE WHEN version < $3 THEN $3 ELSE version END`, int64(l.User), int64(l.Link), int64(l.Version))
		return err
	})
}
