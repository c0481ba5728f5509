package sql

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

// SetFullName implements store.Users.
func (db *DB) SetFullName(ctx context.Context, user click.UserID, name string) (err error) {
	defer wrap("set full name", &err)
	if name != "" {
		err = store.CheckText("full name", name)
	}
	if err == nil {
		err = db.changeRow(ctx, user, `UPDATE users SET full_name = $1 WHERE id = $2`, name, int64(user))
	}
	return err
}

// SetKeyVersion implements store.Users.
func (db *DB) SetKeyVersion(ctx context.Context, user click.UserID, version int64) (err error) {
	defer wrap("set key version", &err)
	return db.changeRow(ctx, user, `UPDATE users SET key_version = $1 WHERE id = $2`, version, int64(user))
}

// SetAdmin implements store.Users.
func (db *DB) SetAdmin(ctx context.Context, user click.UserID, admin bool) (err error) {
	defer wrap("set admin", &err)
	return db.changeRow(ctx, user, `UPDATE users SET admin = $1 WHERE id = $2`, flag(admin), int64(user))
}

// SetDisabled implements store.Users.
func (db *DB) SetDisabled(ctx context.Context, user click.UserID, disabled bool) (err error) {
	defer wrap("set disabled", &err)
	return db.changeRow(ctx, user, `UPDATE users SET disabled = $1 WHERE id = $2`, flag(disabled), int64(user))
}

// SetPassword implements store.Users.
func (db *DB) SetPassword(ctx context.Context, user click.UserID, proof string) (err error) {
	defer wrap("set password", &err)
	err = store.CheckText("password", proof)
	if err == nil {
		err = db.changeRow(ctx, user, `UPDATE users SET password = $1 WHERE id = $2`, proof, int64(user))
	}
	return err
}

// changeRow runs a statement that changes one row of a user. It fails with
// click.ErrNotFound if there is no such row.
func (db *DB) changeRow(ctx context.Context, user click.UserID, query string, args ...any) error {
	return db.write(ctx, func(ctx context.Context, tx *transaction) error {
		tx.change.Users = []click.UserID{user}
		r, err := tx.ExecContext(ctx, query, args...)
		if err != nil {
			return err
		}
		n, err := r.RowsAffected()
		if err == nil && n == 0 {
			err = click.ErrNotFound
		}
		return err
	})
}

// Password implements store.Users.
func (db *DB) Password(ctx context.Context, user click.UserID) (proof string, err error) {
	defer wrap("password", &err)
	err = db.passwordOf.QueryRowContext(ctx, int64(user)).Scan(&proof)
	if err == nil && proof == "" {
		err = click.ErrNotFound
	}
	return proof, err
}

// Secret implements store.Users.
func (db *DB) Secret(ctx context.Context, offer [32]byte) (secret [32]byte, err error) {
	defer wrap("secret", &err)
	const query = `SELECT secret FROM installation WHERE id = 1`
	var text string
	// Reading it does not need the writer.
	err = db.whole.QueryRowContext(ctx, query).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		err = db.write(ctx, func(ctx context.Context, tx *transaction) error {
			if _, err := tx.ExecContext(ctx, `INSERT INTO installation (id, secret) VALUES (1, $1) ON CONFLICT (id) DO NOTHING`,
				hex.EncodeToString(offer[:])); err != nil {
				return err
			}
			return tx.QueryRowContext(ctx, query).Scan(&text)
		})
		if err == nil {
			err = db.engine.settle(ctx, db.writer) // the file alone must have it
		}
	}
	if err != nil {
		return secret, err
	}
	if n, err := hex.Decode(secret[:], []byte(text)); err != nil || n != len(secret) {
		return [32]byte{}, fmt.Errorf("table installation holds no secret: %w", err)
	}
	return secret, nil
}
