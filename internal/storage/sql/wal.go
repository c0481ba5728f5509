package sql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"

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
