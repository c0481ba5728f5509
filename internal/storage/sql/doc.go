// Package sql keeps links and users in SQLite, or in PostgreSQL: store.Links and
// store.Users. The SQL is the same, except what dialect.go lists.
//
// SQLite is a file, which belongs to a data directory. sqlite.go, wal.go, wipe.go,
// backup.go, peek.go, verify.go and the mark of Begin are about files. PostgreSQL is shared
// by many servers, which take locks (postgres_locks.go) and announce what they change
// (postgres_notices.go). The tables:
//
//	last_ids      the newest id of each kind, which is never reused; the number of changes
//	users         login → id, created, name, apiKey version, password, admin, disabled
//	tokens        digest → user, created, passing (1: a session token), name, last use
//	sessions      digest → user, kind (1: a browser that is signed in, 2: an invitation,
//	              3: an entrance), created,
//	              last used, browser, network
//	shares        digest → user, link (null: of a tag), tag, created, end, last use, password,
//	              who may frame it
//	links         id, user (null: an aggregate link), hash, aggregate, long URL, details
//	keywords      domain (empty: every domain), keyword, the same in one case → link
//	tags          user, tag → link; a copy of the tags in links
//	versions      the long URLs of a link that was led elsewhere, the last one included
//	former_aggregates   link → the aggregate links that it had
//	deletions     user, link: scopes that were deleted here, and whose counts must still
//	              be deleted; ids without names (user 0: an aggregate link; link 0: all links
//	              of the user)
//	installation  the secret of the apiKeys
//	progress      SQLite: what this part remembers about the others (docs/format/progress.md)
//	lives         SQLite: the processes that changed the database, and from which version on
//
// Writes are one after another. In SQLite they queue for one connection. In PostgreSQL
// each server has one connection that writes, and their transactions queue for the row of
// last_ids. They stop waiting when their context ends. Reads have connections of their
// own, which no write blocks: some for names and credentials, some for lists and searches,
// some for commands of the operator. None of these waits for another.
//
// Where to look:
//
//	db.go, statements.go, write.go, migrate.go   the database; statements; transactions; its schema
//	dialect.go             how the engines differ
//	users.go, tokens.go, sessions.go, shares.go, secrets.go    users
//	links.go, links_list.go, links_make.go, links_import.go, links_batch.go, links_edit.go, links_tags.go, keywords.go, aggregates.go   links
//	delete.go, wipe.go, postgres_deletions.go   deletes rows, and overwrites their bytes
//	progress.go, peek.go   what the database remembers about the other parts
//	backup.go, copy.go, verify.go   a copy; another one, also in the other engine; proves what is stored
//	sqlite.go, wal.go      opens a file; error codes; the write-ahead log
//	postgres.go, postgres_*.go   opens PostgreSQL; error codes; locks; notices of changes
//
// It refuses to count clicks, to draw hashes, to validate logins and URLs, and to
// store tokens and secrets of sessions and shares: it gets their digests.
package sql
