package sql

import (
	"context"
	"database/sql"
	"io/fs"
	"net/url"
	"os"

	"github.com/footfall/footfall/internal/storage/progress"
)

// PeekResult is the result of Peek.
type PeekResult struct {
	// All says how new the database with its log is, and File the file alone. Each
	// is zero if that is not known, as in older schemas.
	All, File progress.Links
	Log       bool // the log is not empty
	// Unfit is set if the log does not belong to the file: together they cannot be
	// read.
	Unfit bool
}

// Peek reads a database that is not open, and changes nothing. (Opening it would move
// its log into it, and remove a log without a database.) A file that is missing or
// empty is fs.ErrNotExist.
func Peek(ctx context.Context, path string) (s PeekResult, err error) {
	info, err := os.Stat(path)
	if err == nil && info.Size() == 0 {
		err = &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
	if err != nil {
		return s, err
	}
	log, err := os.Stat(path + "-wal")
	s.Log = err == nil && log.Size() > 0
	// An error here is not reported: Open reports it.
	s.File, _ = lookAt(ctx, path, url.Values{"mode": {"ro"}, "immutable": {"1"}})
	if s.All = s.File; s.Log {
		s.All, err = lookAt(ctx, path, url.Values{"mode": {"ro"}})
		s.Unfit = isDamage(err)
	}
	return s, ctx.Err()
}

func lookAt(ctx context.Context, path string, how url.Values) (progress.Links, error) {
	db, err := sql.Open(driverName, (&url.URL{Scheme: "file", Path: path, RawQuery: how.Encode()}).String())
	if err != nil {
		return progress.Links{}, err
	}
	defer db.Close()
	var last lastIDs
	if err := last.scan(db.QueryRowContext(ctx, `SELECT user_id, link_id, keyword_id, version FROM last_ids`)); err != nil {
		return progress.Links{}, err
	}
	links := last.links()
	var mark int64
	if err := db.QueryRowContext(ctx, `PRAGMA application_id`).Scan(&mark); err != nil {
		return progress.Links{}, err
	}
	links.Mark = uint32(mark)
	return links, nil
}
