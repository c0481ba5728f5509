package sql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/inorder"
	"github.com/footfall/footfall/internal/base/plain"
	"github.com/footfall/footfall/internal/storage/store"
)

// Verify reads everything, and calls report with a sentence for each finding:
// damaged pages, rows that do not agree with the indexes or refer to missing rows,
// long URLs that do not match their digests, keywords that do not match their folded
// names, copies that differ. It repairs nothing.
func (db *SQLite) Verify(ctx context.Context, report func(string)) error {
	return db.verify(ctx, report,
		db.verifySchema, db.verifyRows, db.verifyReferences, db.verifyLongURLs, db.verifyKeywords, db.verifyCopies, db.verifyIDs)
}

func (db *DB) verify(ctx context.Context, report func(string), checks ...func(context.Context, func(string)) error) error {
	var parts []inorder.Part
	for _, check := range checks {
		parts = append(parts, inorder.Part{
			Do:     check,
			Report: func(finding string) { report("links and users: " + finding) },
			Done: func(err error) error {
				if isDamage(err) {
					report(fmt.Sprintf("links and users: %v", err))
				} else if err != nil {
					return fmt.Errorf("store/sql: verify: %w", engineError(err))
				}
				return nil
			},
		})
	}
	return inorder.Run(ctx, wholeReaders-1, parts...)
}

// isDamage reports whether an error means that the database is damaged, and not that it
// cannot be accessed.
func isDamage(err error) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_FORMAT:
		return true
	}
	return false
}

// verifySchema compares the schema with that of a new database.
func (db *SQLite) verifySchema(ctx context.Context, report func(string)) (err error) {
	fresh, err := sql.Open(driverName, ":memory:")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, fresh.Close()) }()
	fresh.SetMaxOpenConns(1) // each connection has its own database
	if err := migrate(ctx, fresh, &sqliteEngine, func(int, int) {}); err != nil {
		return err
	}
	want, err := schema(ctx, fresh)
	if err != nil {
		return err
	}
	got, err := schema(ctx, db.whole)
	if err != nil {
		return err
	}
	for name, text := range want {
		if got[name] != text {
			report(fmt.Sprintf("%s is not declared as this version of footfall declares it", plain.Text(name)))
		}
	}
	return nil
}

// schema is the declarations, by name.
func schema(ctx context.Context, db *sql.DB) (map[string]string, error) {
	declared := map[string]string{}
	err := eachRow(ctx, db, func(rows *sql.Rows) error {
		var name, text string
		err := rows.Scan(&name, &text)
		declared[name] = text
		return err
	}, `SELECT type || ' ' || name, COALESCE(sql, '') || tbl_name FROM sqlite_schema`)
	return declared, err
}

// verifyRows lets SQLite check every page, row and index entry.
func (db *SQLite) verifyRows(ctx context.Context, report func(string)) error {
	return eachRow(ctx, db.whole, func(rows *sql.Rows) error {
		var finding string
		if err := rows.Scan(&finding); err != nil {
			return err
		}
		if finding != "ok" {
			report(plain.Text(strings.Join(strings.Fields(finding), " ")))
		}
		return nil
	}, `PRAGMA integrity_check`)
}

func (db *SQLite) verifyReferences(ctx context.Context, report func(string)) error {
	return eachRow(ctx, db.whole, func(rows *sql.Rows) error {
		var table, parent string
		var row, key sql.NullInt64
		if err := rows.Scan(&table, &row, &parent, &key); err != nil {
			return err
		}
		report(fmt.Sprintf("row %d of %s refers to a row of %s that does not exist", row.Int64, plain.Text(table), plain.Text(parent)))
		return nil
	}, `PRAGMA foreign_key_check`)
}

func (db *DB) verifyLongURLs(ctx context.Context, report func(string)) error {
	return eachRow(ctx, db.whole, func(rows *sql.Rows) error {
		var id, digest int64
		var longURL string
		if err := rows.Scan(&id, &longURL, &digest); err != nil {
			return err
		}
		if urlDigest(longURL) != digest {
			report(fmt.Sprintf("the long URL of link %d does not match its digest: %q", id, longURL))
		}
		return nil
	}, `SELECT id, long_url, long_url_digest FROM links`+db.engine.wholeTable+`
		UNION ALL SELECT link_id, long_url, long_url_digest FROM versions`+db.engine.wholeTable)
}

// verifyCopies checks what is kept twice: tags, and the newest version.
func (db *DB) verifyCopies(ctx context.Context, report func(string)) error {
	err := eachRow(ctx, db.whole, func(rows *sql.Rows) error {
		var id int64
		var tags store.Tags
		var rowsOfLink string
		err := rows.Scan(&id, &tags, &rowsOfLink)
		if store.NewTags(strings.Split(rowsOfLink, ",")...) != tags {
			report(fmt.Sprintf("the tags of link %d, %q, are not those in the table tags, %q", id, tags, rowsOfLink))
		}
		return err
	}, `SELECT l.id, l.tags, COALESCE((SELECT `+db.engine.tagsOf+` FROM tags t WHERE t.link_id = l.id AND t.user_id = l.user_id), '')
		FROM links l WHERE l.tags <> '' OR l.id IN (SELECT link_id FROM tags)`)
	if err != nil {
		return err
	}
	return eachRow(ctx, db.whole, func(rows *sql.Rows) error {
		var id int64
		err := rows.Scan(&id)
		report(fmt.Sprintf("the newest version of link %d is not its long URL", id))
		return err
	}, `SELECT l.id FROM versions v JOIN links l ON l.id = v.link_id WHERE v.long_url <> l.long_url
		AND v.number = (SELECT MAX(n.number) FROM versions n WHERE n.link_id = v.link_id)`)
}

func (db *DB) verifyKeywords(ctx context.Context, report func(string)) error {
	return eachRow(ctx, db.whole, func(rows *sql.Rows) error {
		var id int64
		var keyword click.Hash
		var folded string
		if err := rows.Scan(&id, &keyword, &folded); err != nil {
			return err
		}
		if store.FoldName(keyword) != folded {
			report(fmt.Sprintf("the folded name of keyword %d does not match it: %q", id, keyword))
		}
		return nil
	}, `SELECT id, keyword, keyword_folded FROM keywords`+db.engine.wholeTable)
}

// verifyIDs checks that no id would be used twice.
func (db *DB) verifyIDs(ctx context.Context, report func(string)) error {
	rows := 0
	err := eachRow(ctx, db.whole, func(r *sql.Rows) error {
		rows++
		var right bool
		if err := r.Scan(&right); err != nil {
			return err
		}
		if !right {
			report("last_ids is lower than an id in use: new users or links would reuse it")
		}
		return nil
	}, `SELECT
		user_id >= (SELECT COALESCE(MAX(id), 0) FROM users) AND link_id >= (SELECT COALESCE(MAX(id), 0) FROM links)
		AND keyword_id >= (SELECT COALESCE(MAX(id), 0) FROM keywords) FROM last_ids`)
	if err == nil && rows != 1 {
		report(fmt.Sprintf("last_ids has %d rows instead of one", rows))
	}
	return err
}
