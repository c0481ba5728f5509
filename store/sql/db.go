package sql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/footfall/footfall/click"
	"github.com/footfall/footfall/store"
)

// readers bounds the connections that read.
const readers = 4

var (
	_ store.Links = (*DB)(nil)
	_ store.Users = (*DB)(nil)
)

// DB is store.Links and store.Users over one database. It is safe for
// concurrent use.
type DB struct {
	path           string
	reader, writer *sql.DB

	linkByName, linkByID             *sql.Stmt
	userByLogin, userByID, userByKey *sql.Stmt
	listUsers, lastIDs, tokensOfUser *sql.Stmt

	reads, writes finders // of each pool its own
	inserts       inserts

	linkOfUser, aggregateOfURL, linksOfURL *sql.Stmt
	seenAggregate, seenAggregateOfURL      *sql.Stmt
	hasDomain, createdOfUser, firstOfUser  *sql.Stmt

	makes makes
}

// Open opens the SQLite database in the file, makes it where it is missing,
// and upgrades it where it is older than the binary. Where it is newer, Open
// fails with store.ErrVersion, and where it is damaged with a
// store.CorruptError. The file is readable by its owner alone.
func Open(ctx context.Context, path string) (*DB, error) {
	db, err := open(ctx, path)
	if isDamage(err) {
		return nil, fmt.Errorf("store/sql: open: %w", &store.CorruptError{File: path, Err: err})
	}
	if err != nil {
		return nil, fmt.Errorf("store/sql: open %s: %w", path, engineError(err))
	}
	return db, nil
}

func open(ctx context.Context, path string) (_ *DB, err error) {
	if path, err = filepath.Abs(path); err != nil {
		return nil, err
	}
	if err := createFile(path); err != nil {
		return nil, err
	}
	db := &DB{path: path}
	defer func() {
		if err != nil {
			err = errors.Join(err, db.Close())
		}
	}()
	if db.writer, err = sql.Open(driverName, dsn(path, false)); err != nil {
		return nil, err
	}
	db.writer.SetMaxOpenConns(1)
	if err := migrate(ctx, db.writer); err != nil {
		return nil, err
	}
	if db.reader, err = sql.Open(driverName, dsn(path, true)); err != nil {
		return nil, err
	}
	db.reader.SetMaxOpenConns(readers)
	db.reader.SetMaxIdleConns(readers)
	return db, db.prepare(ctx)
}

func (db *DB) prepare(ctx context.Context) error {
	r := preparer{ctx: ctx, db: db.reader}
	db.linkByName = r.stmt(linkByName)
	db.linkByID = r.stmt(selectLinks + `WHERE l.id = $1`)
	db.userByLogin = r.stmt(selectUsers + `WHERE u.login = $1`)
	db.userByID = r.stmt(selectUsers + `WHERE u.id = $1`)
	db.userByKey = r.stmt(selectUsers + `JOIN tokens t ON t.user_id = u.id WHERE t.digest = $1`)
	db.listUsers = r.stmt(selectUsers + `WHERE u.login > $1 ORDER BY u.login LIMIT $2`)
	db.tokensOfUser = r.stmt(`SELECT COUNT(*) FROM tokens WHERE user_id = $1`)
	db.lastIDs = r.stmt(`SELECT user_id, link_id, keyword_id FROM last_ids`)
	db.reads = newFinders(&r)
	db.linkOfUser = r.stmt(linkOfUser)
	db.aggregateOfURL = r.stmt(aggregateOfURL)
	db.linksOfURL = r.stmt(selectLinks + `WHERE l.long_url_digest = $1 AND l.long_url = $2
		ORDER BY l.created, l.hash, l.user_id IS NOT NULL`)
	db.seenAggregate = r.stmt(seenAggregates(`l.id = $2`))
	db.seenAggregateOfURL = r.stmt(seenAggregates(`l.long_url_digest = $2 AND l.long_url = $3`))
	db.hasDomain = r.stmt(`SELECT 1 FROM keywords WHERE domain = $1 LIMIT 1`)
	db.createdOfUser = r.stmt(`SELECT created, COUNT(*) FROM links
		WHERE user_id = $1 AND created >= $2 AND created < $3 GROUP BY created`)
	db.firstOfUser = r.stmt(`SELECT MIN(created) FROM links WHERE user_id = $1`)

	w := preparer{ctx: ctx, db: db.writer}
	db.writes = newFinders(&w)
	db.inserts = newInserts(&w)
	db.makes = newMakes(&w)
	return errors.Join(r.err, w.err)
}

// Close waits for the calls under way. Prepared statements go with their pool.
func (db *DB) Close() error {
	var errs []error
	for _, pool := range []*sql.DB{db.reader, db.writer} {
		if pool != nil {
			errs = append(errs, pool.Close())
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("store/sql: close: %w", err)
	}
	return nil
}

// lastIDs is the row of the table of that name.
type lastIDs struct{ user, link, keyword int64 }

func (l *lastIDs) scan(row *sql.Row) error { return row.Scan(&l.user, &l.link, &l.keyword) }

// write runs f in a transaction on the one connection that writes. f counts
// the ids up that it gives out.
//
// A statement is not interrupted: its cost would be paid by every one of
// thousands. A cancelled context ends the transaction between two of them.
func (db *DB) write(ctx context.Context, f func(context.Context, *sql.Tx, *lastIDs) error) error {
	return inTx(ctx, db.writer, func(tx *sql.Tx) error {
		whole := context.WithoutCancel(ctx)
		var last lastIDs
		// An update, for it locks the row where there is more than one writer.
		row := tx.QueryRowContext(whole, `UPDATE last_ids SET link_id = link_id RETURNING user_id, link_id, keyword_id`)
		if err := last.scan(row); err != nil {
			return err
		}
		before := last
		if err := f(whole, tx, &last); err != nil || last == before {
			return err
		}
		_, err := tx.ExecContext(whole, `UPDATE last_ids SET user_id = $1, link_id = $2, keyword_id = $3`,
			last.user, last.link, last.keyword)
		return err
	})
}

// failed wraps err with the operation. No row means that nothing is there.
func failed(operation string, err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		err = click.ErrNotFound
	}
	return fmt.Errorf("store/sql: %s: %w", operation, engineError(err))
}
