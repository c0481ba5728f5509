package sql

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

const (
	linkByKeyword = selectLinks + `WHERE l.id = COALESCE(
	(SELECT link_id FROM keywords WHERE keyword_folded = $2 AND domain = $1 ORDER BY id LIMIT 1),
	(SELECT link_id FROM keywords WHERE keyword_folded = $2 AND domain = '' ORDER BY id LIMIT 1),
	(SELECT link_id FROM keywords WHERE keyword_folded = $2 ORDER BY id LIMIT 1))`

	// A link other than $4.
	nameHolder = selectLinks + `WHERE l.id = COALESCE(
	(SELECT id FROM links WHERE hash = $2 AND user_id IS NOT NULL),
	(SELECT id FROM links WHERE hash = $2 AND user_id IS NULL),
	(SELECT link_id FROM keywords WHERE keyword_folded = $3 AND ($1 = '' OR domain IN ('', $1)) AND link_id <> $4
		ORDER BY id LIMIT 1))`
)

// LinkByKeyword implements store.Links.
func (db *DB) LinkByKeyword(ctx context.Context, domain string, name click.Hash) (l store.Link, err error) {
	defer wrap("link by keyword", &err)
	return scanLink(db.linkByKeyword.QueryRowContext(ctx, key(strings.ToLower(domain)), key(store.FoldName(name))))
}

// NameHolder implements store.Links.
func (db *DB) NameHolder(ctx context.Context, domain string, name click.Hash) (l store.Link, err error) {
	defer wrap("name holder", &err)
	return scanLink(db.nameHolder.QueryRowContext(ctx, key(strings.ToLower(domain)), key(string(name)), key(store.FoldName(name)), 0))
}

// NameLink implements store.Links.
func (db *DB) NameLink(ctx context.Context, k store.Keyword, overwrite bool) (holder store.Link, err error) {
	defer wrap("name link", &err)
	if err := k.Check(); err != nil {
		return store.Link{}, err
	}
	k.Domain = strings.ToLower(k.Domain)
	err = db.write(ctx, func(ctx context.Context, tx *transaction) error {
		l, err := scanLink(tx.QueryRowContext(ctx, selectLinks+`WHERE l.id = $1 AND l.user_id IS NOT NULL`, int64(k.Link)))
		if err != nil || l.Hash == k.Keyword {
			return err
		}
		name, folded := string(k.Keyword), store.FoldName(k.Keyword)
		if overwrite {
			_, err := tx.ExecContext(ctx, `DELETE FROM keywords WHERE domain = $1 AND keyword_folded = $2
				AND link_id IN (SELECT id FROM links WHERE user_id = $3) AND (link_id <> $4 OR keyword <> $5)`,
				k.Domain, folded, int64(l.User), int64(l.ID), name)
			if err != nil {
				return err
			}
			tx.change.Owners = append(tx.change.Owners, l.User)
		}
		holder, err = scanLink(tx.QueryRowContext(ctx, nameHolder, k.Domain, name, folded, int64(l.ID)))
		if err == nil {
			return click.ErrExists
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		has, err := hasRow(tx.QueryRowContext(ctx, `SELECT 1 FROM keywords WHERE domain = $1 AND keyword = $2`, k.Domain, name))
		if err != nil || has {
			return err
		}
		tx.last.keyword++
		tx.named(k)
		return db.inserts.keywords.insert(ctx, tx.Tx, []any{tx.last.keyword, k.Domain, name, int64(l.ID), folded})
	})
	return holder, err
}
