package sql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/progress"
	"github.com/footfall/footfall/internal/storage/store"
)

// The numbers of connections that read. Resolving names and checking credentials
// reads a row or two, and has connections of its own, so that lists and searches do
// not delay it. More than half of the connections for lists are free of long
// searches, because package server has fewer seats for these.
const (
	nameReaders  = 4
	listReaders  = 8
	wholeReaders = 2
)

var (
	_ store.Links = (*DB)(nil)
	_ store.Users = (*DB)(nil)
)

// DB is store.Links and store.Users over one database. It is safe for
// concurrent use.
type DB struct {
	path   string
	writer *sql.DB
	// Pools for reading: names for names and credentials, lists for lists and
	// searches, whole for commands that read everything (export, import, check).
	names, lists, whole *sql.DB

	linkByName, linkByID               *sql.Stmt
	linkByKeyword, nameHolder          *sql.Stmt
	userByLogin, userByID, userByToken *sql.Stmt
	listUsers, lastIDs, tokensOfUser   *sql.Stmt

	reads, writes finders // of whole, and of the writer
	hashes        finder
	inserts       inserts

	linkOfUser, aggregateOfURL, linksOfURL  *sql.Stmt
	visibleAggregate, visibleAggregateOfURL *sql.Stmt
	moreLinks, createdOfUser, firstOfUser   *sql.Stmt
	taggedLinks, createdOfTag, firstOfTag   *sql.Stmt
	hasDomain, passwordOf, versions         *sql.Stmt

	makes makes
	edits edits

	changed func(progress.Links) // may be nil
	life    string
}

// Open opens the SQLite database in a file. It makes the file if it is missing, and
// upgrades an older schema. A newer schema is store.ErrVersion, and a damaged file
// is a store.CorruptError. Only its owner can read the file.
func Open(ctx context.Context, path string) (*DB, error) {
	return OpenReportingUpgrade(ctx, path, func(int, int) {})
}

// OpenReportingUpgrade is Open. Before it upgrades an older schema, which may take
// minutes, it calls upgrading with the version of the schema and the one after the
// upgrade.
func OpenReportingUpgrade(ctx context.Context, path string, upgrading func(from, to int)) (*DB, error) {
	db, err := open(ctx, path, upgrading)
	if isDamage(err) {
		return nil, fmt.Errorf("store/sql: open: %w", &store.CorruptError{File: path, Err: err})
	}
	if err != nil {
		return nil, fmt.Errorf("store/sql: open %s: %w", path, engineError(refused(path, err)))
	}
	return db, nil
}

// Place returns the path of the database after symbolic links. The log is in the same
// directory.
func Place(path string) string {
	if place, err := filepath.EvalSymlinks(path); err == nil {
		return place
	}
	return path
}

