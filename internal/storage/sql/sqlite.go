package sql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/fsync"
	"github.com/footfall/footfall/internal/storage/store"
)

const driverName = "sqlite"

// SQLite is a DB in a file, which one process owns.
type SQLite struct {
	*DB
	path string
}

// Open opens the SQLite database in a file. It makes the file if it is missing, and
// upgrades an older schema. A newer schema is store.ErrVersion, and a damaged file
// is a store.CorruptError. Only its owner can read the file.
func Open(ctx context.Context, path string) (*SQLite, error) {
	return OpenReportingUpgrade(ctx, path, func(int, int) {})
}

// OpenReportingUpgrade is Open. Before it upgrades an older schema, which may take
// minutes, it calls upgrading with the version of the schema and the one after the
// upgrade.
func OpenReportingUpgrade(ctx context.Context, path string, upgrading func(from, to int)) (*SQLite, error) {
	db, err := open(ctx, path, upgrading)
	if isDamage(err) {
		return nil, fmt.Errorf("store/sql: open: %w", &store.CorruptError{File: path, Err: err})
	}
	if err != nil {
		return nil, fmt.Errorf("store/sql: open %s: %w", path, engineError(refused(path, err)))
	}
	return db, nil
}

// Place returns the path of the database after symbolic links. The log is in the same
// directory.
func Place(path string) string {
	if place, err := filepath.EvalSymlinks(path); err == nil {
		return place
	}
	return path
}

func open(ctx context.Context, path string, upgrading func(from, to int)) (_ *SQLite, err error) {
	if path, err = filepath.Abs(path); err != nil {
		return nil, err
	}
	path = Place(path)
	if err := errors.Join(createFile(path), renewLog(path)); err != nil {
		return nil, err
	}
	db := &SQLite{DB: &DB{engine: &sqliteEngine}, path: path}
	defer func() {
		if err != nil {
			err = errors.Join(err, db.Close())
		}
	}()
	if db.writer, err = sql.Open(driverName, dsn(path, false, writerCache)); err != nil {
		return nil, err
	}
	db.writer.SetMaxOpenConns(1)
	db.writer.SetConnMaxIdleTime(cachedIdleTime)
	upgrade := func(ctx context.Context, db *sql.DB) error { return migrate(ctx, db, &sqliteEngine, upgrading) }
	for _, step := range []func(context.Context, *sql.DB) error{upgrade, probe, emptyLog} {
		if err := step(ctx, db.writer); err != nil {
			return nil, err
		}
	}
	if err := db.openPools(ctx, func(cache int) (*sql.DB, error) { return sql.Open(driverName, dsn(path, true, cache)) }); err != nil {
		return nil, err
	}
	db.whole.SetConnMaxIdleTime(cachedIdleTime)
	return db, nil
}

// cachedIdleTime is how long a connection with a large cache stays open unused. To open one takes a millisecond, and an import of links
// or a check would leave a hundred megabytes behind.
const cachedIdleTime = 15 * time.Second

// busyMillis is the time that a connection waits for a lock, in milliseconds. Connections
// of this process do not wait for each other: it is for a backup tool that reads the
// file.
const busyMillis = 10_000

// writerCache is the memory for pages of the connection that writes, in KiB: large imports touch
// much of the indexes.
const writerCache = 64 << 10

// Every connection of a pool is opened with its DSN, so the pragmas in it hold
// for each of them. In WAL mode, synchronous=FULL syncs at every commit.
func dsn(path string, readOnly bool, cache int) string {
	q := url.Values{"_pragma": {
		fmt.Sprintf("busy_timeout(%d)", busyMillis),
		"journal_mode(WAL)",
		"synchronous(FULL)",
		"foreign_keys(ON)",
		fmt.Sprintf("cache_size(-%d)", cache),
	}}
	if readOnly {
		q.Add("_pragma", "query_only(ON)")
	} else {
		// A transaction that reads and then writes must not fail because another one
		// wrote in between.
		q.Set("_txlock", "immediate")
		// The statement journal of a large insert need not be on disk.
		q.Add("_pragma", "temp_store(MEMORY)")
		q.Add("_pragma", "wal_autocheckpoint(4000)") // pages, about 16 MB
		q.Add("_pragma", "secure_delete(ON)")        // see wipe.go
	}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}).String()
}

// linksPerTurn is the number of links that a search looks at before it lets others use the
// processor: about a quarter of a millisecond. The runtime interrupts it after ten milliseconds,
// and visitors would wait so long.
const linksPerTurn = 512

var searched atomic.Uint32 // links that all searches looked at

// A function belongs to the driver, and so to every connection of the process.
func init() {
	// VolatileArgs: the texts are not copied, because they are not kept. A search calls it for each
	// link of a user.
	sqlite.MustRegisterFunction("passes", &sqlite.FunctionImpl{NArgs: 7, Deterministic: true, VolatileArgs: true, Scalar: func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
		if searched.Add(1)%linksPerTurn == 0 {
			runtime.Gosched()
		}
		var w store.Words
		var l store.Link
		for i, text := range []*string{0: &w.Query, 1: &w.ExactDomain, 2: &w.RootDomain, 4: &l.LongURL, 5: &l.Title, 6: &l.Note} {
			if text == nil {
				continue
			}
			s, ok := args[i].(string)
			if !ok {
				return nil, fmt.Errorf("passes: argument %d is %T, not a text", i+1, args[i])
			}
			*text = s
		}
		w.WithoutNotes = args[3] == int64(1)
		return bit(w.Pass(&l)), nil
	}})
	// For migration 9, as long as databases of an older schema exist.
	sqlite.MustRegisterDeterministicScalarFunction("fold_name", 1, func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
		name, ok := args[0].(string)
		if !ok {
			return nil, fmt.Errorf("fold_name: the argument is %T, not a text", args[0])
		}
		return store.FoldName(click.Hash(name)), nil
	})
}

// createFile makes the database file if it is missing, and sets its mode to 0600.
// SQLite gives its other files the same mode.
func createFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Chmod(0o600), f.Close()); err != nil {
		return err
	}
	// The file's name must be durable, as its contents are.
	return fsync.Path(filepath.Dir(path))
}

// ddl turns a migration into the engine's words: only INTEGER PRIMARY KEY is
// SQLite's own row id, and it has 64 bits.
func ddl(migration string) string {
	return strings.ReplaceAll(migration, "BIGINT", "INTEGER")
}

// engineError marks the errors of both engines that may go away as click.ErrUnavailable.
func engineError(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return postgresError(err)
	}
	switch e.Code() & 0xff { // the rest of an extended code is detail
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("%w: %w: %w", click.ErrUnavailable, err, syscall.ENOSPC)
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED,
		sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM:
		return fmt.Errorf("%w: %w", click.ErrUnavailable, err)
	}
	return err
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
