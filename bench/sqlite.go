package main

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fastjson"
	_ "modernc.org/sqlite" // the driver

	"github.com/footfall/footfall/bench/clicks"
	"github.com/footfall/footfall/bench/table"
)

// measureSQLite compares footfall with one row of SQLite for each cell, the design that most peers have, of the same
// scopes and facets: import, and a question of the busiest user.
func measureSQLite(s *session) error {
	m := clicks.Usual(s.size(1_000_000, 20_000))
	file, err := s.written("sqlite.ndjson", m.WriteClicks)
	if err != nil {
		return err
	}
	defer s.remove(file)
	empty, err := s.newData("sqlite", m)
	if err != nil {
		return err
	}
	defer s.remove(empty)
	database, data := filepath.Join(s.dir, "cells.db"), ""
	row := table.Row{Work: "import of clicks, NDJSON", Against: "SQLite, a row for each cell", Unit: "clicks/s",
		Ours: table.Side{Promise: table.PowerCut}, Theirs: table.Side{Promise: table.PowerCut}}
	ours := func() (float64, error) {
		if data, err = s.copied(empty, fmt.Sprint("sqlite-", len(row.Ours.Values), time.Now().UnixMilli())); err != nil {
			return 0, err
		}
		r, err := s.footfall(data, "import", "--format", "ndjson", file)
		if err != nil {
			return 0, err
		}
		size, err := bytesIn(countsIn(data))
		row.Ours.Peak, row.Ours.Disk = max(row.Ours.Peak, r.peak), float64(size)
		return float64(m.Clicks) / r.took.Seconds(), err
	}
	theirs := func() (float64, error) {
		s.remove(database)
		began := time.Now()
		if err := fillSQLite(s.ctx, database, file, m); err != nil {
			return 0, err
		}
		took := time.Since(began).Seconds()
		size, err := bytesIn(database)
		row.Theirs.Disk = float64(size)
		return float64(m.Clicks) / took, err
	}
	if row.Ours.Values, row.Theirs.Values, err = alternate(min(s.pairs, 3), ours, theirs); err != nil {
		return err
	}
	s.add(row)
	return s.askSQLite(m, data, database)
}

func (s *session) askSQLite(m clicks.Made, data, database string) (err error) {
	f, err := s.open(data, []int{0})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.p.Stop()) }()
	db, err := openSQLite(database)
	if err != nil {
		return err
	}
	defer db.Close()
	a, err := newAsker(m, []int{0}, true, 30)
	if err != nil {
		return err
	}
	for range 5 {
		q := a.next()
		o, e1 := f.sum(q)
		t, e2 := askCells(s.ctx, db, q)
		if err := errors.Join(e1, e2); err != nil {
			return err
		}
		if o != t {
			return fmt.Errorf("countries until %d in %v: footfall has %d clicks, and SQLite %d", q.reference, q.zone, o, t)
		}
	}
	row := table.Row{Work: "user/countries, 30 days, busiest user", Against: "SQLite, a row for each cell, without HTTP", Unit: "ms", By: table.Speedup,
		Ours: table.Side{Promise: table.Reads}, Theirs: table.Side{Promise: table.Reads}}
	row.Ours.Values, row.Theirs.Values, err = alternate(s.pairs,
		func() (float64, error) {
			times, err := timed(200, func() error { return f.ask(a.next()) })
			return table.Median(times), err
		},
		func() (float64, error) {
			times, err := timed(50, func() error { _, err := askCells(s.ctx, db, a.next()); return err })
			return table.Median(times), err
		})
	if err == nil {
		s.add(row)
	}
	return err
}

// openSQLite opens the database. A transaction survives a power cut when it has ended.
func openSQLite(database string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", "file:"+database+"?_pragma=journal_mode(wal)&_pragma=synchronous(full)&_pragma=cache_size(-131072)")
	if err == nil {
		db.SetMaxOpenConns(1)
	}
	return db, err
}

// clicksInTransaction is as many as a server of a peer would collect.
const clicksInTransaction = 10_000

