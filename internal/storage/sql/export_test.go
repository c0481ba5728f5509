package sql

import (
	"database/sql"

	"github.com/footfall/footfall/internal/storage/store"
)

// The numbers of connections that read.
const (
	NameReaders  = nameReaders
	ListReaders  = listReaders
	WholeReaders = wholeReaders
)

// Pools returns the pools of connections: three that read, and the one that writes.
func (db *DB) Pools() (names, lists, whole, writer *sql.DB) {
	return db.names, db.lists, db.whole, db.writer
}

// URLDigest is the digest in the index of long URLs.
func URLDigest(longURL string) int64 { return urlDigest(longURL) }

// CountQuery is the query that counts the links that pass a filter.
func CountQuery(f *store.LinkFilter) (query string, args []any) {
	c := filtered(f)
	return countLinks + c.all(), c.args
}
