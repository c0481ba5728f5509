package datadir

import (
	"context"
	"path/filepath"

	"github.com/footfall/footfall/internal/storage/progress"
	"github.com/footfall/footfall/internal/storage/sql"
	"github.com/footfall/footfall/internal/storage/store"
)

// CountsEngine is the engine for counts of a data directory. The methods other
// than those of store.ClickCounts are pebble.Store's, and are about its files.
type CountsEngine interface {
	store.ClickCounts
	Release() error
	Purge(ctx context.Context, everything bool) error
	Repair(ctx context.Context) (months int, err error)
	Checkpoint(ctx context.Context, dir string) error
	Size() (int64, error)
}

// LinksStore keeps links and users, as sql.DB does.
type LinksStore interface {
	store.Links
	store.Users
	Verify(ctx context.Context, report func(string)) error
	Close() error

	// How new links and users are, and which ids they have given out.
	OnChange(f func(progress.Links))
	Tell(f func(store.Change))
	Links(ctx context.Context) (progress.Links, error)
	GiveUpIDs(ctx context.Context, l progress.Links) error

	// Tables returns the database, for sql.Copy.
	Tables() *sql.DB
}

// LinksEngine is the engine for links and users of a data directory. The methods
// other than those of LinksStore are those of SQLite.
type LinksEngine interface {
	LinksStore

	// What links and users remember about the other parts, and about the processes
	// that changed them.
	Progress(ctx context.Context) (progress.Record, error)
	SaveProgress(ctx context.Context, r progress.Record) error
	Begin(ctx context.Context, life string, mark uint32) (progress.Links, error)
	Adopt(ctx context.Context, version uint64, life string) error
	Was(ctx context.Context, version uint64, life string) (bool, error)

	// These are about the file.
	Peek(ctx context.Context) (sql.PeekResult, error)
	Backup(ctx context.Context, path string) error
	Save(ctx context.Context, path string) error
	Dirty(ctx context.Context) (dirty bool, mark int64, err error)
	Clean(ctx context.Context) error
	Cleaned(ctx context.Context, mark int64) error
}

// embeddedLinks is links and users in footfall.db.
type embeddedLinks struct {
	*sql.SQLite
	file string
}

// linksFile returns the path of footfall.db after symbolic links.
func linksFile(dir string) string { return sql.Place(filepath.Join(dir, databaseFile)) }

// Peek reads how new the file is, and how new it is without its -wal.
func (l embeddedLinks) Peek(ctx context.Context) (sql.PeekResult, error) {
	return sql.Peek(ctx, l.file)
}
