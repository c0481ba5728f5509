package sql

import (
	"context"
	"database/sql"
	"errors"
)

// CountsEngine returns the name of the engine that has the counts of these links and users: the
// one that was offered first. It is empty if none was offered. An empty offer is none.
func (db *Postgres) CountsEngine(ctx context.Context, offer string) (name string, err error) {
	defer wrap("engine of the counts", &err)
	const query = `SELECT counts FROM installation WHERE id = 1`
	err = db.whole.QueryRowContext(ctx, query).Scan(&name)
	if errors.Is(err, sql.ErrNoRows) { // Secret makes the row
		err = nil
	}
	if err != nil || name != "" || offer == "" {
		return name, err
	}
	if _, err := db.writer.ExecContext(ctx, `UPDATE installation SET counts = $1 WHERE id = 1 AND counts = ''`, offer); err != nil {
		return "", err
	}
	err = db.whole.QueryRowContext(ctx, query).Scan(&name)
	return name, err
}
