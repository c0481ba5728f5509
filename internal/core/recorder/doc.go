// Package recorder turns clicks into bytes of the journal, and the journal into
// counts in the store: each click exactly once, wherever a crash interrupts.
//
// One goroutine reads the journal from the position that is counted, folds many
// records into a batch of cells, and adds it to the counts together with the
// position that it reaches. Clicks of imports take the same way.
//
// If servers share the counts, what is sent for a stretch of the journal depends on the journal
// alone, so that it can be counted again: see ADR 33.
//
// It answers no questions, resolves no links and has no time zones.
//
// Where to look:
//
//	recorder.go     Open, Record, Delete, Close
//	codec.go        the bytes of records
//	import.go       imports, one at a time for each input
//	background.go   the goroutine that counts: it reads records, and pauses; Drain
//	batcher.go      adds batches to the counts, and tries again after failures
//	builder.go      gathers the cells of a batch
//	cap.go          limits the different values of a day
//	history.go      the values of a day that the store has
//	resume.go       finds the position where counting starts
//	replay.go       counts a journal that nothing appends to, for a rebuild or a repair
//	foreign.go      counts the journal of another server that is gone
//	recount.go      counts segments again, for an audit; reads clicks, for an export
package recorder
