// Package pebble keeps click counts in an embedded log-structured store: the
// engine of an installation on one machine.
//
// Counts are vectors of slots that are merged, so recording reads no counts. There
// is no write-ahead log: the journal has made the clicks durable. Cells, marks,
// ledgers and the position are written in one batch, and batches reach the disk in
// their order. So after a crash the store holds what it held after some batch, and
// its position says after which.
//
// It does not read journals, and has no time zones or wire formats. It never guesses:
// bytes that it cannot read are an error, and data of a newer version is
// store.ErrVersion.
//
// Where to look:
//
//	store.go, version.go, errors.go   opens a store
//	calls.go               runs each call, unless the store is closed; Close waits for them
//	add_batch.go, rows.go, apply.go, merge.go, vector.go   adds a batch
//	busy.go                the sums of days that are stored
//	flush.go, checkpoint.go   Sync and Close; a copy for a rebuild
//	snapshot.go            one state of the store for several questions
//	counts.go, sum.go, first.go   answers questions
//	plan.go, scan.go, tally.go, sieve.go   what a question reads; reads it; adds it up
//	cells.go, ledger.go, verify.go, blocks.go   lists and proves what is stored; repairs sums of days
//	progress.go, identity.go   the position, marks, deleted scopes; the installation, the note
//	delete.go, delete_link.go, purge.go   deletes counts, and their bytes on the disk
//	key.go                 the bytes of keys
//	fs.go, keepfs.go, retryfs.go, faults.go   the files below, and what happens when they fail
//
// The format is described in docs/format/pebble.md. In short:
//
//	q user link facet day   value → clicks by quarter-hour
//	d user link facet month value → clicks by day, sums of q, in busy months
//	m hour user link facet  value → clicks by minute
//
// The other keys are in key.go.
package pebble
