// Package store declares the ports behind which clicks, links and users are
// kept: contracts and sentinel errors. The laws behind the words are in
// storetest, as one suite that every engine passes.
//
// It refuses to know engines, zones and the wire.
package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
)

// The errors of Clicks.
var (
	// ErrGap: the batch starts after what was counted; a batch is missing.
	ErrGap = errors.New("a batch is missing before this one")
	// ErrOverlap: part of the batch was counted and part was not.
	ErrOverlap = errors.New("part of the batch was counted already")
	// ErrGrain: an edge is finer than a minute.
	ErrGrain = errors.New("edge is finer than a minute")
	// ErrVersion: the data was written by a newer version of footfall.
	ErrVersion = errors.New("data is of a newer version of footfall: run that version, or restore a backup")
)

// CorruptError: what is kept cannot be read, for a file is missing or does not
// hold what was written to it.
type CorruptError struct {
	File string // empty where it is not known which
	Err  error  // what is wrong; engines say the same in many lines
}

func (e *CorruptError) Error() string {
	what, _, _ := strings.Cut(e.Err.Error(), "\n")
	if e.File == "" {
		return "the counts are damaged: " + what
	}
	return fmt.Sprintf("%s is damaged: %s", e.File, what)
}

// Unwrap is what is wrong.
func (e *CorruptError) Unwrap() error { return e.Err }

// SourceID names a journal. It is drawn at random when the journal is made.
type SourceID [16]byte

// Batch is the counts of a stretch of one journal. Batches of a source follow
// each other: the next From is the last To.
type Batch struct {
	Source SourceID
	// Epoch is the base of the journal segment that the batch lies in. A batch
	// never straddles segments.
	Epoch uint64
	// From and To bound the stretch, as journal positions: From ≤ p < To.
	From, To uint64
	// Cells are quarter-hour cells, at most one per key.
	Cells []rollup.Cell
	// Minutes are the same recent clicks in minute cells; clicks older than
	// MinutesFrom are not in it.
	Minutes []rollup.Cell
	// MinutesFrom is the Unix second, 0 or a multiple of 3600, before which
	// minute cells are dropped for good. Where it lies before that of the batch
	// that came last, the clock was set back: minutes are kept from then on
	// again.
	MinutesFrom int64
	// Journaled is the ledger of the cells before the cap on different
	// referrers: a pure function of the stretch, summed per epoch.
	Journaled rollup.Ledger
	// Late is the ledger of the cells of clicks that are in Journaled and not in
	// Cells, for they came after their link or user was deleted.
	Late rollup.Ledger
	// Marks are the import marks that lie in the stretch.
	Marks []Mark
}

// Mark says how far an import has come. It is counted with the clicks before
// it, all or nothing.
type Mark struct {
	// Source says which input it is, by its format and its first line.
	Source [32]byte
	// Offset is how many bytes of the decompressed input lie before the mark,
	// and Digest is their SHA-256.
	Offset uint64
	Digest [32]byte
	// Prev is the Offset of the mark from which the import came here; 0 at
	// the start.
	Prev uint64
	// Lines = Clicks + Skipped + Rejected, of all that lies before the mark.
	Lines, Clicks, Skipped, Rejected uint64
	// Inside is set where the mark lies inside a line that is dealt with
	// already: it is too long, or had no end when it was read.
	Inside bool
	// Notes are bytes that package feed alone reads. A mark with the source,
	// the offset and the digest of an earlier one takes its place, and so the
	// notes may change.
	Notes string
}

// Query asks for the clicks of a scope, told apart by a facet, in the
// intervals between consecutive edges.
type Query struct {
	Scope rollup.Scope
	Facet rollup.Facet
	// Edges are ascending Unix seconds, two at least. Interval i is
	// Edges[i] ≤ t < Edges[i+1]. All are multiples of 900, or all of 60: then the
	// answer is what minute cells there are, and nothing is left of those that
	// MinutesFrom has passed. Else ErrGrain.
	Edges []int64
	// Newest bounds the answer to the newest so many intervals that have
	// clicks; 0 means all of them.
	Newest int
}

// Count is the clicks of one value in one interval; never zero.
type Count struct {
	Interval int // index of the interval's first edge
	Value    string
	Clicks   uint64
}

// Sum asks for the clicks of several parts together, told apart by a facet, in
// the intervals between consecutive edges. Facet and Edges are as in Query.
type Sum struct {
	Parts []Part
	Facet rollup.Facet
	Edges []int64
	// Dear is called once, before the sum takes long or holds much, and not where
	// it does neither: it may wait, or fail. nil is no such call.
	Dear func(context.Context) error
}

// Part is the clicks of a scope from an instant on, a Unix second that is a
// multiple of 900. Each scope is a part of a sum once.
type Part struct {
	Scope rollup.Scope
	Since int64
}