func open(ctx context.Context, path string, upgrading func(from, to int)) (_ *DB, err error) {
	if path, err = filepath.Abs(path); err != nil {
		return nil, err
	}
	path = Place(path)
	if err := errors.Join(createFile(path), renewLog(path)); err != nil {
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
	upgrade := func(ctx context.Context, db *sql.DB) error { return migrate(ctx, db, upgrading) }
	for _, step := range []func(context.Context, *sql.DB) error{upgrade, probe, emptyLog} {
		if err := step(ctx, db.writer); err != nil {
			return nil, err
		}
	}
	for _, r := range []struct {
		pool    **sql.DB
		readers int
	}{{&db.names, nameReaders}, {&db.lists, listReaders}, {&db.whole, wholeReaders}} {
		pool, err := sql.Open(driverName, dsn(path, true))
		if err != nil {
			return nil, err
		}
		pool.SetMaxOpenConns(r.readers)
		pool.SetMaxIdleConns(r.readers)
		*r.pool = pool
	}
	return db, db.prepare(ctx)
}

func (db *DB) prepare(ctx context.Context) error {
	n := preparer{ctx: ctx, db: db.names}
	db.linkByName = n.stmt(linkByName)
	db.linkByID = n.stmt(selectLinks + `WHERE l.id = $1`)
	db.linkByKeyword = n.stmt(linkByKeyword)
	db.nameHolder = n.stmt(nameHolder)
	db.userByLogin = n.stmt(selectUsers + `WHERE u.login = $1`)
	db.userByID = n.stmt(selectUsers + `WHERE u.id = $1`)
	db.userByToken = n.stmt(selectUsers + `JOIN tokens t ON t.user_id = u.id WHERE t.digest = $1`)
	db.passwordOf = n.stmt(`SELECT password FROM users WHERE id = $1`)
	db.hasDomain = n.stmt(`SELECT 1 FROM keywords WHERE domain = $1 LIMIT 1`)

	l := preparer{ctx: ctx, db: db.lists}
	db.hashes = newFinder(&l, `SELECT id, hash FROM links WHERE id`)
	db.linkOfUser = l.stmt(linkOfUser)
	db.aggregateOfURL = l.stmt(aggregateOfURL)
	db.linksOfURL = l.stmt(selectLinks + `WHERE l.long_url_digest = $1 AND l.long_url = $2
		ORDER BY l.created, l.hash, l.user_id IS NOT NULL`)
	db.visibleAggregate = l.stmt(visibleAggregates(`l.id = $2`))
	db.visibleAggregateOfURL = l.stmt(visibleAggregates(`l.long_url_digest = $2 AND l.long_url = $3`))
	db.moreLinks = l.stmt(`SELECT 1 FROM links WHERE user_id = $1 LIMIT 1 OFFSET $2`)
	db.createdOfUser = l.stmt(`SELECT created, COUNT(*) FROM links
		WHERE user_id = $1 AND created >= $2 AND created < $3 GROUP BY created`)
	db.firstOfUser = l.stmt(`SELECT MIN(created) FROM links WHERE user_id = $1`)

	db.taggedLinks = l.stmt(taggedLinks)
	db.createdOfTag = l.stmt(`SELECT created, COUNT(*) FROM links
		WHERE ` + tagged + ` AND created >= $3 AND created < $4 GROUP BY created`)
	db.firstOfTag = l.stmt(`SELECT MIN(created) FROM links WHERE ` + tagged)
	db.versions = l.stmt(versionsOf)

	r := preparer{ctx: ctx, db: db.whole}
	db.listUsers = r.stmt(selectUsers + `WHERE u.login > $1 ORDER BY u.login LIMIT $2`)
	db.tokensOfUser = r.stmt(`SELECT COUNT(*) FROM tokens WHERE user_id = $1`)
	db.lastIDs = r.stmt(`SELECT user_id, link_id, keyword_id, version FROM last_ids`)
	db.reads = newFinders(&r)

	w := preparer{ctx: ctx, db: db.writer}
	db.writes = newFinders(&w)
	db.inserts = newInserts(&w)
	db.edits = newEdits(&w)
	db.makes = newMakes(&w)
	return errors.Join(n.err, l.err, r.err, w.err)
}

// Close waits for calls in progress. Prepared statements are closed with their pool.
func (db *DB) Close() error {
	var errs []error
	for _, pool := range []*sql.DB{db.names, db.lists, db.whole, db.writer} {
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
type lastIDs struct{ user, link, keyword, version int64 }

func (l *lastIDs) scan(row *sql.Row) error {
	return row.Scan(&l.user, &l.link, &l.keyword, &l.version)
}

// links is the row as package progress has it.
func (l *lastIDs) links() progress.Links {
	return progress.Links{Version: uint64(l.version), User: uint64(l.user), Link: uint64(l.link)}
}

// write runs f in a transaction on the one connection that writes, and raises the
// version of the database. f raises the ids that it uses.
//
// Statements cannot be interrupted: that would slow down each of thousands. A
// cancelled context ends the transaction between two statements.
func (db *DB) write(ctx context.Context, f func(context.Context, *sql.Tx, *lastIDs) error) error {
	var last lastIDs
	err := inTx(ctx, db.writer, func(tx *sql.Tx) error {
		whole := context.WithoutCancel(ctx)
		// An update locks the row, if there is more than one writer.
		row := tx.QueryRowContext(whole, `UPDATE last_ids SET version = version + 1 RETURNING user_id, link_id, keyword_id, version`)
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
	if err == nil && db.changed != nil {
		links := last.links()
		links.Life = db.life
		db.changed(links)
	}
	return err
}

// wrap is deferred by every method. It wraps *err, if it is not nil, with the
// operation. A row that is not found is click.ErrNotFound.
func wrap(operation string, err *error) {
	if *err == nil {
		return
	}
	if errors.Is(*err, sql.ErrNoRows) {
		*err = click.ErrNotFound
	}
	*err = fmt.Errorf("store/sql: %s: %w", operation, engineError(*err))
}
