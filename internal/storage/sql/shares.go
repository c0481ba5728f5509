package sql

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

const (
	shareColumns = `s.digest, s.user_id, COALESCE(l.hash, ''), s.tag, s.created, s.ends, s.used, s.proof, s.frames`
	sharesLinks  = ` FROM shares s LEFT JOIN links l ON l.id = s.link_id`
)

// shareRow is a row of shareColumns.
type shareRow struct {
	digest, link string
	user         int64
	s            store.Share
}

func (r *shareRow) to() []any {
	return []any{&r.digest, &r.user, &r.link, &r.s.Tag, &r.s.Created, &r.s.Ends, &r.s.Used, &r.s.Proof, &r.s.Frames}
}

func (r *shareRow) share() (store.Share, error) {
	r.s.User, r.s.Link = click.UserID(r.user), click.Hash(r.link)
	if n, err := hex.Decode(r.s.Digest[:], []byte(r.digest)); err != nil || n != len(r.s.Digest) {
		return store.Share{}, fmt.Errorf("table shares holds no digest: %w", err)
	}
	return r.s, nil
}

// AddShare implements store.Shares.
func (db *DB) AddShare(ctx context.Context, s store.Share) (err error) {
	defer wrap("add share", &err)
	if err := s.Check(); err != nil {
		return err
	}
	return db.write(ctx, func(ctx context.Context, tx *transaction) error {
		var one int
		if err := tx.QueryRowContext(ctx, `SELECT 1 FROM users WHERE id = $1`, int64(s.User)).Scan(&one); err != nil {
			return err
		}
		var link sql.NullInt64 // null: of a tag
		if s.Link != "" {
			if err := tx.QueryRowContext(ctx, `SELECT id FROM links WHERE hash = $1 AND user_id = $2`, string(s.Link), int64(s.User)).Scan(&link); err != nil {
				return err
			}
		}
		return oneRow(tx.ExecContext(ctx, `INSERT INTO shares (digest, user_id, link_id, tag, created, ends, used, proof, frames)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (digest) DO NOTHING`,
			hexDigest(s.Digest), int64(s.User), link, s.Tag, s.Created, s.Ends, s.Used, s.Proof, s.Frames))
	})
}

// Share implements store.Shares.
func (db *DB) Share(ctx context.Context, digest store.TokenDigest) (s store.Share, u store.User, err error) {
	defer wrap("share", &err)
	var r shareRow
	if u, err = scanUser(db.share.QueryRowContext(ctx, hexDigest(digest)), r.to()...); err != nil {
		return store.Share{}, store.User{}, err
	}
	s, err = r.share()
	return s, u, err
}

// TouchShare implements store.Shares.
func (db *DB) TouchShare(ctx context.Context, digest store.TokenDigest, used int64) (err error) {
	defer wrap("touch share", &err)
	return db.write(ctx, func(ctx context.Context, tx *transaction) error {
		_, err := tx.ExecContext(ctx, `UPDATE shares SET used = $1 WHERE digest = $2`, used, hexDigest(digest))
		return err
	})
}

// ListShares implements store.Shares.
func (db *DB) ListShares(ctx context.Context, user click.UserID) (list []store.Share, err error) {
	defer wrap("list shares", &err)
	err = each(ctx, db.sharesOf, []any{int64(user)}, func(rows *sql.Rows) error {
		var r shareRow
		if err := rows.Scan(r.to()...); err != nil {
			return err
		}
		s, err := r.share()
		list = append(list, s)
		return err
	})
	return list, err
}

// RemoveShare implements store.Shares.
func (db *DB) RemoveShare(ctx context.Context, user click.UserID, digest store.TokenDigest) (err error) {
	defer wrap("remove share", &err)
	return db.changeRow(ctx, user, `DELETE FROM shares WHERE digest = $1 AND user_id = $2`, hexDigest(digest), int64(user))
}
