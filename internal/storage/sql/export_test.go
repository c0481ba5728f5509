package sql

import (
	"database/sql"
	"encoding/json"
	"slices"
	"strings"
	"testing"

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

// Notices are the texts of a change, and what a receiver reads in each.
func Notices(t testing.TB, c store.Change) (texts []string, read []store.Change) {
	texts = notices("a sender", c)
	for _, text := range texts {
		var n notice
		if err := json.Unmarshal([]byte(text), &n); err != nil || n.From != "a sender" {
			t.Fatalf("the notice %s is from %q, %v", text, n.From, err)
		}
		read = append(read, n.Change)
	}
	return texts, read
}

// CopiedColumns are the columns that Copy copies, as TABLE.COLUMN, sorted.
func CopiedColumns() (all []string) {
	for _, t := range copiedTables {
		for c := range strings.SplitSeq(t.columns, ", ") {
			all = append(all, t.name+"."+c)
		}
	}
	slices.Sort(all)
	return all
}
