package sql

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/footfall/footfall/internal/storage/store"
)

// Migrations are numbered without gaps from 0001. One that was released never
// changes; the next one follows it.
//
//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings an older schema up to date, one transaction per migration. A
// schema that is newer than the binary is store.ErrVersion, and is not touched.
// upgrading is told of an older one before.
func migrate(ctx context.Context, db *sql.DB, upgrading func(from, to int)) error {
	_, err := db.ExecContext(ctx, ddl(`CREATE TABLE IF NOT EXISTS schema_versions (version BIGINT PRIMARY KEY)`))
	if err != nil {
		return err
	}
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	var have int
	const newest = `SELECT COALESCE(MAX(version), 0) FROM schema_versions`
	if err := db.QueryRowContext(ctx, newest).Scan(&have); err != nil {
		return err
	}
	if have > len(names) {
		return fmt.Errorf("schema %d, this binary knows %d: %w", have, len(names), store.ErrVersion)
	}
	if have > 0 && have < len(names) {
		upgrading(have, len(names))
	}
	for i, name := range names {
		number, _, _ := strings.Cut(path.Base(name), "_")
		if n, err := strconv.Atoi(number); err != nil || n != i+1 {
			return fmt.Errorf("migration %s is out of order", name)
		}
		if i < have {
			continue
		}
		if err := apply(ctx, db, i+1, name); err != nil {
			return fmt.Errorf("migration %s: %w", path.Base(name), err)
		}
	}
	return nil
}

// apply runs one migration. Its number goes in first: where two processes
// start at once, the second fails instead of applying it again.
func apply(ctx context.Context, db *sql.DB, version int, name string) error {
	text, err := migrations.ReadFile(name)
	if err != nil {
		return err
	}
	return inTx(ctx, db, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO schema_versions (version) VALUES ($1)`, version); err != nil {
			return err
		}
		if version == 1 { // a new file holds nothing
			if _, err := tx.ExecContext(ctx, markClean); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, ddl(string(text)))
		return err
	})
}

// inTx commits what f does, or nothing of it.
func inTx(ctx context.Context, db *sql.DB, f func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // after a commit, this does nothing
	if err = f(tx); err == nil {
		err = tx.Commit()
	}
	if err != nil && ctx.Err() != nil {
		// Which is most often why: the transaction is done, or its statements
		// are closed.
		return fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	return err
}
