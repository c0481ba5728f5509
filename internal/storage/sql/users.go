package sql

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

const (
	userColumns = `u.id, u.login, u.created, u.full_name, u.key_version, u.admin, u.disabled`
	selectUsers = `SELECT ` + userColumns + ` FROM users u `
)

// scanUser scans a row of userColumns, which come after some others.
func scanUser(row interface{ Scan(...any) error }, before ...any) (u store.User, err error) {
	var id, admin, disabled int64
	if err := row.Scan(append(before, &id, &u.Login, &u.Created, &u.FullName, &u.KeyVersion, &admin, &disabled)...); err != nil {
		return store.User{}, err
	}
	u.ID, u.Admin, u.Disabled = click.UserID(id), admin != 0, disabled != 0
	return u, nil
}

// AddUser implements store.Users.
func (db *DB) AddUser(ctx context.Context, login string, created int64) (u store.User, err error) {
	defer wrap("add user", &err)
	if err := store.CheckText("login", login); err != nil {
		return store.User{}, err
	}
	u = store.User{Login: login, Created: created}
	err = db.write(ctx, func(ctx context.Context, tx *transaction) error {
		tx.last.user++
		u.ID = click.UserID(tx.last.user)
		return oneRow(tx.ExecContext(ctx, `INSERT INTO users (id, login, created) VALUES ($1, $2, $3)
			ON CONFLICT DO NOTHING`, tx.last.user, login, created))
	})
	if err != nil {
		return store.User{}, err
	}
	return u, nil
}

// ImportUsers implements store.Users. As ImportLinks does, it first looks without a transaction.
func (db *DB) ImportUsers(ctx context.Context, users []store.ForeignUser) (err error) {
	defer wrap(fmt.Sprintf("import %d users", len(users)), &err)
	for i := range users {
		if err := users[i].Check(); err != nil {
			return err
		}
	}
	missing, err := missingUsers(ctx, nil, db.reads.users, users)
	if err != nil || len(missing) == 0 {
		return err
	}
	return db.write(ctx, func(ctx context.Context, tx *transaction) error {
		missing, err := missingUsers(ctx, tx.Tx, db.writes.users, missing) // another transaction may have made some
		if err != nil {
			return err
		}
		rows := make([]any, 0, db.inserts.users.columns*len(missing))
		for i := range missing {
			u := &missing[i]
			tx.last.user++
			rows = append(rows, tx.last.user, u.Login, u.Created, u.FullName)
		}
		return db.inserts.users.insert(ctx, tx.Tx, rows)
	})
}

// missingUsers returns those users whose logins are free, each login once.
func missingUsers(ctx context.Context, tx *sql.Tx, f finder, users []store.ForeignUser) ([]store.ForeignUser, error) {
	ids := make(map[string]int64, len(users))
	for i := range users {
		ids[users[i].Login] = 0
	}
	if err := findIDs(ctx, tx, f, ids); err != nil {
		return nil, err
	}
	missing := make([]store.ForeignUser, 0, len(ids))
	for i := range users {
		if id, ok := ids[users[i].Login]; ok && id == 0 {
			delete(ids, users[i].Login)
			missing = append(missing, users[i])
		}
	}
	return missing, nil
}

// oneRow fails with click.ErrExists if the insert added no row.
func oneRow(r sql.Result, err error) error {
	if err != nil {
		return err
	}
	n, err := r.RowsAffected()
	if err == nil && n == 0 {
		err = click.ErrExists
	}
	return err
}

// UserByLogin implements store.Users.
func (db *DB) UserByLogin(ctx context.Context, login string) (u store.User, err error) {
	defer wrap("user by login", &err)
	return scanUser(db.userByLogin.QueryRowContext(ctx, key(login)))
}

// UserByID implements store.Users.
func (db *DB) UserByID(ctx context.Context, id click.UserID) (u store.User, err error) {
	defer wrap("user by id", &err)
	return scanUser(db.userByID.QueryRowContext(ctx, int64(id)))
}

// Logins implements store.Users.
func (db *DB) Logins(ctx context.Context, ids []click.UserID) (logins []string, err error) {
	defer wrap("logins", &err)
	return textsOf[click.UserID, string](ctx, db.logins, ids)
}

// ListUsers implements store.Users.
func (db *DB) ListUsers(ctx context.Context, after string, limit int) (users []store.User, err error) {
	defer wrap("list users", &err)
	if limit < 1 { // no limit in SQLite, and an error in PostgreSQL
		return nil, nil
	}
	err = each(ctx, db.listUsers, []any{after, limit}, func(rows *sql.Rows) error {
		u, err := scanUser(rows)
		users = append(users, u)
		return err
	})
	return users, err
}