// fillSQLite counts a file of clicks.
func fillSQLite(ctx context.Context, database, file string, m clicks.Made) (err error) {
	db, err := openSQLite(database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	_, err = db.ExecContext(ctx, `CREATE TABLE cells (user INTEGER, link INTEGER, facet INTEGER, slot INTEGER, value TEXT, clicks INTEGER NOT NULL,
		PRIMARY KEY (user, link, facet, slot, value)) WITHOUT ROWID`)
	if err != nil {
		return err
	}
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	scanner := bufio.NewScanner(f)
	for more := true; more; {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		more, err = countSome(ctx, tx, scanner, m)
		if err != nil {
			return errors.Join(err, tx.Rollback())
		}
		if err := tx.Commit(); err != nil {
			return err
		}
	}
	return scanner.Err()
}

// countSome counts the clicks of one transaction, and reports whether there may be more.
func countSome(ctx context.Context, tx *sql.Tx, scanner *bufio.Scanner, m clicks.Made) (more bool, err error) {
	add, err := tx.PrepareContext(ctx, `INSERT INTO cells VALUES (?, ?, ?, ?, ?, 1) ON CONFLICT DO UPDATE SET clicks = clicks + 1`)
	if err != nil {
		return false, err
	}
	defer add.Close()
	var parser fastjson.Parser
	for range clicksInTransaction {
		if !scanner.Scan() {
			return false, nil
		}
		v, err := parser.ParseBytes(scanner.Bytes())
		if err != nil {
			return false, err
		}
		text := func(key string) string { return string(v.GetStringBytes(key)) }
		link, err := strconv.Atoi(strings.TrimPrefix(text("hash"), "L"))
		if err != nil {
			return false, err
		}
		values := []string{1: "", 2: text("country"), 3: text("referrer"), 4: text("hash"), 6: strings.Join([]string{text("device"), text("browser"), text("system"), text("source")}, "/"), 7: ""}
		if text("city") != "" {
			values[7] = text("country") + "/" + text("region") + "/" + text("city")
		}
		slot := int64(v.GetFloat64("ts")) / 900 * 900
		for facet, value := range values {
			if facet == 0 || facet == 5 || facet == 7 && value == "" {
				continue
			}
			for _, of := range []int{0, link + 1} {
				if of > 0 && facet == 4 {
					continue // the links of a user
				}
				if _, err := add.ExecContext(ctx, m.User(link), of, facet, slot, value); err != nil {
					return false, err
				}
			}
		}
	}
	return true, nil
}

// askCells asks for the countries of a user, and returns the sum of their clicks.
func askCells(ctx context.Context, db *sql.DB, q asked) (sum uint64, err error) {
	from, to := q.window()
	rows, err := db.QueryContext(ctx, `SELECT value, SUM(clicks) AS n FROM cells WHERE user = ? AND link = 0 AND facet = 2 AND slot >= ? AND slot < ? GROUP BY value ORDER BY n DESC`,
		q.user, from.Unix(), to.Unix())
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var country string
		var n uint64
		if err := rows.Scan(&country, &n); err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, rows.Err()
}

// copyRows copies the rows of one database into another. Both have footfall's tables, and rows that are already there stay.
// It opens the second database with footfall's settings.
func copyRows(ctx context.Context, from, to string) (err error) {
	db, err := sql.Open("sqlite", "file:"+to+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=cache_size(-65536)&_pragma=secure_delete(ON)")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, "ATTACH ? AS other", from); err != nil {
		return err
	}
	var tables string
	if err := db.QueryRowContext(ctx, "SELECT group_concat(name) FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").Scan(&tables); err != nil {
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for name := range strings.SplitSeq(tables, ",") {
		// Without a condition SQLite copies whole indexes of an empty table, and does not insert row by row.
		if _, err := tx.ExecContext(ctx, fmt.Sprintf("INSERT OR IGNORE INTO main.%[1]q SELECT * FROM other.%[1]q WHERE rowid > 0", name)); err != nil {
			return fmt.Errorf("table %s: %w", name, err)
		}
	}
	return tx.Commit()
}
