// Package store declares the ports of the storage engines: what an engine for
// counts, links or users must do. Contracts and sentinel errors only; package
// storetest checks the contracts.
//
// It does not depend on an engine, and has no time zones or wire formats.
//
// The port of counts is cut by role. An engine may serve some roles only, and
// runs only the suites of these:
//
//	Counting   adds batches of counts and deletes scopes
//	Questions  answers how many clicks there were
//	Progress   says how far counting has come
//	Proof      lists cells and checksums, so that counts can be verified
//	Identity   remembers whose counts these are
//
// ClickCounts is all of them, and snapshots. An engine whose counts several servers share
// has JournalCounts too. Users of the port declare the few methods that they call.
//
// Where to look:
//
//	counts.go, batch.go, query.go    the port of counts; batches and questions
//	shared.go                        what one journal added to counts that several share
//	links.go, link_details.go, filter.go, fold.go, users.go, tokens.go, sessions.go, shares.go
//	                                 the ports of links and users
//	change.go                        what another process changed in links and users
//	errors.go                        the errors
package store
