package sql

import (
	"context"
	"encoding/hex"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

// AddToken implements store.Users.
func (db *DB) AddToken(ctx context.Context, user click.UserID, digest store.TokenDigest, created int64) error {
	return db.addToken(ctx, user, digest, created, 0, nil)
}

// AddSessionToken implements store.Users.
func (db *DB) AddSessionToken(ctx context.Context, user click.UserID, digest store.TokenDigest, created int64, keep int) error {
	return db.addToken(ctx, user, digest, created, 1, func(ctx context.Context, tx *transaction) error {
		var others int
		err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM tokens WHERE user_id = $1 AND passing = 1 AND digest <> $2`,
			int64(user), hexDigest(digest)).Scan(&others)
		tooMany := others + 1 - max(keep, 1)
		if err != nil || tooMany < 1 {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM tokens WHERE digest IN (SELECT digest FROM tokens
			WHERE user_id = $1 AND passing = 1 AND digest <> $2 ORDER BY created, digest LIMIT $3)`, int64(user), hexDigest(digest), tooMany)
		tx.change.Users = []click.UserID{user}
		return err
	})
}

// addToken adds a token, and then calls made, if it is not nil. The column passing is
// 1 for a session token.
func (db *DB) addToken(ctx context.Context, user click.UserID, digest store.TokenDigest, created int64, passing int, made func(context.Context, *transaction) error) (err error) {
	defer wrap("add token", &err)
	return db.write(ctx, func(ctx context.Context, tx *transaction) error {
		var one int
		if err := tx.QueryRowContext(ctx, `SELECT 1 FROM users WHERE id = $1`, int64(user)).Scan(&one); err != nil {
			return err
		}
		err := oneRow(tx.ExecContext(ctx, `INSERT INTO tokens (digest, user_id, created, passing) VALUES ($1, $2, $3, $4)
			ON CONFLICT (digest) DO NOTHING`, hexDigest(digest), int64(user), created, passing))
		if err != nil || made == nil {
			return err
		}
		return made(ctx, tx)
	})
}

// RemoveToken implements store.Users.
func (db *DB) RemoveToken(ctx context.Context, user click.UserID, digest store.TokenDigest) (err error) {
	defer wrap("remove token", &err)
	return db.changeRow(ctx, user, `DELETE FROM tokens WHERE digest = $1 AND user_id = $2`, hexDigest(digest), int64(user))
}

// RemoveTokens implements store.Users.
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

// CountTokens implements store.Users.
func (db *DB) CountTokens(ctx context.Context, user click.UserID) (n int, err error) {
	defer wrap("count tokens", &err)
	if err := db.tokensOfUser.QueryRowContext(ctx, int64(user)).Scan(&n); err != nil {
		return 0, err
	}
	return n, nil
}

// UserByToken implements store.Users.
func (db *DB) UserByToken(ctx context.Context, digest store.TokenDigest) (u store.User, err error) {
	defer wrap("user by token", &err)
	return scanUser(db.userByToken.QueryRowContext(ctx, hexDigest(digest)))
}

// key is a digest as it is stored: the engines differ in their types of bytes, not
// in text.
func hexDigest(d store.TokenDigest) string { return hex.EncodeToString(d[:]) }
