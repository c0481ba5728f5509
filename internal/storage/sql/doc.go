// Package sql keeps links and users in a relational database: store.Links and
// store.Users in one SQL for two engines. SQLite is embedded and the default;
// what PostgreSQL will want different is in sqlite.go and nowhere else.
//
//	last_ids  the newest id of each kind: ids are never reused
//	users     login → id, created
//	tokens    digest → user, created, passing (gives way to newer ones)
//	links     id, user (null: an aggregate link), hash, aggregate, long URL
//	keywords  domain, keyword → link
//
// SQLite has one writer. So writes go through one connection and queue for it
// here, where waiting obeys the context, and reads have connections of their
// own, which no write holds up: some for names and credentials, some for lists
// and searches, some for the operator. None of these waits for another.
//
// It refuses to count clicks, to draw hashes, to judge logins and URLs, and to
// see a secret: a token arrives as its digest.
package sql
