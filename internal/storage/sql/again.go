package sql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// disk is a file that can be written again where it lies.
type disk interface {
	io.ReaderAt
	io.WriterAt
	Sync() error
}

// writeAgain writes what is in a file where it is, and syncs it.
//
// A process that ended after a sync had failed leaves a log whose end may be in
// the system's memory alone, and counts as written there: the next sync of it
// succeeds without writing a thing. Whoever builds on that end, and then loses
// the power, loses what was acknowledged in between.
func writeAgain(f disk, size int64) error {
	buf := make([]byte, min(size, 1<<20))
	for at := int64(0); at < size; {
		b := buf[:min(int64(len(buf)), size-at)]
		if _, err := f.ReadAt(b, at); err != nil {
			return err
		}
		if _, err := f.WriteAt(b, at); err != nil {
			return err
		}
		at += int64(len(b))
	}
	return f.Sync()
}

// renewLog writes the write-ahead log of a database again, if there is one. The
// database must not be open.
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
		err = writeAgain(f, info.Size())
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write %s-wal again: %w", path, err)
	}
	return nil
}

// emptyLog moves what is in the log into the database. The log is durable, so it
// may stay where that cannot be done, as on a full disk.
func emptyLog(ctx context.Context, db *sql.DB) error {
	var busy, log, moved int
	err := db.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &log, &moved)
	if isDamage(err) || ctx.Err() != nil {
		return err
	}
	return nil
}

// probe reads of the tables without which nothing works.
func probe(ctx context.Context, db *sql.DB) error {
	for _, table := range []string{"last_ids", "installation", "users", "links"} {
		var some int
		if err := db.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM `+table+` LIMIT 1)`).Scan(&some); err != nil {
			return err
		}
	}
	return nil
}

// refused adds why the system refuses to open the database, which SQLite does not
// say.
func refused(path string, err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) || e.Code()&0xff != sqlite3.SQLITE_CANTOPEN && e.Code()&0xff != sqlite3.SQLITE_IOERR {
		return err
	}
	// The database, its log, and what is shared of the log, twice.
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
