package store

import "github.com/footfall/footfall/internal/base/rollup"

// JournalID names a journal. It is drawn at random when the journal is made.
type JournalID [16]byte

// Batch is the counts of a stretch of one journal. Batches of a journal follow
// each other: the next From is the last To.
type Batch struct {
	Journal JournalID
	// Epoch is the base of the journal segment that the batch lies in, or a later
	// position in it if the segment is damaged before that. A batch never spans two
	// segments.
	Epoch uint64
	// From and To bound the stretch, as journal positions: From ≤ p < To.
	From, To uint64
	// Cells are quarter-hour cells, at most one per key.
	Cells []rollup.Cell
	// Minutes are the minute cells of the same clicks, except of clicks before
	// MinutesFrom.
	Minutes []rollup.Cell
	// MinutesFrom is a Unix second, 0 or a multiple of 3600. Minute cells before
	// it are dropped for good. It is less than in the last batch if the clock was set
	// back: from then on, minutes are kept from the earlier time.
	MinutesFrom int64
	// Journaled is the ledger of the cells before the cap on different
	// referrers. It depends on the stretch alone, and is summed per epoch.
	Journaled rollup.Ledger
	// Late is the ledger of clicks that are in Journaled and not in Cells,
	// because their link or user was deleted before they were counted.
	Late rollup.Ledger
	// Marks are the import marks that lie in the stretch.
	Marks []Mark
	// Deleted are the scopes of the records of deletions in the stretch. An engine with
	// JournalCounts removes them, as Delete does, after it has counted the batch: AddBatch
	// does not wait for that, because the engine may be away, and Sync does. For other engines
	// Delete has removed them already.
	Deleted []rollup.Scope
}

// Mark says how far an import has come. It is counted together with the clicks
// before it, all or nothing.
type Mark struct {
	// Input identifies the input by its format and its first line.
	Input [32]byte
	// Offset is the number of bytes of the decompressed input before the mark,
	// and Digest is their SHA-256.
	Offset uint64
	Digest [32]byte
	// Prev is the Offset of the import's mark before this one; 0 at the start.
	Prev uint64
	// Lines = Clicks + Skipped + Rejected, of everything before the mark.
	Lines, Clicks, Skipped, Rejected uint64
	// Inside is set if the mark lies inside a line that needs no more work: it is
	// too long, or had no end when it was read.
	Inside bool
	// Notes are bytes that only package feed reads. A mark replaces an earlier
	// one with the same input, offset and digest; so notes may change.
	Notes string
}

// Position says how far a journal has been counted, in journal positions.
type Position struct {
	// Counted is the position at which the next batch must start. Batches that end at or before
	// it are ignored. It decreases only as ErrResume says.
	Counted uint64
	// Durable ≤ Counted is what a power failure cannot undo: the journal may
	// drop what lies before it.
	Durable uint64
}
