package sql

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/footfall/footfall/internal/storage/store"
)

// channel is the channel of LISTEN and NOTIFY.
const channel = "footfall"

const (
	// maxNotice is the number of bytes that PostgreSQL takes in a notice.
	maxNotice = 7999
	// gather is how long notices are collected after the first one, so that a burst costs
	// the receivers little.
	gather = 20 * time.Millisecond
	// noticeTimeout is how long Follow waits for a notice before it sends one to itself, and
	// then for that one.
	noticeTimeout = 2 * time.Second
	// MissedEvery is the interval at which Follow says that anything may have changed,
	// as long as it gets no notices.
	MissedEvery = 5 * time.Second
)

// notice is a store.Change as it is sent.
type notice struct {
	From string // the sender
	store.Change
}

// notify sends a change with the transaction: PostgreSQL delivers it if that is committed.
func notify(ctx context.Context, db *DB, tx *sql.Tx, c *store.Change) error {
	if c.Empty() {
		return nil
	}
	for _, text := range notices(db.origin, *c) {
		if _, err := tx.ExecContext(ctx, `SELECT pg_notify($1, $2)`, channel, text); err != nil {
			return err
		}
	}
	return nil
}

// notices returns the texts of a change. A change that is too long is sent in parts. If a
// part is too long and cannot be divided, the notice says that anything may have changed.
func notices(from string, c store.Change) []string {
	text, err := json.Marshal(notice{from, c})
	if err == nil && len(text) <= maxNotice {
		return []string{string(text)}
	}
	a, b := halves(c)
	if a.Empty() || b.Empty() {
		return notices(from, store.Change{All: true})
	}
	return append(notices(from, a), notices(from, b)...)
}

func halves(c store.Change) (a, b store.Change) {
	a.Users, b.Users = half(c.Users)
	a.Owners, b.Owners = half(c.Owners)
	a.Links, b.Links = half(c.Links)
	a.Names, b.Names = half(c.Names)
	a.Keywords, b.Keywords = half(c.Keywords)
	a.Aggregates, b.Aggregates = c.Aggregates, c.Aggregates
	return a, b
}

func half[T any](all []T) (a, b []T) { return all[:len(all)/2], all[len(all)/2:] }

// Follow calls changed with what other processes change, until ctx ends: usually within a
// tenth of a second. If the connection is lost, or no notices arrive on it, Follow calls
// changed every MissedEvery with Change.All, and connects again.
func (db *Postgres) Follow(ctx context.Context, changed func(store.Change)) {
	missed := time.NewTicker(MissedEvery)
	defer missed.Stop()
	lost := false
	for {
		err := db.follow(ctx, func() {
			changed(store.Change{All: true})
			if lost {
				db.log.Info("PostgreSQL sends notices of changes by other servers again")
			}
			lost = false
		}, changed)
		if ctx.Err() != nil {
			return
		}
		changed(store.Change{All: true})
		if !lost {
			db.log.Warn("PostgreSQL sends no notices of changes by other servers. Links and tokens that they change are seen after up to 5 seconds, and PostgreSQL is asked more often: look at PostgreSQL, and connect to it without a pooler that shares sessions", "error", err)
		}
		lost = true
		select {
		case <-missed.C:
		case <-ctx.Done():
			return
		}
	}
}

// follow connects and calls changed, until the connection fails. It calls listening when
// the first notice has arrived.
func (db *Postgres) follow(ctx context.Context, listening func(), changed func(store.Change)) error {
	c, err := db.connect(ctx)
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noticeTimeout)
		defer cancel()
		_ = c.Close(ctx)
	}()
	own := notices(db.origin, store.Change{})[0]
	exec := func(query string, args ...any) error {
		ctx, cancel := context.WithTimeout(ctx, noticeTimeout)
		defer cancel()
		_, err := c.Exec(ctx, query, args...)
		return err
	}
	notifyOwn := func() error { return exec(`SELECT pg_notify($1, $2)`, channel, own) }
	if err := exec(`LISTEN ` + channel); err != nil {
		return err
	}
	if err := notifyOwn(); err != nil {
		return err
	}
	for first, notified := true, true; ; {
		change, err := db.next(ctx, c)
		switch {
		case err == nil:
			if first {
				listening()
			}
			first, notified = false, false
			if !change.Empty() {
				changed(change)
			}
		case ctx.Err() != nil || !errors.Is(err, errSilence):
			return err
		case notified:
			return errors.New("a notice that was sent did not arrive")
		default:
			if err := notifyOwn(); err != nil {
				return err
			}
			notified = true
		}
	}
}

var errSilence = errors.New("no notice arrived")

// next waits for a notice, and returns the changes of this one and of those that follow
// within gather. It fails with errSilence if none arrives within noticeTimeout.
func (db *Postgres) next(ctx context.Context, c *pgx.Conn) (change store.Change, err error) {
	until := time.Now().Add(noticeTimeout)
	for got := false; ; got = true {
		waiting, cancel := context.WithDeadline(ctx, until)
		n, err := c.WaitForNotification(waiting)
		over := waiting.Err() != nil && ctx.Err() == nil
		cancel()
		switch {
		case err != nil && over && got:
			return change, nil
		case err != nil && over:
			return change, errSilence
		case err != nil:
			return change, err
		}
		if !got {
			until = time.Now().Add(gather)
		}
		var received notice
		if err := json.Unmarshal([]byte(n.Payload), &received); err != nil { // of another program, or a newer footfall
			received.Change = store.Change{All: true}
		}
		if received.From != db.origin {
			change.Add(received.Change)
		}
	}
}

// connect makes a connection for notices alone.
func (db *Postgres) connect(ctx context.Context) (*pgx.Conn, error) {
	config := db.config.Copy()
	if err := readPassword(config, db.passwordFile); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, MissedEvery)
	defer cancel()
	config.ConnectTimeout = min(config.ConnectTimeout, noticeTimeout)
	return pgx.ConnectConfig(ctx, config)
}
