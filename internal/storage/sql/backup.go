package sql

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
)

// Backup writes the database as it is at one instant to a file, which must not
// exist. Reads and writes go on meanwhile. The caller must sync the file.
func (db *SQLite) Backup(ctx context.Context, path string) (err error) {
	defer wrap("backup", &err)
	// A connection of its own: those that read must not write, even another file.
	own, err := sql.Open(driverName, dsn(db.path, false, wholeReaderCache))
	if err != nil {
		return err
	}
	_, err = own.ExecContext(ctx, `VACUUM INTO $1`, path)
	if err := errors.Join(err, own.Close()); err != nil {
		return err
	}
	return unmark(ctx, path)
}

// Save is Backup for a database whose file was removed while it was open. The copy
// keeps the file's mark, and replaces the file.
func (db *SQLite) Save(ctx context.Context, path string) (err error) {
	defer wrap("save", &err)
	_, err = db.writer.ExecContext(ctx, `VACUUM INTO $1`, path)
	return err
}

// unmark removes the mark of the original from a copy. With the mark, the copy would
// be mistaken for the original and combined with its log.
func unmark(ctx context.Context, path string) error {
	db, err := sql.Open(driverName, (&url.URL{Scheme: "file", Path: path, RawQuery: "_pragma=journal_mode(DELETE)"}).String())
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, `PRAGMA application_id = 0`)
	return errors.Join(err, db.Close())
}
