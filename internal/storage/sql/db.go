package sql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"

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
	wholeReaders = 3 // a check reads through two
)

// The memory of SQLite for pages, in KiB, of each of these connections. Those that read
// everything follow indexes to rows all over the file.
const (
	readerCache      = 4 << 10
	wholeReaderCache = 32 << 10
)

var (
	_ store.Links = (*DB)(nil)
	_ store.Users = (*DB)(nil)
)

// DB is store.Links and store.Users over one database. It is safe for
// concurrent use.
//
// It has the methods of both engines; SQLite and Postgres have those of one.
type DB struct {
	engine *engine
	writer *sql.DB
	// Pools for reading: names for names and credentials, lists for lists and
	// searches, whole for commands that read everything (export, import, check).
	names, lists, whole *sql.DB

	linkByName, linkByID               *sql.Stmt
	linkByKeyword, nameHolder          *sql.Stmt
	userByLogin, userByID, userByToken *sql.Stmt
	listUsers, lastIDs, tokensOfUser   *sql.Stmt
	listTokens                         *sql.Stmt
	session, sessionsOf                *sql.Stmt
	share, sharesOf                    *sql.Stmt

	reads, writes finders // of whole, and of the writer
	namesInUse    namesInUse
	hashes        finder
	logins        finder
	linksByID     finder
	inserts       inserts

	linkOfUser, aggregateOfURL, linksOfURL  *sql.Stmt
	visibleAggregate, visibleAggregateOfURL *sql.Stmt
	moreLinks, createdOfUser, firstOfUser   *sql.Stmt
	taggedLinks, createdOfTag, firstOfTag   *sql.Stmt
	hasDomain, passwordOf, versions         *sql.Stmt

	makes makes
	edits edits

	changed func(progress.Links)               // may be nil
	tell    atomic.Pointer[func(store.Change)] // may be nil
	life    string                             // of SQLite
	origin  string                             // of PostgreSQL: the sender of its notices
}

// openPools opens the connections, and prepares the statements.
func (db *DB) openPools(ctx context.Context, open func(cache int) (*sql.DB, error)) error {
	for _, r := range []struct {
		pool           **sql.DB
		readers, cache int
	}{{&db.names, nameReaders, readerCache}, {&db.lists, listReaders, readerCache}, {&db.whole, wholeReaders, wholeReaderCache}} {
		pool, err := open(r.cache)
		if err != nil {
			return err
		}
		pool.SetMaxOpenConns(r.readers)
		pool.SetMaxIdleConns(r.readers)
		*r.pool = pool
	}
	return db.prepare(ctx)
}

func (db *DB) prepare(ctx context.Context) error {
	n := preparer{ctx: ctx, db: db.names, engine: db.engine}
	db.linkByName = n.stmt(linkByName)
	db.linkByID = n.stmt(selectLinks + `WHERE l.id = $1`)
	db.linkByKeyword = n.stmt(linkByKeyword)
	db.nameHolder = n.stmt(nameHolder)
	db.userByLogin = n.stmt(selectUsers + `WHERE u.login = $1`)
	db.userByID = n.stmt(selectUsers + `WHERE u.id = $1`)
	db.userByToken = n.stmt(selectUsers + `JOIN tokens t ON t.user_id = u.id WHERE t.digest = $1`)
	db.session = n.stmt(`SELECT ` + sessionColumns + `, ` + userColumns + ` FROM sessions s JOIN users u ON u.id = s.user_id
		WHERE s.digest = $1 AND s.kind = $2`)
	db.share = n.stmt(`SELECT ` + shareColumns + `, ` + userColumns + sharesLinks + ` JOIN users u ON u.id = s.user_id WHERE s.digest = $1`)
	db.passwordOf = n.stmt(`SELECT password FROM users WHERE id = $1`)
	db.hasDomain = n.stmt(`SELECT 1 FROM keywords WHERE ` + indexed("domain", 1) + ` LIMIT 1`)

	l := preparer{ctx: ctx, db: db.lists, engine: db.engine}
	db.hashes = newFinder(&l, `SELECT id, hash FROM links WHERE id`)
	db.logins = newFinder(&l, `SELECT id, login FROM users WHERE id`)
	db.linksByID = newFinder(&l, selectLinks+`WHERE l.id`)
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

	r := preparer{ctx: ctx, db: db.whole, engine: db.engine}
	db.sessionsOf = r.stmt(`SELECT ` + sessionColumns + ` FROM sessions s WHERE s.user_id = $1 AND s.kind = $2 ORDER BY s.created DESC, s.digest`)
	db.sharesOf = r.stmt(`SELECT ` + shareColumns + sharesLinks + ` WHERE s.user_id = $1 ORDER BY s.created DESC, s.digest`)
	db.listUsers = r.stmt(db.engine.usersAfter)
	db.tokensOfUser = r.stmt(`SELECT COUNT(*) FROM tokens WHERE user_id = $1`)
	db.listTokens = r.stmt(`SELECT digest, created, passing, name, used FROM tokens WHERE user_id = $1 ORDER BY passing, created DESC, digest LIMIT $2`)
	db.lastIDs = r.stmt(`SELECT user_id, link_id, keyword_id, version FROM last_ids`)
	db.reads = newFinders(&r)
	db.namesInUse = newNamesInUse(&r)

	w := preparer{ctx: ctx, db: db.writer, engine: db.engine}
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
