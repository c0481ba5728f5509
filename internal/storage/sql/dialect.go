package sql

import (
	"context"
	"database/sql"

	"github.com/footfall/footfall/internal/storage/store"
)

// engine has the differences between SQLite and PostgreSQL while the database is open.
// All other SQL is the same: ids, times and booleans are BIGINT, and digests are TEXT in
// hexadecimal.
type engine struct {
	// migrations is a pattern for the files of the schema. ddl translates a migration for
	// the engine.
	migrations string
	ddl        func(migration string) string
	first      string // a statement before the first migration; may be empty

	// parameters translates the parameters of a statement, $1 and so on.
	parameters func(query string) string

	// passes is the condition that a link l passes store.Words, which are four
	// parameters. If it is empty, the engine has no such function: listPassing filters
	// the links.
	passes string
	// usersAfter selects the first $2 users after a login.
	usersAfter string
	// wholeTable follows the name of a table that must be read without its indexes.
	wholeTable string
	// tagsOf is an aggregate function: the tags t, separated by commas.
	tagsOf string

	// deletions are parts of statements for the version of a deletion: its column, its
	// value, and the condition that it is the version of this transaction. In SQLite
	// deletions have none.
	deletions struct{ column, value, latest string }

	// statements returns the context for the statements of a transaction.
	statements func(context.Context) context.Context
	// isConflict reports whether a transaction failed because of another one, so that the
	// same transaction may succeed later.
	isConflict func(error) bool
	// notify sends a change to other processes, once the transaction is committed.
	notify func(context.Context, *DB, *sql.Tx, *store.Change) error
	// deleting is called in a transaction before it deletes rows whose data must not
	// stay on the disk.
	deleting func(*deleter)
	// settle moves earlier writes from other files into the file of the database.
	settle func(context.Context, *sql.DB) error
}

var sqliteEngine = engine{
	migrations: "migrations/*.sql",
	ddl:        ddl,
	first:      markClean, // a new file has no remains
	parameters: unnumbered,
	passes:     `passes($%d, $%d, $%d, $%d, l.long_url, l.title, l.note)`,
	usersAfter: selectUsers + `WHERE u.login > $1 ORDER BY u.login LIMIT $2`,
	wholeTable: ` NOT INDEXED`,
	tagsOf:     `group_concat(t.tag)`,
	// A context that can be cancelled would slow down each of thousands of statements.
	// The end of the caller's context ends the transaction between two statements.
	statements: context.WithoutCancel,
	isConflict: func(error) bool { return false }, // there is one writer
	notify:     func(context.Context, *DB, *sql.Tx, *store.Change) error { return nil },
	deleting:   (*deleter).setDirty,
	settle:     emptyLog,
}

var postgresEngine = engine{
	migrations: "migrations/postgres/*.sql",
	ddl:        func(migration string) string { return migration },
	parameters: func(query string) string { return query },
	// The index has only the start of a login, because an entry has 2,700 bytes at most.
	usersAfter: selectUsers + `WHERE substr(u.login, 1, 200) >= substr($1, 1, 200) AND u.login > $1
		ORDER BY substr(u.login, 1, 200), u.login LIMIT $2`,
	tagsOf: `string_agg(t.tag, ',')`,
	deletions: struct{ column, value, latest string }{
		`, version`, `, (SELECT version FROM last_ids)`, ` AND version = (SELECT version FROM last_ids)`,
	},
	statements: func(ctx context.Context) context.Context { return ctx },
	isConflict: isConflict,
	notify:     notify,
	deleting:   func(*deleter) {},
	settle:     func(context.Context, *sql.DB) error { return nil },
}
