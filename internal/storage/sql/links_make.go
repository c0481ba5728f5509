package sql

import (
	"context"
	"database/sql"
	"errors"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

const (
	oldestOfURL = `WHERE l.long_url_digest = $1 AND l.long_url = $2 AND l.user_id `
	oldestFirst = ` ORDER BY l.created, l.hash LIMIT 1`
	linkOfUser  = selectLinks + oldestOfURL + `= $3` + oldestFirst

	aggregateOfURL = selectLinks + oldestOfURL + `IS NULL` + oldestFirst

	// Not one with the hash of another user's private link: user $3 must not see it.
	aggregateToJoin = selectLinks + oldestOfURL + `IS NULL AND NOT EXISTS (SELECT 1 FROM links p
		WHERE p.hash = l.hash AND p.user_id IS NOT NULL AND p.private = 1 AND p.user_id <> $3)` + oldestFirst
)

// nameTaken asks each index by itself, because no index has all names.
const nameTaken = `SELECT
	EXISTS (SELECT 1 FROM links WHERE user_id IS NOT NULL AND hash IN ($1, $2)) OR
	EXISTS (SELECT 1 FROM links WHERE user_id IS NULL AND hash IN ($1, $2)) OR
	EXISTS (SELECT 1 FROM keywords WHERE keyword_folded IN ($3, $4))`

// makes is the statements of a transaction that makes a link.
type makes struct{ user, link, aggregate, taken *sql.Stmt }

func newMakes(p *preparer) makes {
	return makes{
		user:      p.stmt(`SELECT id FROM users WHERE id = $1`),
		link:      p.stmt(linkOfUser),
		aggregate: p.stmt(aggregateToJoin),
		taken:     p.stmt(nameTaken),
	}
}

// MakeLink implements store.Links.
//
// An existing link is found outside of any transaction. If there is none, the
// transaction looks again: from its first statement on it locks the row of last_ids,
// so that no other process makes links or names meanwhile.
func (db *DB) MakeLink(ctx context.Context, n store.NewLink) (l store.Link, made bool, err error) {
	defer wrap("make link", &err)
	if err := n.Check(); err != nil {
		return store.Link{}, false, err
	}
	digest := urlDigest(n.LongURL)
	l, err = scanLink(db.linkOfUser.QueryRowContext(ctx, digest, n.LongURL, int64(n.User)))
	if err == nil {
		return l, false, nil
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return store.Link{}, false, err
	}
	err = db.write(ctx, func(ctx context.Context, tx *transaction) (err error) {
		l, made, err = db.makeLink(ctx, tx, &n, digest)
		return err
	})
	if err != nil {
		return store.Link{}, false, err
	}
	return l, made, nil
}

func (db *DB) makeLink(ctx context.Context, tx *transaction, n *store.NewLink, digest int64) (store.Link, bool, error) {
	query := func(s *sql.Stmt, args ...any) *sql.Row { return tx.StmtContext(ctx, s).QueryRowContext(ctx, args...) }

	l, err := scanLink(query(db.makes.link, digest, n.LongURL, int64(n.User)))
	if !errors.Is(err, sql.ErrNoRows) {
		return l, false, err
	}
	var user int64
	if err := query(db.makes.user, int64(n.User)).Scan(&user); err != nil {
		return store.Link{}, false, err
	}
	if n.Hash == n.AggregateHash {
		return store.Link{}, false, click.ErrExists
	}
	if err := db.free(ctx, tx.Tx, n.Hash, n.AggregateHash); err != nil {
		return store.Link{}, false, err
	}
	a, err := db.joinAggregate(ctx, tx, n.User, n.LongURL, n.AggregateHash, n.Created)
	if err != nil {
		return store.Link{}, false, err
	}
	tx.last.link++
	l = store.Link{
		ID: click.LinkID(tx.last.link), User: n.User, Hash: n.Hash,
		Aggregate: a.ID, AggregateHash: a.Hash, LongURL: n.LongURL, Created: n.Created,
		LinkDetails: n.LinkDetails, Modified: n.Created,
	}
	tx.made(l.Hash)
	if err := db.inserts.links.insert(ctx, tx.Tx, rowOf(&l)); err != nil {
		return store.Link{}, false, err
	}
	return l, true, db.inserts.tags.insert(ctx, tx.Tx, tagRows(&l))
}

// free fails with click.ErrExists if one of two names is in use.
func (db *DB) free(ctx context.Context, tx *sql.Tx, a, b click.Hash) (err error) {
	var taken bool
	err = tx.StmtContext(ctx, db.makes.taken).QueryRowContext(ctx, string(a), string(b), store.FoldName(a), store.FoldName(b)).Scan(&taken)
	if taken {
		err = click.ErrExists
	}
	return err
}

// joinAggregate returns the aggregate link for a user's link to the long URL. If there is
// none, it makes one with the hash, or fails with click.ErrExists.
func (db *DB) joinAggregate(ctx context.Context, tx *transaction, user click.UserID, longURL string, hash click.Hash, created int64) (store.Link, error) {
	a, err := scanLink(tx.StmtContext(ctx, db.makes.aggregate).QueryRowContext(ctx, urlDigest(longURL), longURL, int64(user)))
	if !errors.Is(err, sql.ErrNoRows) {
		return a, err
	}
	if err := db.free(ctx, tx.Tx, hash, hash); err != nil {
		return a, err
	}
	tx.last.link++
	tx.made(hash)
	a = *newAggregate(tx.last.link, hash, longURL, created)
	return a, db.inserts.links.insert(ctx, tx.Tx, rowOf(&a))
}

// bit is a bool as it is stored: the engines differ in their boolean types, not in
// numbers.
func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
