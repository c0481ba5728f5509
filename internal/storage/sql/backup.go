package sql

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
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
	if err := unmark(ctx, path); err != nil {
		return failed("backup", err)
	}
	return nil
}

// Save is Backup for a database whose file was removed while it is open. The
// copy keeps the mark of the file, and stands in for it.
func (db *DB) Save(ctx context.Context, path string) error {
	if _, err := db.writer.ExecContext(ctx, `VACUUM INTO $1`, path); err != nil {
		return failed("save", err)
	}
	return nil
}

// unmark takes the mark of the file that it was copied from off a copy, so that
// it is not taken for that one beneath its log.
func unmark(ctx context.Context, path string) error {
	db, err := sql.Open(driverName, (&url.URL{Scheme: "file", Path: path, RawQuery: "_pragma=journal_mode(DELETE)"}).String())
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, `PRAGMA application_id = 0`)
	return errors.Join(err, db.Close())
}
