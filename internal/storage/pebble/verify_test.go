package pebble_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	footfall "github.com/footfall/footfall/internal/storage/pebble"
	"github.com/footfall/footfall/internal/storage/store"
)

// damaged is a store with clicks in which the value of one key was replaced.
func damaged(t *testing.T, grain byte, value []byte) *footfall.Store {
	t.Helper()
	s := open(t, memory().BusyFrom(80))
	t.Cleanup(func() { s.Close() })
	day := time.Date(2024, time.March, 5, 0, 0, 0, 0, time.UTC).Unix()
	b := &store.Batch{To: 1}
	for u := range click.UserID(3) {
		b.Cells = append(b.Cells, rollup.Cell{Key: rollup.Key{Scope: rollup.Scope{User: u + 7, Link: 9}, Facet: rollup.All, Slot: day + 900}, Clicks: 80})
		for _, v := range []string{"DE", "FR"} {
			b.Cells = append(b.Cells, rollup.Cell{Key: rollup.Key{Scope: rollup.Scope{User: u + 7, Link: 9}, Facet: rollup.Country, Slot: day + 900, Value: v}, Clicks: 40})
		}
	}
	if err := s.AddBatch(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	it, err := s.DB().NewIter(&pebble.IterOptions{LowerBound: []byte{grain}, UpperBound: []byte{grain + 1}})
	if err != nil {
		t.Fatal(err)
	}
	var key []byte
	for ok := it.First(); ok; ok = it.Next() {
		if k := it.Key(); k[8] == 8 && strings.HasSuffix(string(k), "FR") {
			key = append([]byte(nil), k...)
		}
	}
	if err := it.Close(); err != nil || key == nil {
		t.Fatalf("no key to damage: %v", err)
	}
	if value == nil {
		err = s.DB().Delete(key, pebble.NoSync)
	} else {
		err = s.DB().Set(key, value, pebble.NoSync)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestVerifyNamesDisagreements(t *testing.T) {
	t.Parallel()
	where := `user 8, link 9, facet country, value "FR", month 2024-03`
	for _, test := range []struct {
		what  string
		grain byte
		value []byte
		want  []string
	}{
		{"nothing", 'd', []byte{4<<1 | 1, 38}, nil},
		{"a sum of a day is wrong", 'd', []byte{4<<1 | 1, 37}, []string{"2024-03-05 is 39 clicks, but its quarter-hours add up to 40."}},
		{"a sum of a day is on another day", 'd', []byte{5<<1 | 1, 38}, []string{"2024-03-05 is 0 clicks, but its quarter-hours add up to 40."}},
		{"a month is missing", 'd', nil, []string{"2024-03-05 is 0 clicks, but its quarter-hours add up to 40."}},
		{"a day of quarter-hours is missing", 'q', nil, []string{"2024-03-05 is 40 clicks, but its quarter-hours add up to 0."}},
		{"a vector is corrupt", 'd', []byte{1}, []string{"cut short", "2024-03-05 is 0 clicks, but its quarter-hours add up to 40."}},
	} {
		t.Run(test.what, func(t *testing.T) {
			s := damaged(t, test.grain, test.value)
			var got []string
			if err := s.Verify(t.Context(), nil, func(sentence string) { got = append(got, sentence) }); err != nil {
				t.Fatal(err)
			}
			if len(got) != len(test.want) {
				t.Fatalf("%d sentences %q, want %d", len(got), got, len(test.want))
			}
			for i, sentence := range got {
				if !strings.HasPrefix(sentence, where) || !strings.Contains(sentence, test.want[i]) {
					t.Errorf("%q does not say %s … %s", sentence, where, test.want[i])
				}
			}
		})
	}
}

// TestCorruptVectorIsAnError: a question that reads a corrupt vector is an error.
func TestCorruptVectorIsAnError(t *testing.T) {
	t.Parallel()
	s := damaged(t, 'q', []byte{1, 0x80, 0})
	ctx := t.Context()
	scope := rollup.Scope{User: 8, Link: 9}
	if got, err := s.Counts(ctx, store.Query{Scope: scope, Facet: rollup.Country, Edges: []int64{0, 1<<32 - 1<<32%900}}); err == nil {
		t.Errorf("Counts answers %v", got)
	}
	if got, _, err := s.First(ctx, scope, rollup.Country); err == nil {
		t.Errorf("First answers %d", got)
	}
	if err := s.Delete(ctx, []rollup.Scope{scope}); err == nil {
		t.Error("Delete changes the ledger by clicks that it cannot read")
	}
	var last error
	for _, err := range s.Cells(ctx) {
		last = err
	}
	if last == nil {
		t.Error("Cells skips it")
	}
}

// TestVerifyInParts: Verify reads the cells of many users in several parts, each user in one of them, in memory
// and on the disk.
func TestVerifyInParts(t *testing.T) {
	t.Parallel()
	s := open(t, memory())
	defer s.Close()
	b := &store.Batch{To: 1}
	const users = 1000
	for u := range click.UserID(users) {
		b.Cells = append(b.Cells, rollup.Cell{Key: rollup.Key{Scope: rollup.Scope{User: u + 1, Link: 9}, Facet: rollup.All, Slot: 900}, Clicks: uint64(u) + 1})
	}
	if err := s.AddBatch(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	for _, where := range []string{"memory", "disk"} { // the engine knows how many blocks of the disk a user has, and these are few
		var parts [][]uint64 // the users of each, whose clicks are as many as their id
		part := func() func(*rollup.Cell) error {
			at := len(parts)
			parts = append(parts, nil)
			return func(c *rollup.Cell) error { parts[at] = append(parts[at], c.Clicks); return nil }
		}
		if err := s.Verify(t.Context(), part, func(f string) { t.Error(f) }); err != nil {
			t.Fatal(err)
		}
		last := uint64(0)
		for i, p := range parts {
			if len(p) == 0 || where == "memory" && len(p) > users/2 {
				t.Errorf("%s: part %d has %d users", where, i, len(p))
			}
			for _, u := range p {
				if u != last+1 {
					t.Fatalf("%s: user %d comes after %d", where, u, last)
				}
				last = u
			}
		}
		if last != users || len(parts) < 2 || where == "memory" && len(parts) < 4 {
			t.Errorf("%s: %d users in %d parts", where, last, len(parts))
		}
		if err := s.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}
