package journal_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/footfall/footfall/internal/storage/journal"
)

// TestInspect examines one damage of each kind.
func TestInspect(t *testing.T) {
	t.Parallel()
	const (
		first  = "journal/00000000000000000000.sealed"
		second = "journal/00000000000000000051.sealed"
		third  = "journal/00000000000000000102.open"
	)
	flip := func(path string, at int) func(*testing.T, vfs.FS) {
		return func(t *testing.T, fs vfs.FS) {
			spoil(t, fs, path, func(b []byte) []byte { b[at] ^= 1; return b })
		}
	}
	for _, c := range []struct {
		name  string
		spoil func(t *testing.T, fs vfs.FS)
		want  []journal.Hole
		why   string
	}{
		{"nothing", func(*testing.T, vfs.FS) {}, nil, ""},
		{"a record", flip(first, 48+17+16), []journal.Hole{{From: 17, To: 34}}, "does not agree"},
		{"a head", flip(second, 48), []journal.Hole{{From: 51, To: 68}}, "no record starts"},
		{"a record of the open segment", flip(third, 48+17+16), []journal.Hole{{From: 119, To: 136}}, "does not agree"},
		{"the last record of the open segment", flip(third, 48+34+16), nil, ""}, // it looks torn
		{"a header", flip(second, 40), []journal.Hole{{From: 51, To: 51}}, "header does not agree"},
		{"the newest header", flip(third, 9), []journal.Hole{{From: 102, To: 102}}, "header does not agree"},
		{"all of a segment", func(t *testing.T, fs vfs.FS) {
			spoil(t, fs, second, func(b []byte) []byte { clear(b); return b })
		}, []journal.Hole{{From: 51, To: 102}}, "does not begin"},
		{"a segment that is missing", func(t *testing.T, fs vfs.FS) { check(t, fs.Remove(second)) }, []journal.Hole{{From: 51, To: 102}}, "is missing"},
		{"a segment that is cut", func(t *testing.T, fs vfs.FS) {
			spoil(t, fs, second, func(b []byte) []byte { return b[:48+20] })
		}, []journal.Hole{{From: 68, To: 102}}, "the file ends"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := inMemory()
			j := open(t, o)
			for i := range 9 {
				add(t, j, fmt.Sprint(i))
				if i == 2 || i == 5 {
					check(t, j.Rotate())
				}
			}
			c.spoil(t, o.FS)
			list := func() []string {
				names, err := o.FS.List("journal")
				check(t, err)
				return slices.Sorted(slices.Values(names))
			}
			names := list()
			looked, err := journal.Inspect(o)
			check(t, err)
			if looked.ID() != j.ID() || looked.First() != 0 {
				t.Errorf("the id is %x, and was %x; it begins at %d", looked.ID(), j.ID(), looked.First())
			}
			var got []journal.Hole
			for _, f := range flaws(t, looked) {
				got = append(got, journal.Hole{From: f.From, To: f.To})
				if !errors.Is(f.Err, journal.ErrCorrupt) || !strings.Contains(f.Err.Error(), c.why) {
					t.Errorf("%v lacks %q", f.Err, c.why)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("flaws %v, want %v", got, c.want)
			}
			if after := list(); !slices.Equal(after, names) {
				t.Errorf("Inspect left the files %v, of %v", after, names)
			}
		})
	}
}

// TestRepairUnused: an empty newest file follows a damaged segment, and the counts
// reach a position after both.
func TestRepairUnused(t *testing.T) {
	t.Parallel()
	o := inMemory()
	j := open(t, o)
	end := add(t, j, "1")
	check(t, j.Rotate())
	spoil(t, o.FS, sealedFileOf(0), func(b []byte) []byte { b[len(b)-1] ^= 1; return b })
	spoil(t, o.FS, "journal/00000000000000000017.open", func([]byte) []byte { return nil })
	looked, err := journal.Inspect(o)
	check(t, err)
	if got := flaws(t, looked); len(got) != 1 || got[0].From != 0 || got[0].To != end {
		t.Errorf("flaws %v", got)
	}
	if _, err := looked.Repair(end + 1); err != nil {
		t.Fatal(err)
	}
	repaired := open(t, o)
	if repaired.End() != end+1 {
		t.Errorf("the journal ends at %d, want %d", repaired.End(), end+1)
	}
}

func sealedFileOf(base uint64) string { return fmt.Sprintf("journal/%020d.sealed", base) }

// TestUnknownEnd: if the newest segment is empty, its end is unknown, unless
// Options.Reached or a later file shows it.
func TestUnknownEnd(t *testing.T) {
	t.Parallel()
	o, _, end := killed(t)
	check(t, o.FS.Remove(sealedFile))
	spoil(t, o.FS, openFile, func([]byte) []byte { return nil })
	put(t, o.FS, otherFile, nil)
	check(t, o.FS.Remove(openFile))
	j, err := journal.Inspect(o, [16]byte{1})
	check(t, err)
	got := flaws(t, j) // the first one is the sealed file, which is missing
	if len(got) != 2 || !got[1].Unknown {
		t.Errorf("flaws %+v, want a second one of unknown size", got)
	}
	o.Reached = func([16]byte) uint64 { return end }
	j, err = journal.Inspect(o, [16]byte{1})
	check(t, err)
	if got := flaws(t, j); len(got) != 2 || got[1].Unknown || got[1].From != 51 || got[1].To != end {
		t.Errorf("flaws %+v, want a second one up to %d", got, end)
	}
	// A later file shows where it ended.
	o.Reached = nil
	put(t, o.FS, "journal/00000000000000000102.open", nil)
	j, err = journal.Inspect(o, [16]byte{1})
	check(t, err)
	if got := flaws(t, j); len(got) != 2 || got[1].Unknown || got[1].To != 102 {
		t.Errorf("flaws %+v, want a second one up to 102", got)
	}
}
