// Package sql keeps links and users in SQLite: store.Links and store.Users. The
// statements of the port are SQL that PostgreSQL takes too. What is SQLite's own is
// in sqlite.go (connections, types, error codes), wal.go, wipe.go, backup.go, peek.go
// and verify.go, and in the mark of Begin.
//
//	last_ids      the newest id of each kind, which is never reused; the number of changes
//	users         login → id, created, name, apiKey version, password
//	tokens        digest → user, created, passing (1: a session token)
//	links         id, user (null: an aggregate link), hash, aggregate, long URL, details
//	keywords      domain (empty: every domain), keyword, the same in one case → link
//	tags          user, tag → link; a copy of the tags in links
//	versions      the long URLs of a link that was led elsewhere, the last one included
//	former_aggregates   link → the aggregate links that it had
//	deletions     user, link: scopes that were deleted here, and whose counts must still
//	              be deleted; ids without names (user 0: an aggregate link; link 0: all links
//	              of the user)
//	installation  the secret of the apiKeys
//	progress      what this part remembers about the others (docs/format/progress.md)
//	lives         the processes that changed the database, and from which version on
//
// SQLite has one writer. So writes queue for one connection, and stop waiting when
// their context ends. Reads have connections of their own, which no write blocks:
// some for names and credentials, some for lists and searches, some for commands of
// the operator. None of these waits for another.
//
// Where to look:
//
//	db.go, statements.go, migrate.go   opens the database; prepares statements; its schema
//	users.go, tokens.go, secrets.go    users
//	links.go, links_list.go, links_make.go, links_import.go, links_edit.go, links_tags.go, keywords.go, aggregates.go   links
//	delete.go, wipe.go     deletes rows, and overwrites their bytes
//	progress.go, peek.go   what the database remembers about the other parts
//	backup.go, verify.go   a copy; proves what is stored
//	sqlite.go, wal.go      connections, types, error codes; the write-ahead log
//
// It refuses to count clicks, to draw hashes, to validate logins and URLs, and to
// store tokens: it gets their digests.
package sql
