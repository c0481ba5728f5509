package sql

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"strconv"
	"strings"

	"github.com/footfall/footfall/internal/base/meter"
	"github.com/footfall/footfall/internal/storage/store"
)

// ErrNotEmpty: the database has links, users, or another installation.
var ErrNotEmpty = errors.New("links and users are there already, or those of another installation")

// Tables returns the database itself.
func (db *DB) Tables() *DB { return db }

// copiedTable is a table that Copy copies.
type copiedTable struct {
	name, columns, order string
	// first is the condition of rows that others refer to; empty if there are none.
	first string
}

// copiedTables are in an order in which each row follows those that it refers to. The table
// deletions is missing: it is about one set of counts.
var copiedTables = []copiedTable{
	{name: "users", columns: "id, login, created, full_name, key_version, password, admin, disabled", order: "id"},
	{name: "tokens", columns: "digest, user_id, created, passing, name, used", order: "digest"},
	{name: "sessions", columns: "digest, user_id, kind, created, used, agent, place", order: "digest"},
	{name: "links", columns: "id, user_id, hash, aggregate_id, long_url, long_url_digest, created, title, note, private, archived, user_ts, modified, " +
		"tags, forward_query, expires, max_clicks, expired_url", order: "id", first: "user_id IS NULL"},
	{name: "keywords", columns: "id, domain, keyword, link_id, keyword_folded", order: "id"},
	{name: "tags", columns: "user_id, tag, link_id", order: "user_id, tag, link_id"},
	{name: "versions", columns: "link_id, number, since, long_url, long_url_digest, aggregate_id", order: "link_id, number"},
	{name: "shares", columns: "digest, user_id, link_id, tag, created, ends, used, proof, frames", order: "digest"},
	{name: "former_aggregates", columns: "link_id, aggregate_id", order: "link_id, aggregate_id"},
}

// copiedRows is the number of rows that one statement inserts.
const copiedRows = 200

