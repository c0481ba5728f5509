package store

import (
	"context"
	"iter"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
)

// Counting adds to the counts and takes from them. One goroutine at a time
// adds the batches of a journal.
type Counting interface {
	// AddBatch counts a batch, all or nothing. Journals do not affect each other.
	// The first batch of a journal may start anywhere. After that:
	//
	//   - To ≤ Counted (see Position): the batch was counted already, and changes
	//     nothing. This is no error.
	//   - From > Counted: ErrGap.
	//   - From < Counted < To: ErrOverlap.
	//
	// A batch with From > To is an error. A batch without cells moves the
	// position alone. After any error, nothing of the batch is counted.
	//
	// If servers share the engine, it may fail with ErrResume, as may Sync and Delete. From
	// then on Position returns the position to count from, which is 0 if nothing is
	// durable; it may do so before a call fails. A batch that starts after that position is
	// ErrGap, even if nothing is durable. Until the clicks after the position are counted
	// again, answers may show fewer of them.
	AddBatch(ctx context.Context, b *Batch) error
	// Sync makes everything counted durable.
	Sync(ctx context.Context) error
	// Delete removes every count of the scopes: users with all their links, or
	// single links, whose clicks leave the counts of their users too. If the
	// user has fewer clicks of a referrer than the link, the rest is taken from
	// click.OtherReferrers, and then from the user's other referrers in bytewise
	// order; no count becomes less than 0. Ledger and Removed follow, and Deleted
	// lists the scopes. Scopes without clicks are listed too. After an error some
	// scopes may be removed; to remove them again changes nothing.
	Delete(ctx context.Context, scopes []rollup.Scope) error
}

// Questions answers how many clicks there were. Each answer shows the counts
// between two batches. A scope without clicks has an empty answer, and so has
// an interval without clicks; neither is an error.
type Questions interface {
	// Counts answers a query, newest interval first, within an interval by value
	// bytewise. Edges that do not ascend, or fewer than two, are an error; so is
	// ErrGrain (see Query).
	Counts(ctx context.Context, q Query) ([]Count, error)
	// Sum calls f with the counts of the parts added up, in the order of Counts.
	// However many values there are, it holds a bounded number of bytes of them.
	// A Count's Value is valid until f returns: clone it to keep it. An error of f
	// or of Sum.Expensive ends the sum, and is wrapped.
	Sum(ctx context.Context, q Sum, f func(Count) error) error
	// First returns the start of the first quarter-hour in which the scope has a
	// click of the facet, as a Unix second; false if it has none.
	First(ctx context.Context, s rollup.Scope, f rollup.Facet) (int64, bool, error)
}

// Progress says how far counting has come, so that it can go on after a restart.
type Progress interface {
	// Position returns how far a journal is counted; the zero Position and false if
	// nothing of it was counted. It fails with ErrTaken if this process counted the journal,
	// and another one does so now.
	Position(ctx context.Context, journal JournalID) (Position, bool, error)
	// Journals lists the journals that have a counted batch, bytewise.
	Journals(ctx context.Context) ([]JournalID, error)
	// Marks lists the marks of an import's input by ascending offset, and those
	// of one offset bytewise by their digests.
	Marks(ctx context.Context, input [32]byte) ([]Mark, error)
	// EachMark calls f with the marks of all inputs: bytewise by input, and those of an input
	// in the order of Marks. It ends with an error of f.
	EachMark(ctx context.Context, f func(Mark) error) error
	// Deleted lists the scopes that were deleted, each once, by user and link.
	// Ids are never reused: a click of a deleted scope is late (see Batch.Late). If counts
	// are shared, only the scopes of JournalDeleted count for that.
	Deleted(ctx context.Context) ([]rollup.Scope, error)
	// Highest returns the highest user id and the highest link id in any click
	// that was counted, deleted ones included; 0 if there was none. New ids must
	// be higher.
	Highest(ctx context.Context) (click.UserID, click.LinkID, error)
}

// Proof lists what the counts are made of, and checksums of it. If all is well,
// Cells add up to Ledger, and Journaled is Ledger plus Removed, except for the
// values that the cap replaced.
type Proof interface {
	// Cells iterates over every quarter-hour cell, each key once. The cells of a
	// scope are adjacent; otherwise the order is unspecified. Cells without
	// clicks are left out.
	Cells(ctx context.Context) iter.Seq2[rollup.Cell, error]
	// Ledger returns the ledger that is kept with the Cells. It is not computed from
	// them.
	Ledger(ctx context.Context) (rollup.Ledger, error)
	// Epochs lists the sums of Batch.Journaled of a journal, by epoch: what the
	// journal's segments add up to, as far as they are counted. Delete does not
	// change them.
	Epochs(ctx context.Context, journal JournalID) (map[uint64]rollup.Ledger, error)
	// Journaled returns the sum of Batch.Journaled over all batches of all journals.
	Journaled(ctx context.Context) (rollup.Ledger, error)
	// Removed returns the ledger of what Delete removed and of all Batch.Late.
	Removed(ctx context.Context) (rollup.Ledger, error)
	// Verify checks data that only the engine has, such as sums that it keeps in
	// addition to the cells, and calls report with one sentence for each disagreement.
	//
	// An engine may have to read the cells for that. So a caller that wants them too may get them,
	// those that Cells iterates over. They are read in parts, several at the same time; the cells of
	// a scope are in one part, one after another. part, if it is not nil, is called once for each part before any is read,
	// and what it returns with each cell of the part. The cell is valid until that call returns. An
	// error of it ends Verify.
	Verify(ctx context.Context, part func() func(*rollup.Cell) error, report func(string)) error
}

// EachCell reads all cells of p as one part, as Proof.Verify says.
func EachCell(ctx context.Context, p Proof, part func() func(*rollup.Cell) error) error {
	if part == nil {
		return nil
	}
	each := part()
	for c, err := range p.Cells(ctx) {
		if err == nil {
			err = each(&c)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Identity keeps the id of the installation that the counts belong to, and a note
// of it.
type Identity interface {
	// Installation returns the id that the first call offered. It is durable with
	// the next Sync at the latest.
	Installation(ctx context.Context, offer [16]byte) ([16]byte, error)
	// SetNote replaces the note, a few bytes that mean nothing to the engine. It
	// is durable with the next Sync at the latest, and never before the batches
	// that were counted before it. The engine does not keep the slice.
	SetNote(ctx context.Context, note []byte) error
	// Note returns the last note; empty if there was none.
	Note(ctx context.Context) ([]byte, error)
}

// ClickCounts is an engine for counts that serves every role. Implementations are
// safe for concurrent use.
type ClickCounts interface {
	Counting
	Questions
	Progress
	Proof
	Identity
	// Snapshot returns the counts as they are now. Counting goes on meanwhile.
	Snapshot(ctx context.Context) (Snapshot, error)
	// Close makes everything counted durable, and ends the use of the engine. All
	// snapshots must be closed before.
	Close() error
}

// Snapshot is counts that do not change: all answers are of one instant.
type Snapshot interface {
	Questions
	Progress
	Proof
	Close() error
}
