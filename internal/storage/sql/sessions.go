package sql

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

const sessionColumns = `s.digest, s.user_id, s.kind, s.created, s.used, s.agent, s.place`

// sessionRow is a row of sessionColumns.
type sessionRow struct {
	digest     string
	user, kind int64
	s          store.Session
}

func (r *sessionRow) to() []any {
	return []any{&r.digest, &r.user, &r.kind, &r.s.Created, &r.s.Used, &r.s.Agent, &r.s.Place}
}

func (r *sessionRow) session() (store.Session, error) {
	r.s.User, r.s.Kind = click.UserID(r.user), store.SessionKind(r.kind)
	if n, err := hex.Decode(r.s.Digest[:], []byte(r.digest)); err != nil || n != len(r.s.Digest) {
		return store.Session{}, fmt.Errorf("table sessions holds no digest: %w", err)
	}
	return r.s, nil
}

// AddSession implements store.Sessions.
func (db *DB) AddSession(ctx context.Context, s store.Session, keep int) (err error) {
	defer wrap("add session", &err)
	for what, text := range map[string]string{"agent": s.Agent, "place": s.Place} {
		if text != "" {
			if err := store.CheckText(what, text); err != nil {
				return err
			}
		}
	}
	return db.write(ctx, func(ctx context.Context, tx *transaction) error {
		var one int
		if err := tx.QueryRowContext(ctx, `SELECT 1 FROM users WHERE id = $1`, int64(s.User)).Scan(&one); err != nil {
			return err
		}
		digest := hexDigest(s.Digest)
		if err := oneRow(tx.ExecContext(ctx, `INSERT INTO sessions (digest, user_id, kind, created, used, agent, place)
			VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (digest) DO NOTHING`,
			digest, int64(s.User), int64(s.Kind), s.Created, s.Used, s.Agent, s.Place)); err != nil {
			return err
		}
		var others int
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM sessions WHERE user_id = $1 AND kind = $2 AND digest <> $3`,
			int64(s.User), int64(s.Kind), digest).Scan(&others); err != nil {
			return err
		}
		tooMany := others + 1 - max(keep, 1)
		if tooMany < 1 {
			return nil
		}
		tx.change.Users = []click.UserID{s.User}
		_, err := tx.ExecContext(ctx, `DELETE FROM sessions WHERE digest IN (SELECT digest FROM sessions
			WHERE user_id = $1 AND kind = $2 AND digest <> $3 ORDER BY created, digest LIMIT $4)`, int64(s.User), int64(s.Kind), digest, tooMany)
		return err
	})
}

// Session implements store.Sessions.
func (db *DB) Session(ctx context.Context, kind store.SessionKind, digest store.TokenDigest) (s store.Session, u store.User, err error) {
	defer wrap("session", &err)
	var r sessionRow
	if u, err = scanUser(db.session.QueryRowContext(ctx, hexDigest(digest), int64(kind)), r.to()...); err != nil {
		return store.Session{}, store.User{}, err
	}
	s, err = r.session()
	return s, u, err
}

// TouchSession implements store.Sessions.
func (db *DB) TouchSession(ctx context.Context, digest store.TokenDigest, used int64) (err error) {
	defer wrap("touch session", &err)
	return db.write(ctx, func(ctx context.Context, tx *transaction) error {
		_, err := tx.ExecContext(ctx, `UPDATE sessions SET used = $1 WHERE digest = $2`, used, hexDigest(digest))
		return err
	})
}

// ListSessions implements store.Sessions.
func (db *DB) ListSessions(ctx context.Context, user click.UserID, kind store.SessionKind) (list []store.Session, err error) {
	defer wrap("list sessions", &err)
	err = each(ctx, db.sessionsOf, []any{int64(user), int64(kind)}, func(rows *sql.Rows) error {
		var r sessionRow
		if err := rows.Scan(r.to()...); err != nil {
			return err
		}
		s, err := r.session()
		list = append(list, s)
		return err
	})
	return list, err
}

// RemoveSession implements store.Sessions.
func (db *DB) RemoveSession(ctx context.Context, user click.UserID, digest store.TokenDigest) (err error) {
	defer wrap("remove session", &err)
	return db.changeRow(ctx, user, `DELETE FROM sessions WHERE digest = $1 AND user_id = $2`, hexDigest(digest), int64(user))
}

// RemoveSessions implements store.Sessions.
func (db *DB) RemoveSessions(ctx context.Context, user click.UserID, kind store.SessionKind, except store.TokenDigest) (removed int, err error) {
	defer wrap("remove sessions", &err)
	err = db.write(ctx, func(ctx context.Context, tx *transaction) error {
		tx.change.Users = []click.UserID{user}
		r, err := tx.ExecContext(ctx, `DELETE FROM sessions WHERE user_id = $1 AND kind = $2 AND digest <> $3`,
			int64(user), int64(kind), hexDigest(except))
		if err != nil {
			return err
		}
		n, err := r.RowsAffected()
		removed = int(n)
		return err
	})
	return removed, errors.Join(err)
}
