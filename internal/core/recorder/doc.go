// Package recorder turns clicks into bytes of the journal, and the journal into
// counts in the store: each click exactly once, wherever a crash interrupts.
//
// One goroutine reads the journal from where the store stands, folds many
// records into a batch of cells, and hands it to the store together with the
// position that it reaches. Nothing else writes counts; imports go the same way.
//
// It answers no questions, resolves no links and has no time zones.
package recorder
