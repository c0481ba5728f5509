// Package recorder turns clicks into bytes of the journal, and the journal into
// counts in the store: each click exactly once, wherever a crash interrupts.
//
// One goroutine reads the journal from the position that is counted, folds many
// records into a batch of cells, and adds it to the counts together with the
// position that it reaches. Clicks of imports take the same way.
//
// It answers no questions, resolves no links and has no time zones.
//
// Where to look:
//
//	recorder.go            Open, Record, Delete, Close
//	codec.go, import.go    the bytes of records; imports
//	background.go, batcher.go, fold.go, cap.go   the goroutine that counts: it reads records,
//	                       folds them into a batch, caps referrers, adds the batch
//	resume.go              where counting starts
//	replay.go, recount.go   counts a journal that nothing appends to; counts it again
package recorder
