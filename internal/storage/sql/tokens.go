package sql

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

// AddToken implements store.Tokens.
func (db *DB) AddToken(ctx context.Context, t store.Token, keep int) (err error) {
	defer wrap("add token", &err)
	if t.Name != "" {
		if err := store.CheckText("name", t.Name); err != nil {
			return err
		}
	}
	return db.write(ctx, func(ctx context.Context, tx *transaction) error {
		var one int
		if err := tx.QueryRowContext(ctx, `SELECT 1 FROM users WHERE id = $1`, int64(t.User)).Scan(&one); err != nil {
			return err
		}
		err := oneRow(tx.ExecContext(ctx, `INSERT INTO tokens (digest, user_id, created, passing, name, used) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (digest) DO NOTHING`, hexDigest(t.Digest), int64(t.User), t.Created, flag(t.Session), t.Name, t.Used))
		if err != nil || !t.Session {
			return err
		}
		return replaceTokens(ctx, tx, t, keep)
	})
}

// replaceTokens removes the session tokens that a new one replaces.
func replaceTokens(ctx context.Context, tx *transaction, t store.Token, keep int) error {
	var others int
	err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM tokens WHERE user_id = $1 AND passing = 1 AND digest <> $2`,
		int64(t.User), hexDigest(t.Digest)).Scan(&others)
	tooMany := others + 1 - max(keep, 1)
	if err != nil || tooMany < 1 {
		return err
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM tokens WHERE digest IN (SELECT digest FROM tokens
		WHERE user_id = $1 AND passing = 1 AND digest <> $2 ORDER BY created, digest LIMIT $3)`, int64(t.User), hexDigest(t.Digest), tooMany)
	tx.change.Users = []click.UserID{t.User}
	return err
}

// TouchTokens implements store.Tokens.
func (db *DB) TouchTokens(ctx context.Context, used map[store.TokenDigest]int64) (err error) {
	defer wrap("touch tokens", &err)
	return db.write(ctx, func(ctx context.Context, tx *transaction) error {
		for digest, at := range used {
			if _, err := tx.ExecContext(ctx, `UPDATE tokens SET used = $1 WHERE digest = $2 AND used < $1`, at, hexDigest(digest)); err != nil {
				return err
			}
		}
		return nil
	})
}

// ListTokens implements store.Tokens.
func (db *DB) ListTokens(ctx context.Context, user click.UserID, limit int) (list []store.Token, err error) {
	defer wrap("list tokens", &err)
	if limit < 1 { // no limit in SQLite, and an error in PostgreSQL
		return nil, nil
	}
	err = each(ctx, db.listTokens, []any{int64(user), limit}, func(rows *sql.Rows) error {
		t := store.Token{User: user}
		var digest string
		var passing int64
		if err := rows.Scan(&digest, &t.Created, &passing, &t.Name, &t.Used); err != nil {
			return err
		}
		t.Session = passing != 0
		if n, err := hex.Decode(t.Digest[:], []byte(digest)); err != nil || n != len(t.Digest) {
			return fmt.Errorf("table tokens holds no digest: %w", err)
		}
		list = append(list, t)
		return nil
	})
	return list, err
}

// RemoveToken implements store.Tokens.
func (db *DB) RemoveToken(ctx context.Context, user click.UserID, digest store.TokenDigest) (err error) {
	defer wrap("remove token", &err)
	return db.changeRow(ctx, user, `DELETE FROM tokens WHERE digest = $1 AND user_id = $2`, hexDigest(digest), int64(user))
}

// RemoveTokens implements store.Tokens.
func (db *DB) RemoveTokens(ctx context.Context, user click.UserID) (removed int, err error) {
	defer wrap("remove tokens", &err)
	err = db.deletes(ctx, &store.DeletedRows{}, func(d *deleter) error {
		var one int
		if err := d.row(`SELECT 1 FROM users WHERE id = $1`, int64(user)).Scan(&one); err != nil {
			return err
		}
		removed = d.exec(`DELETE FROM tokens WHERE user_id = $1`, int64(user))
		d.tx.change.Users = []click.UserID{user}
		return nil
	})
	return removed, err
}

// CountTokens implements store.Tokens.
func (db *DB) CountTokens(ctx context.Context, user click.UserID) (n int, err error) {
	defer wrap("count tokens", &err)
	if err := db.tokensOfUser.QueryRowContext(ctx, int64(user)).Scan(&n); err != nil {
		return 0, err
	}
	return n, nil
}

// UserByToken implements store.Tokens.
func (db *DB) UserByToken(ctx context.Context, digest store.TokenDigest) (u store.User, err error) {
	defer wrap("user by token", &err)
	return scanUser(db.userByToken.QueryRowContext(ctx, hexDigest(digest)))
}

// key is a digest as it is stored: the engines differ in their types of bytes, not
// in text.
func hexDigest(d store.TokenDigest) string { return hex.EncodeToString(d[:]) }

// flag is a truth as it is stored.
func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
