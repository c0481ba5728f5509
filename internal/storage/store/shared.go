package store

import (
	"context"

	"github.com/footfall/footfall/internal/base/rollup"
)

// JournalCounts says what one journal has added to counts that several journals share. A
// journal that is counted again must give the same batches. So these answers depend on that
// journal alone: not on the batches of other journals, and not on what Delete removed.
//
// An engine for one server does not need it.
type JournalCounts interface {
	// DayClicks returns the clicks of people (facet All) of each day, in the order of days.
	// A day may be there twice.
	DayClicks(ctx context.Context, e Earlier, days []ScopeDay) ([]uint64, error)
	// DayValues lists the values that clicks of a day have in a facet, each once, in any
	// order.
	DayValues(ctx context.Context, e Earlier, day ScopeDay, f rollup.Facet) ([]string, error)
	// JournalDeleted lists the scopes in Batch.Deleted, each once, in any order. They may not be
	// removed yet.
	JournalDeleted(ctx context.Context, e Earlier) ([]rollup.Scope, error)
}

// Earlier names the batches of a journal whose Epoch is less than Before. All of them have
// been added. Answers include clicks that Delete removed. Only the clicks of the deleted
// scopes themselves may be missing, once the batch that has them in Deleted is durable.
type Earlier struct {
	Journal JournalID
	Before  uint64
}

// ScopeDay is a scope in a UTC day.
type ScopeDay struct {
	Scope rollup.Scope
	Day   int64 // Unix second at which it starts
}
