package journal_test

import (
	"fmt"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/footfall/footfall/internal/storage/journal"
)

// TestHolds: a record is identified by its end and data, and a copy of the journal
// that diverged has other records.
func TestHolds(t *testing.T) {
	t.Parallel()
	type known struct {
		end  uint64
		last uint32
	}
	var ends []known
	o := inMemory()
	o.Ended = func(_ [16]byte, end uint64, last uint32) { ends = append(ends, known{end, last}) }
	j := open(t, o)
	for i := range 3 {
		add(t, j, fmt.Sprint("shared ", i))
	}
	check(t, j.Close())
	copied := vfs.NewMem()
	if _, err := vfs.Clone(o.FS, copied, "journal", "journal"); err != nil {
		t.Fatal(err)
	}
	shared := len(ends)
	j = open(t, o)
	if ends[shared] != ends[shared-1] {
		t.Errorf("after Open the end is %+v, and before it was %+v", ends[shared], ends[shared-1])
	}
	add(t, j, "only here")
	check(t, j.Rotate())
	add(t, j, "also only here")
	own := ends[shared+1:]
	other := open(t, journal.Options{Dir: "journal", FS: copied})
	add(t, other, "only in the copy")
	add(t, other, "a longer record, only in the copy")
	want := func(j *journal.Journal, k known, want bool) {
		t.Helper()
		if holds, err := j.Holds(k.end, k.last); err != nil || holds != want {
			t.Errorf("Holds(%+v) is %v, %v; want %v", k, holds, err, want)
		}
	}
	for _, k := range ends {
		want(j, k, true)
	}
	for _, k := range ends[1:shared] {
		want(other, k, true)
		want(other, known{k.end - 1, k.last}, false) // within a record
		want(other, known{k.end, k.last + 1}, false)
	}
	for _, k := range own {
		want(other, k, false)
	}
	want(other, known{other.End() + 1, 1}, true) // not known
	want(other, known{other.End(), 0}, true)
}
