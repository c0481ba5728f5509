package storetest

import (
	"context"
	"io"
	"testing"

	"github.com/footfall/footfall/internal/storage/store"
)

// Engines for counts, by the roles that they serve. Questions, Progress and Proof
// can be checked only if the engine counts batches.
type (
	QuestionsEngine interface {
		store.Counting
		store.Questions
		io.Closer
	}
	ProgressEngine interface {
		store.Counting
		store.Progress
		io.Closer
	}
	ProofEngine interface {
		store.Counting
		store.Proof
		io.Closer
	}
	IdentityEngine interface {
		store.Identity
		io.Closer
	}
	SharedEngine interface {
		store.Counting
		store.Questions
		store.Progress
		store.JournalCounts
		io.Closer
	}
)

// The suites. Each call of open returns an empty store, which the suite closes. An
// engine runs the suite of each role that it serves, or Counts if it serves all.

// Questions checks the rules of store.Counting and store.Questions.
func Questions(t *testing.T, open func(t *testing.T) QuestionsEngine) { run(t, 0, questions, open) }

// Progress checks the rules of store.Counting and store.Progress.
func Progress(t *testing.T, open func(t *testing.T) ProgressEngine) { run(t, 0, progress, open) }

// Proof checks the rules of store.Counting and store.Proof.
func Proof(t *testing.T, open func(t *testing.T) ProofEngine) { run(t, 0, proof, open) }

// Identity checks the rules of store.Identity.
func Identity(t *testing.T, open func(t *testing.T) IdentityEngine) { run(t, 0, identity, open) }

// Shared checks the rules of store.JournalCounts.
func Shared(t *testing.T, open func(t *testing.T) SharedEngine) {
	run(t, shared, questions|progress|shared, open)
}

// Counts checks the rules of store.ClickCounts: those of every role, and those that
// need several. Random histories are compared with those of other engines too.
func Counts(t *testing.T, open func(t *testing.T) store.ClickCounts, others ...func(t *testing.T) store.ClickCounts) {
	run(t, 0, counting|questions|progress|proof|identity|snapshots, open, others...)
}

// roles is a set of roles.
type roles uint8

const (
	counting roles = 1 << iota
	questions
	progress
	proof
	identity
	snapshots
	shared
)

// laws is every rule, with the roles that it needs besides Counting.
var laws = []struct {
	needs roles
	rule  string
	check func(t *testing.T, c *counts)
}{
	{progress, "a batch that was counted already changes nothing", lawReplay},
	{progress, "a batch that starts after what was counted is ErrGap, and counts nothing", lawGap},
	{progress, "a batch that was counted in part is ErrOverlap, and counts nothing", lawOverlap},
	{progress, "the first batch of a journal may start anywhere, and journals do not affect each other", lawJournals},
	{progress, "a batch that fails changes nothing", lawFailing},
	{progress, "after Sync all that is counted is durable", lawSync},
	{progress, "the highest ids are of all that was ever counted", lawHighest},
	{progress, "marks are listed by offset and digest, and a later mark replaces one with the same", lawMarks},
	{progress, "deleted scopes are listed once, in their order, also those without clicks", lawDeleted},
	{questions, "an interval includes its first edge and excludes its last", lawEdges},
	{questions, "edges finer than a minute are ErrGrain; than a quarter-hour, for a facet without minutes", lawGrain},
	{questions, "minutes answer from MinutesFrom on, and are dropped before it", lawMinutes},
	{questions, "if MinutesFrom goes back, minutes are kept from there again", lawMinutesBack},
	{questions, "answers are sparse, newest interval first, then by value bytewise", lawOrder},
	{questions, "Newest limits an answer to the newest intervals that have clicks", lawNewest},
	{questions, "a long range is the sum of its short ones, whatever the edges", lawSums},
	{questions, "Sum is the Counts of the parts added up, however many values there are", lawSum},
	{questions, "Sum calls Expensive once, and ends with an error of its callbacks", lawSumExpensive},
	{questions, "First is the first quarter-hour of the scope and facet", lawFirst},
	{questions, "values are any bytes, and are kept apart", lawValues},
	{questions, "scopes and facets next to each other are kept apart", lawNeighbours},
	{questions, "an answer shows the counts between two batches, never part of one", lawConcurrent},
	{questions, "deleting a scope removes its clicks from all counts and no others", lawDelete},
	{questions, "deleting a link with capped referrers leaves sums that agree", lawDeleteCapped},
	{questions, "links that are deleted together take from what the others left", lawDeleteTogether},
	{proof, "cells add up to the ledger, each key once", lawLedger},
	{proof, "epochs add up what was journaled, each journal and epoch apart", lawEpochs},
	{proof, "what was journaled is the ledger and what was removed", lawRemoved},
	{identity, "the installation is the one that was offered first", lawInstallation},
	{identity, "the note is the last one that was set", lawNote},
	{shared, "what a journal added depends on no other journal, and on no deletion", lawAdded},
	{shared | questions | progress, "after Sync the scopes of a batch with deletions are removed", lawDeletedInBatch},
	{questions | progress | proof, "cells, minutes, marks, ledgers and position change together", lawTogether},
	{questions | progress | proof | snapshots, "a snapshot does not change while the store does", lawSnapshot},
	{questions, "random histories are answered as the model and other engines answer them", lawModel},
}

// run checks the rules that need all of the wanted roles, and no others than those served.
func run[S io.Closer](t *testing.T, wanted, served roles, open func(t *testing.T) S, others ...func(t *testing.T) S) {
	for _, l := range laws {
		if l.needs&wanted != wanted || l.needs&^served != 0 {
			continue
		}
		t.Run(l.rule, func(t *testing.T) {
			defer func() {
				if t.Failed() {
					t.Logf("broken rule: %s", l.rule)
				}
			}()
			c := newCounts(func() io.Closer { return open(t) })
			for _, other := range others {
				c.others = append(c.others, func() *counts { return newCounts(func() io.Closer { return other(t) }) })
			}
			t.Cleanup(func() {
				if err := c.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
			})
			l.check(t, c)
		})
	}
}

// counts is a store under test. The roles that it does not serve are nil.
type counts struct {
	store.Counting
	store.Questions
	store.Progress
	store.Proof
	store.Identity
	store.JournalCounts
	io.Closer
	snapshot func(context.Context) (store.Snapshot, error)

	ctx    context.Context
	open   func() *counts   // another one, empty
	others []func() *counts // other engines, empty
	next   uint64           // position of source
}

func newCounts(open func() io.Closer) *counts {
	s := open()
	c := &counts{Closer: s, ctx: context.Background(), open: func() *counts { return newCounts(open) }}
	c.Counting, _ = s.(store.Counting)
	c.Questions, _ = s.(store.Questions)
	c.Progress, _ = s.(store.Progress)
	c.Proof, _ = s.(store.Proof)
	c.Identity, _ = s.(store.Identity)
	c.JournalCounts, _ = s.(store.JournalCounts)
	if all, ok := s.(store.ClickCounts); ok {
		c.snapshot = all.Snapshot
	}
	return c
}
