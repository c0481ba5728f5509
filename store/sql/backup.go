package sql

import (
	"context"
	"database/sql"
	"errors"
)

// Backup writes the database as it is at one instant to a file, which must not
// exist. Everybody may read and write meanwhile. Whoever calls it makes the
// file durable.
func (db *DB) Backup(ctx context.Context, path string) error {
	// A connection of its own, since those that read must not write, not even
	// elsewhere.
	own, err := sql.Open(driverName, dsn(db.path, false))
	if err != nil {
		return failed("backup", err)
	}
	_, err = own.ExecContext(ctx, `VACUUM INTO $1`, path)
	if err := errors.Join(err, own.Close()); err != nil {
		return failed("backup", err)
	}
	return nil
}
