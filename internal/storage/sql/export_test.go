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

// Pools are the pools of connections: those that read names, lists and
// everything, and the one that writes.
func (db *DB) Pools() (names, lists, whole, writer *sql.DB) {
	return db.names, db.lists, db.whole, db.writer
}

// URLDigest is what long URLs are searched by.
func URLDigest(longURL string) int64 { return urlDigest(longURL) }

// CountQuery is how the links that pass are counted.
func CountQuery(f *store.LinkFilter) (query string, args []any) {
	c := filtered(f)
	return countLinks + c.all(), c.args
}
