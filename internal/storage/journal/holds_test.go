package journal_test

import (
	"fmt"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/footfall/footfall/internal/storage/journal"
)

// TestHolds: a record is identified by its end and data, and a copy of the journal
// that went its own way has other records.
func TestHolds(t *testing.T) {
	t.Parallel()
	type known struct {
		end  uint64
		last uint32
	}
	var told []known
	o := inMemory()
	o.Ended = func(_ [16]byte, end uint64, last uint32) { told = append(told, known{end, last}) }
	j := open(t, o)
	for i := range 3 {
		add(t, j, fmt.Sprint("shared ", i))
	}
	check(t, j.Close())
	copied := vfs.NewMem()
	if _, err := vfs.Clone(o.FS, copied, "journal", "journal"); err != nil {
		t.Fatal(err)
	}
	shared := len(told)
	j = open(t, o)
	if told[shared] != told[shared-1] {
		t.Errorf("after Open the end is %+v, and before it was %+v", told[shared], told[shared-1])
	}
	add(t, j, "one way")
	check(t, j.Rotate())
	add(t, j, "on and on")
	own := told[shared+1:]
	other := open(t, journal.Options{Dir: "journal", FS: copied})
	add(t, other, "the other")
	add(t, other, "a longer record than that")
	want := func(j *journal.Journal, k known, want bool) {
		t.Helper()
		if holds, err := j.Holds(k.end, k.last); err != nil || holds != want {
			t.Errorf("it holds %+v: %v, %v; want %v", k, holds, err, want)
		}
	}
	for _, k := range told {
		want(j, k, true)
	}
	for _, k := range told[1:shared] {
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
