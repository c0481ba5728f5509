package clickhouse_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/clickhouse"
	"github.com/footfall/footfall/internal/storage/store"
)

// TestProofOfWhatChanges: a proof asks for the sums of all journals, and for the rows after that. It says
// nothing if rows are removed meanwhile, or if another replica is used, which may have other rows.
func TestProofOfWhatChanges(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		what              string
		open, more        uint64 // removals that are not done, and that are done while rows are added up
		dies, unavailable bool
	}{
		{what: "nothing"},
		{what: "a removal is not done", open: 1, unavailable: true},
		{what: "rows were removed", more: 1, unavailable: true},
		{what: "the replica dies", dies: true, unavailable: true},
	} {
		first, second := newFake(t), newFake(t)
		var asked atomic.Uint64 // how often rows were added up, by both servers
		answer := func(dies bool) func(string, []clickhouse.Column) ([]byte, bool) {
			return func(statement string, _ []clickhouse.Column) ([]byte, bool) {
				switch {
				case strings.Contains(statement, " FROM system.mutations "):
					return number(5+asked.Load()*test.more, test.open), true
				case strings.Contains(statement, " FROM cells "):
					asked.Add(1)
					return nil, !dies
				}
				return nil, true
			}
		}
		first.answer, second.answer = answer(test.dies), answer(false)
		err := storeOf(t, first, second).Verify(t.Context(), nil, func(fault string) { t.Error(fault) })
		if errors.Is(err, click.ErrUnavailable) != test.unavailable || !test.unavailable && err != nil {
			t.Errorf("%s: %v", test.what, err)
		}
	}
}

// TestSweepWaits: while rows are removed, a sweep does not ask to remove them again.
func TestSweepWaits(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	s := storeOf(t, f)
	id := store.JournalID{1}
	s.HasCounted(id, 10)
	open := uint64(1)
	ctx, stop := context.WithCancel(t.Context())
	f.answer = func(statement string, _ []clickhouse.Column) ([]byte, bool) {
		switch {
		case strings.HasPrefix(statement, "ALTER TABLE ") && open > 0:
			stop() // otherwise the sweep would wait
		case strings.Contains(statement, " FROM system.mutations "):
			return number(1, open), true
		case strings.Contains(statement, " FROM lives "):
			life := func(n uint64) []any { return []any{id[:], n, make([]byte, 16), uint64(0), n, uint8(0)} }
			return clickhouse.Encode([]string{"source FixedString(16)", "life UInt64", "process FixedString(16)", "begin UInt64", "version UInt64", "closed UInt8"},
				life(1), life(2)), true
		}
		return nil, true
	}
	if err := s.Sweep(ctx, time.Now()); err != nil || f.count("ALTER TABLE ") != 0 {
		t.Errorf("rows are being removed, and a sweep removes from %d tables, %v", f.count("ALTER TABLE "), err)
	}
	open = 0
	if err := s.Sweep(t.Context(), time.Now()); err != nil || f.count("ALTER TABLE ") != 3 {
		t.Errorf("a sweep removes from %d tables, want cells, minutes and epochs, %v", f.count("ALTER TABLE "), err)
	}
}
