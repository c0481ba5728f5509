package clickhouse_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/storage/clickhouse"
	"github.com/footfall/footfall/internal/storage/store"
)

// TestStarts: each start of a server is noticed once, however soon it follows the last one. What open epochs
// sent to it must be sent again.
func TestStarts(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	s := storeOf(t, f)
	want := uint64(0)
	for i, starts := range []bool{false, false, true, false, true, true, false} {
		if starts {
			f.restart()
			want++
		}
		if switches, err := s.CheckStart(t.Context()); switches != want || err != nil {
			t.Errorf("question %d: rows are sent again %d times, want %d, %v", i, switches, want, err)
		}
	}
}

// TestStartIsNoticedAtLast: a mark that could not be left is left the next time. Until then nothing is said of
// the start.
func TestStartIsNoticedAtLast(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	s := storeOf(t, f)
	f.restart()
	f.lose("INSERT INTO starts ")
	if switches, err := s.CheckStart(t.Context()); err == nil || switches != 0 {
		t.Errorf("a mark is not there: %d, %v", switches, err)
	}
	for range 2 {
		if switches, err := s.CheckStart(t.Context()); err != nil || switches != 1 {
			t.Errorf("rows are sent again %d times, want 1, %v", switches, err)
		}
	}
}

// TestStartBeforeEpochIsWhole: a server was started again after an epoch was sent to it. The other replicas
// have what it has, but nobody knows whether that is everything. So the epoch is counted again.
func TestStartBeforeEpochIsWhole(t *testing.T) {
	t.Parallel()
	for _, restarts := range []bool{false, true} {
		f := newFake(t)
		s := storeOf(t, f, newFake(t))
		id := store.JournalID{1}
		s.HasCounted(id, 10)
		if restarts {
			f.restart()
		}
		durable, err := s.Settle(t.Context(), id)
		if errors.Is(err, store.ErrResume) != restarts || s.Forgotten(id) != restarts || !restarts && (err != nil || durable != 10) {
			t.Errorf("started again: %t; the journal is durable up to %d, and forgotten: %t, %v", restarts, durable, s.Forgotten(id), err)
		}
		if n := f.count("INSERT INTO epochs "); n != map[bool]int{false: 1}[restarts] {
			t.Errorf("started again: %t; %d epochs are called whole", restarts, n)
		}
	}
}

// TestLifeOfUnknownFate: the reply to the row of a life is lost. The next try has the same number, so that
// its row replaces the first one, which may arrive later. A life after that has another number.
func TestLifeOfUnknownFate(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	s := storeOf(t, f)
	var numbers, versions []uint64
	f.answer = func(statement string, inserted []clickhouse.Column) ([]byte, bool) {
		if !strings.HasPrefix(statement, "INSERT INTO lives ") {
			return nil, true
		}
		numbers, versions = append(numbers, inserted[1].Numbers...), append(versions, inserted[4].Numbers...)
		return nil, len(numbers) != 1
	}
	id := store.JournalID{1}
	if life, err := s.BeginLife(t.Context(), id, 7); err == nil {
		t.Errorf("the reply is lost, and life %d has begun", life)
	}
	life, err := s.BeginLife(t.Context(), id, 7)
	if err != nil || len(numbers) != 2 || numbers[0] != life || numbers[1] != life || versions[1] <= versions[0] {
		t.Errorf("life %d has begun, %v; the rows have the numbers %d and the versions %d", life, err, numbers, versions)
	}
	if next, err := s.BeginLife(t.Context(), id, life); err != nil || next <= life {
		t.Errorf("life %d begins after life %d, %v", next, life, err)
	}
	if other, err := s.BeginLife(t.Context(), store.JournalID{2}, 7); err != nil || other == life {
		t.Errorf("another journal has life %d, %v", other, err)
	}
}
