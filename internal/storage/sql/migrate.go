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

// migrations are numbered without gaps from 0001, for each engine. A migration never
// changes after its release.
//
//go:embed migrations/*.sql migrations/postgres/*.sql
var migrations embed.FS

// migrate upgrades an older schema, one transaction per migration, and calls
// upgrading before. A schema that is newer than the binary is store.ErrVersion, and
// is not changed.
func migrate(ctx context.Context, db *sql.DB, e *engine, upgrading func(from, to int)) error {
	_, err := db.ExecContext(ctx, e.ddl(`CREATE TABLE IF NOT EXISTS schema_versions (version BIGINT PRIMARY KEY)`))
	if err != nil {
		return err
	}
	names, err := fs.Glob(migrations, e.migrations)
	if err != nil {
		return err
	}
	var have int
	const newest = `SELECT COALESCE(MAX(version), 0) FROM schema_versions`
	if err := db.QueryRowContext(ctx, newest).Scan(&have); err != nil {
		return err
	}
	if have > len(names) {
		return fmt.Errorf("schema %d, and this program supports up to %d: %w", have, len(names), store.ErrVersion)
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
		if err := apply(ctx, db, e, i+1, name); err != nil {
			return fmt.Errorf("migration %s: %w", path.Base(name), err)
		}
	}
	return nil
}

// apply runs one migration. It inserts the number first: if two processes start at
// once, the second one fails instead of applying it again.
func apply(ctx context.Context, db *sql.DB, e *engine, version int, name string) error {
	text, err := migrations.ReadFile(name)
	if err != nil {
		return err
	}
	return inTx(ctx, db, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO schema_versions (version) VALUES ($1)`, version); err != nil {
			return err
		}
		if version == 1 && e.first != "" {
			if _, err := tx.ExecContext(ctx, e.first); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, e.ddl(string(text)))
		return err
	})
}
