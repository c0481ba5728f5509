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

// namesInUse finds names that are in use. The index of each kind has all that is asked for.
type namesInUse struct{ links, aggregates, keywords finder }

func newNamesInUse(p *preparer) namesInUse {
	return namesInUse{
		links:      newFinder(p, `SELECT hash FROM links WHERE user_id IS NOT NULL AND hash`),
		aggregates: newFinder(p, `SELECT hash FROM links WHERE user_id IS NULL AND hash`),
		keywords:   newFinder(p, `SELECT keyword_folded FROM keywords WHERE keyword_folded`),
	}
}

// LinkByKeyword implements store.Links.
func (db *DB) LinkByKeyword(ctx context.Context, domain string, name click.Hash) (l store.Link, err error) {
	defer wrap("link by keyword", &err)
	return scanLink(db.linkByKeyword.QueryRowContext(ctx, key(strings.ToLower(domain)), key(store.FoldName(name))))
}

// NamesInUse implements store.Links.
func (db *DB) NamesInUse(ctx context.Context, names []click.Hash) (used map[click.Hash]bool, err error) {
	defer wrap("names in use", &err)
	used = map[click.Hash]bool{}
	hashes, folded := make([]string, len(names)), make([]string, len(names))
	for i, name := range names {
		hashes[i], folded[i] = key(string(name)), key(store.FoldName(name))
	}
	for _, f := range []finder{db.namesInUse.links, db.namesInUse.aggregates} {
		if err := f.find(ctx, nil, hashes, func(rows *sql.Rows) error { return scanName(rows, used) }); err != nil {
			return nil, err
		}
	}
	keywords := map[string]bool{}
	err = db.namesInUse.keywords.find(ctx, nil, folded, func(rows *sql.Rows) error { return scanName(rows, keywords) })
	if err != nil || len(keywords) == 0 {
		return used, err
	}
	for _, name := range names {
		if keywords[store.FoldName(name)] {
			used[name] = true
		}
	}
	return used, nil
}

func scanName[N ~string](rows *sql.Rows, names map[N]bool) error {
	var name N
	err := rows.Scan(&name)
	names[name] = true
	return err
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
