package journal_test

import (
	"fmt"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/footfall/footfall/internal/storage/journal"
)

// TestHolds: a journal knows its records by their ends and data, and a copy of it
// that went its own way has others.
func TestHolds(t *testing.T) {
	t.Parallel()
	type known struct {
		end  uint64
		last uint32
	}
	var heard []known
	o := inMemory()
	o.Ended = func(_ [16]byte, end uint64, last uint32) { heard = append(heard, known{end, last}) }
	j := open(t, o)
	for i := range 3 {
		add(t, j, fmt.Sprint("shared ", i))
	}
	check(t, j.Close())
	copied := vfs.NewMem()
	if _, err := vfs.Clone(o.FS, copied, "journal", "journal"); err != nil {
		t.Fatal(err)
	}
	shared := len(heard)
	j = open(t, o)
	if heard[shared] != heard[shared-1] {
		t.Errorf("opened it ends at %+v, and did at %+v", heard[shared], heard[shared-1])
	}
	add(t, j, "one way")
	check(t, j.Rotate())
	add(t, j, "on and on")
	own := heard[shared+1:]
	twin := open(t, journal.Options{Dir: "journal", FS: copied})
	add(t, twin, "the other")
	add(t, twin, "a longer record than that")
	want := func(j *journal.Journal, k known, want bool) {
		t.Helper()
		if holds, err := j.Holds(k.end, k.last); err != nil || holds != want {
			t.Errorf("it holds %+v: %v, %v; want %v", k, holds, err, want)
		}
	}
	for _, k := range heard {
		want(j, k, true)
	}
	for _, k := range heard[1:shared] {
		want(twin, k, true)
		want(twin, known{k.end - 1, k.last}, false) // within a record
		want(twin, known{k.end, k.last + 1}, false)
	}
	for _, k := range own {
		want(twin, k, false)
	}
	want(twin, known{twin.End() + 1, 1}, true) // nobody knows
	want(twin, known{twin.End(), 0}, true)
}
