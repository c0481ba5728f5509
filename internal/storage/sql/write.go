package sql

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/progress"
	"github.com/footfall/footfall/internal/storage/store"
)

// transaction is a transaction that changes links or users.
type transaction struct {
	*sql.Tx
	last   lastIDs      // the newest ids, which the transaction raises
	change store.Change // what those who remember answers must forget
}

// made notes that a hash leads to a link from now on.
func (tx *transaction) made(hash click.Hash) { tx.change.Names = append(tx.change.Names, hash) }

// named notes that a link has a keyword from now on.
func (tx *transaction) named(k store.Keyword) {
	k.Link = 0
	tx.change.Keywords = append(tx.change.Keywords, k)
}

// lastIDs is the row of the table last_ids.
type lastIDs struct{ user, link, keyword, version int64 }

func (l *lastIDs) scan(row *sql.Row) error {
	return row.Scan(&l.user, &l.link, &l.keyword, &l.version)
}

// links is the row as package progress has it.
func (l *lastIDs) links() progress.Links {
	return progress.Links{Version: uint64(l.version), User: uint64(l.user), Link: uint64(l.link)}
}

// write runs f in a transaction on the one connection that writes, and raises the
// version of the database. If the transaction fails because of another one, f is called
// again.
//
// The first statement locks the row of last_ids. So all processes write one after
// another, and f sees what the transaction before it left.
func (db *DB) write(ctx context.Context, f func(context.Context, *transaction) error) error {
	var last lastIDs
	var change store.Change
	err := db.retry(ctx, func() error {
		return inTx(ctx, db.writer, func(tx *sql.Tx) error {
			w := &transaction{Tx: tx}
			row := tx.QueryRowContext(ctx, `UPDATE last_ids SET version = version + 1 RETURNING user_id, link_id, keyword_id, version`)
			if err := w.last.scan(row); err != nil {
				return err
			}
			before, statements := w.last, db.engine.statements(ctx)
			if err := f(statements, w); err != nil {
				return err
			}
			if last = w.last; last != before {
				_, err := tx.ExecContext(statements, `UPDATE last_ids SET user_id = $1, link_id = $2, keyword_id = $3`,
					last.user, last.link, last.keyword)
				if err != nil {
					return err
				}
			}
			change = w.change
			return db.engine.notify(statements, db, tx, &w.change)
		})
	})
	// Also after an error of the commit: the transaction may be durable then.
	if tell := db.tell.Load(); tell != nil && !change.Empty() {
		(*tell)(change)
	}
	if err == nil && db.changed != nil {
		links := last.links()
		links.Life = db.life
		db.changed(links)
	}
	return err
}

// tries is how often a transaction is tried if it fails because of another one. pause is
// the longest pause before the second try; it doubles before each later try.
const (
	tries = 6
	pause = 20 * time.Millisecond
)

// retry calls f until it does not fail because of another transaction.
func (db *DB) retry(ctx context.Context, f func() error) error {
	for try := range tries {
		err := f()
		if err == nil || !db.engine.isConflict(err) {
			return err
		}
		if try == tries-1 {
			return fmt.Errorf("%w: tried %d times: %w", click.ErrUnavailable, tries, err)
		}
		select {
		case <-time.After(rand.N(pause << try)):
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		}
	}
	return nil
}

// inTx runs f in a transaction, and commits it if f succeeds.
func inTx(ctx context.Context, db *sql.DB, f func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // after a commit, this does nothing
	if err = f(tx); err == nil {
		err = tx.Commit()
	}
	if err != nil && ctx.Err() != nil {
		// The end of ctx is most likely the cause: it ends the transaction.
		return fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	return err
}