// Copy copies users, tokens, sessions, shares and links to another database, with their ids, the last ids that were given
// out, the version and the secret: all or nothing. That database must be empty: ErrNotEmpty. If it
// has the same secret already, Copy has been there before, and changes nothing. Nothing else may
// change the first database meanwhile.
func Copy(ctx context.Context, from, to *DB) (err error) {
	defer wrap("copy links and users", &err)
	var secret string
	var last lastIDs
	if err := from.whole.QueryRowContext(ctx, `SELECT secret FROM installation`).Scan(&secret); err != nil {
		return err
	}
	if err := last.scan(from.lastIDs.QueryRowContext(ctx)); err != nil {
		return err
	}
	if has, err := to.IsCopy(ctx, from); has || err != nil {
		return err
	}
	err = inTx(ctx, to.writer, func(tx *sql.Tx) error {
		// The first statement locks the row, as in write.
		r, err := tx.ExecContext(ctx, `UPDATE last_ids SET user_id = $1, link_id = $2, keyword_id = $3, version = $4
			WHERE user_id = 0 AND link_id = 0 AND keyword_id = 0 AND version = 0`, last.user, last.link, last.keyword, last.version)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return errors.Join(ErrNotEmpty, err)
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO installation (id, secret) VALUES (1, $1)`, secret); err != nil {
			return err
		}
		for _, t := range copiedTables {
			if err := t.copy(ctx, from, tx); err != nil {
				return fmt.Errorf("table %s: %w", t.name, err)
			}
		}
		return to.engine.notify(ctx, to, tx, &store.Change{All: true})
	})
	if err == nil {
		err = to.engine.settle(ctx, to.writer)
	}
	return err
}

// IsCopy reports whether the database has the secret of another one. If it has another secret, it
// fails with ErrNotEmpty.
func (db *DB) IsCopy(ctx context.Context, of *DB) (bool, error) {
	var secrets [2]string
	for i, d := range []*DB{of, db} {
		err := d.whole.QueryRowContext(ctx, `SELECT secret FROM installation`).Scan(&secrets[i])
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return false, fmt.Errorf("store/sql: secret: %w", engineError(err))
		}
	}
	if secrets[1] != "" && secrets[1] != secrets[0] {
		return false, fmt.Errorf("store/sql: %w", ErrNotEmpty)
	}
	return secrets[1] != "", nil
}

// copy copies the rows of a table.
func (t *copiedTable) copy(ctx context.Context, from *DB, to *sql.Tx) error {
	if t.first == "" {
		return t.copyWhere(ctx, from, to, "1 = 1")
	}
	return errors.Join(t.copyWhere(ctx, from, to, t.first), t.copyWhere(ctx, from, to, "NOT "+t.first))
}

func (t *copiedTable) copyWhere(ctx context.Context, from *DB, to *sql.Tx, condition string) error {
	columns := strings.Count(t.columns, ",") + 1
	var values []any
	flush := func() error {
		if len(values) == 0 {
			return nil
		}
		_, err := to.ExecContext(ctx, t.insert(len(values)/columns, columns), values...)
		values = values[:0]
		return err
	}
	watched := meter.Current(ctx)
	err := t.each(ctx, from, condition, func(row []any) error {
		watched.Add(1)
		if values = append(values, row...); len(values) < copiedRows*columns {
			return nil
		}
		return flush()
	})
	if err != nil {
		return err
	}
	return flush()
}

func (t *copiedTable) insert(rows, columns int) string {
	var b strings.Builder
	b.WriteString("INSERT INTO " + t.name + " (" + t.columns + ") VALUES ")
	for i := range rows * columns {
		switch {
		case i == 0:
			b.WriteString("(")
		case i%columns == 0:
			b.WriteString("), (")
		default:
			b.WriteString(", ")
		}
		b.WriteString("$" + strconv.Itoa(i+1))
	}
	return b.String() + ")"
}

// each calls f with the values of each row: numbers, texts and nil. The slice is used again.
func (t *copiedTable) each(ctx context.Context, db *DB, condition string, f func([]any) error) error {
	row := make([]any, strings.Count(t.columns, ",")+1)
	at := make([]any, len(row))
	for i := range row {
		at[i] = &row[i]
	}
	return eachRow(ctx, db.whole, func(rows *sql.Rows) error {
		if err := rows.Scan(at...); err != nil {
			return err
		}
		return f(row)
	}, `SELECT `+t.columns+` FROM `+t.name+` WHERE `+condition+` ORDER BY `+t.order)
}

// TableSum is the number of rows of a table, and their checksum. Both engines have the same sum of
// the same rows.
type TableSum struct {
	Table  string
	Rows   uint64
	Digest [32]byte
}

// Sums returns the sums of the tables that Copy copies. That of the links is without aggregate
// links, which have a sum of their own with the name "aggregate links".
func (db *DB) Sums(ctx context.Context) (sums []TableSum, err error) {
	defer wrap("sums of tables", &err)
	for _, t := range copiedTables {
		s, err := t.sum(ctx, db, t.name, "1 = 1")
		if t.first != "" && err == nil {
			var others TableSum
			if others, err = t.sum(ctx, db, "aggregate "+t.name, t.first); err == nil {
				sums = append(sums, others)
				s, err = t.sum(ctx, db, t.name, "NOT "+t.first)
			}
		}
		if err != nil {
			return nil, err
		}
		sums = append(sums, s)
	}
	return sums, nil
}

func (t *copiedTable) sum(ctx context.Context, db *DB, name, condition string) (TableSum, error) {
	s, h := TableSum{Table: name}, sha256.New()
	err := t.each(ctx, db, condition, func(row []any) error {
		s.Rows++
		for _, v := range row {
			if err := addValue(h, v); err != nil {
				return err
			}
		}
		return nil
	})
	s.Digest = [32]byte(h.Sum(nil))
	return s, err
}

// addValue adds a value to a checksum, so that different rows have different sums.
func addValue(h hash.Hash, v any) error {
	var head [9]byte // a type, and a number or a length
	text := ""
	switch v := v.(type) {
	case nil:
	case int64:
		head[0] = 1
		binary.BigEndian.PutUint64(head[1:], uint64(v))
	case string:
		head[0], text = 2, v
		binary.BigEndian.PutUint64(head[1:], uint64(len(v)))
	default:
		return fmt.Errorf("a value is %T", v)
	}
	h.Write(head[:])
	_, err := h.Write([]byte(text))
	return err
}
