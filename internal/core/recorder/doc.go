// Package recorder is the hinge of the house: a click becomes bytes in the
// journal, and the journal becomes counts in the store, each click exactly
// once, whatever dies when.
//
// One goroutine reads the journal from where the store stands, folds many
// records into one batch of cells and hands it to the store together with the
// position it reaches. Nothing else writes counts; imports go the same way.
//
// It refuses to answer questions, to know zones and to resolve links.
package recorder
