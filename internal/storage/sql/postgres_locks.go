package sql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"
	"time"
)

// ErrLocked says that another process holds the lock.
var ErrLocked = errors.New("another server holds the lock")

// lockEvery is the interval at which the connection of a lock is checked.
const lockEvery = 2 * time.Second

// lockKey is the number of a lock. Locks of one database in PostgreSQL are shared by all
// its schemas.
const lockKey = `hashtextextended('footfall/' || COALESCE(current_schema()::text, '') || '/' || $1::text, 0)`

// Lock waits for a lock, which one caller of all processes holds at a time. The caller
// holds it until release, or until the connection to PostgreSQL is lost: then held is
// cancelled, and another process may get the lock. The end of ctx ends only the wait.
func (db *Postgres) Lock(ctx context.Context, name string) (held context.Context, release func(), err error) {
	return db.lock(ctx, name, `SELECT TRUE FROM (SELECT pg_advisory_lock(`+lockKey+`)) l`)
}

// TryLock is Lock, but fails with ErrLocked instead of waiting.
func (db *Postgres) TryLock(ctx context.Context, name string) (held context.Context, release func(), err error) {
	return db.lock(ctx, name, `SELECT pg_try_advisory_lock(`+lockKey+`)`)
}

func (db *Postgres) lock(ctx context.Context, name, query string) (_ context.Context, release func(), err error) {
	defer wrap("lock "+name, &err)
	c, err := db.locks.Conn(ctx)
	if err != nil {
		return nil, nil, err
	}
	var got bool
	if err = c.QueryRowContext(ctx, query, name).Scan(&got); err == nil && !got {
		err = ErrLocked
	}
	if err != nil {
		return nil, nil, errors.Join(err, c.Close())
	}
	held, lost := context.WithCancelCause(context.WithoutCancel(ctx))
	checked := make(chan struct{})
	go func() {
		defer close(checked)
		db.keepLock(held, lost, c, name)
	}()
	var once sync.Once
	return held, func() {
		once.Do(func() {
			lost(nil)
			<-checked
			unlock(c, name)
		})
	}, nil
}

// keepLock cancels held when the connection that holds the lock fails.
func (db *Postgres) keepLock(held context.Context, lost context.CancelCauseFunc, c *sql.Conn, name string) {
	ticks := time.NewTicker(lockEvery)
	defer ticks.Stop()
	for {
		select {
		case <-held.Done():
			return
		case <-ticks.C:
		}
		ctx, cancel := context.WithTimeout(held, lockEvery)
		err := c.PingContext(ctx)
		cancel()
		if err != nil && held.Err() == nil {
			db.log.Warn("a lock was lost with its connection to PostgreSQL, and another server may get it. An import that needed it ends: start it again", "lock", name, "error", err)
			lost(fmt.Errorf("store/sql: lock %s: %w", name, postgresError(err)))
			return
		}
	}
}

// unlock gives up a lock. If that fails, the connection is closed, and the lock with it.
func unlock(c *sql.Conn, name string) {
	ctx, cancel := context.WithTimeout(context.Background(), lockEvery)
	defer cancel()
	if _, err := c.ExecContext(ctx, `SELECT pg_advisory_unlock(`+lockKey+`)`, name); err != nil {
		_ = c.Raw(func(any) error { return driver.ErrBadConn })
	}
	_ = c.Close()
}
