package sql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/footfall/footfall/internal/base/fsync"
)

// renewLog rewrites the write-ahead log of a database, if there is one. The database
// must not be open. See fsync.Rewrite for the reason.
func renewLog(path string) error {
	f, err := os.OpenFile(path+"-wal", os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil && info.Size() > 0 {
		err = fsync.Rewrite(f, 0, info.Size())
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write %s-wal again: %w", path, err)
	}
	return nil
}

// emptyLog moves the contents of the log into the database. If that fails, as on a
// full disk, the log stays: it is durable.
func emptyLog(ctx context.Context, db *sql.DB) error {
	var busy, log, moved int
	err := db.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &log, &moved)
	if isDamage(err) || ctx.Err() != nil {
		return err
	}
	return nil
}

// probe reads from the tables that everything needs.
func probe(ctx context.Context, db *sql.DB) error {
	for _, table := range []string{"last_ids", "installation", "users", "links"} {
		var some int
		if err := db.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM `+table+` LIMIT 1)`).Scan(&some); err != nil {
			return err
		}
	}
	return nil
}

// refused adds the operating system's error to one of SQLite, which does not have
// it.
func refused(path string, err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) || e.Code()&0xff != sqlite3.SQLITE_CANTOPEN && e.Code()&0xff != sqlite3.SQLITE_IOERR {
		return err
	}
	// The database, its log, and the shared part of the log, twice.
	for range 6 {
		f, system := os.Open(path)
		if system != nil {
			var number syscall.Errno
			if errors.As(system, &number) {
				return fmt.Errorf("%w: %w", err, number)
			}
			return err
		}
		defer f.Close()
	}
	return err
}
