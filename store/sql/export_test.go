package sql

import "database/sql"

// Pools are the pools of connections, the reading one first.
func (db *DB) Pools() (reader, writer *sql.DB) { return db.reader, db.writer }

// URLDigest is what long URLs are searched by.
func URLDigest(longURL string) int64 { return urlDigest(longURL) }