// Position says how far a source has been counted, in journal positions.
type Position struct {
	// Counted is where the next batch must start, or may start before.
	Counted uint64
	// Durable ≤ Counted is what a power cut cannot take back: the journal may
	// drop what lies before it.
	Durable uint64
}

// Clicks counts clicks. Implementations are safe for concurrent use, but each
// source has one writer.
type Clicks interface {
	Reader
	// Record counts a batch, all or nothing. A batch that was counted already
	// (To ≤ Counted) changes nothing; one that starts after Counted is ErrGap,
	// and one that starts before and ends after it is ErrOverlap. The first
	// batch of a source may start anywhere.
	Record(ctx context.Context, b *Batch) error
	// Installation says whose counts these are: the id that the first call
	// offered, durable with the next Sync at the latest.
	Installation(ctx context.Context, offer [16]byte) ([16]byte, error)
	// SetNote keeps a few bytes with the counts, in place of those before: what
	// whoever keeps them wants to find again beside them. They are durable with
	// the next Sync at the latest, and never before what was counted before.
	SetNote(ctx context.Context, note []byte) error
	// Sync makes everything counted durable.
	Sync(ctx context.Context) error
	// Delete removes every count of the scopes: of users with all their links,
	// or of single links, whose clicks leave the counts of their users too. Where
	// those have fewer of a referrer than the link has, the rest is taken from
	// click.OtherReferrers, and then from the others bytewise; no count becomes
	// less than 0. The ledger follows, and Deleted has the scopes. After an error
	// some may be removed; removing them again changes nothing.
	Delete(ctx context.Context, scopes []rollup.Scope) error
	// Snapshot is what was counted at one instant; counting goes on beside it.
	Snapshot(ctx context.Context) (Snapshot, error)
	Close() error
}

// Snapshot is a Reader that stands still. It must be closed before its Clicks.
type Snapshot interface {
	Reader
	Close() error
}

// Reader answers what was counted. Each answer is of one instant.
type Reader interface {
	// Counts answers a query, newest interval first, within an interval by
	// value bytewise. Unknown scopes have no clicks.
	Counts(ctx context.Context, q Query) ([]Count, error)
	// Sum calls f with what Counts would answer of the parts together, in the same
	// order: newest interval first, within an interval by value bytewise. However
	// many values there are, it holds a bounded number of bytes of them. A value is
	// good until f returns, so whoever keeps it clones it. The error of f or Dear
	// ends the sum, and is wrapped.
	Sum(ctx context.Context, q Sum, f func(Count) error) error
	// First is the start of the first quarter-hour in which the scope has a
	// click of the facet, a Unix second; false where it has none.
	First(ctx context.Context, s rollup.Scope, f rollup.Facet) (int64, bool, error)
	// Position says where to resume. A source never seen is the zero Position
	// and false.
	Position(ctx context.Context, source SourceID) (Position, bool, error)
	// Sources lists the journals that a batch was counted of, bytewise.
	Sources(ctx context.Context) ([]SourceID, error)
	// Journaled is the sum of all batches' Journaled, and Removed of all that is
	// in it and not in Cells: what Delete removed, and what was Late. So, but for
	// the names of capped referrers, Journaled is Ledger and Removed.
	Journaled(ctx context.Context) (rollup.Ledger, error)
	Removed(ctx context.Context) (rollup.Ledger, error)
	// Marks lists the marks of an import's source by ascending offset.
	Marks(ctx context.Context, source [32]byte) ([]Mark, error)
	// Cells iterates over every quarter-hour cell, each key once: the cells of
	// a scope one after the other, otherwise in no particular order.
	Cells(ctx context.Context) iter.Seq2[rollup.Cell, error]
	// Ledger is the permanent ledger: what Cells must add up to.
	Ledger(ctx context.Context) (rollup.Ledger, error)
	// Epochs lists the ledgers of a source by epoch: what the journal's
	// segments must add up to, as far as they have been counted.
	Epochs(ctx context.Context, source SourceID) (map[uint64]rollup.Ledger, error)
	// Deleted lists the scopes that were deleted, each once, by user and link.
	// Ids are never reused: what comes of them later came too late.
	Deleted(ctx context.Context) ([]rollup.Scope, error)
	// Highest is the highest ids of a user and of a link that clicks were ever
	// counted of, deleted ones too: whoever gives out ids must be beyond them.
	Highest(ctx context.Context) (click.UserID, click.LinkID, error)
	// Note is what SetNote kept last; empty where nothing was.
	Note(ctx context.Context) ([]byte, error)
	// Verify checks what only the engine knows (sums kept beside the cells)
	// and calls report with a sentence for each disagreement.
	Verify(ctx context.Context, report func(string)) error
}
