package journal_test

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/footfall/footfall/internal/storage/journal"
)

// content returns the bytes of a file.
func content(t *testing.T, fs vfs.FS, path string) (b []byte) {
	t.Helper()
	spoil(t, fs, path, func(was []byte) []byte { b = was; return was })
	return b
}

// killed makes a journal as a killed process leaves it: six records of 17 bytes, the
// first three in a sealed segment and the others in an open one.
func killed(t *testing.T) (o journal.Options, records []string, end uint64) {
	t.Helper()
	o = inMemory()
	j := open(t, o)
	for i := range 6 {
		records = append(records, fmt.Sprint(i))
		end = add(t, j, records[i])
		if i == 2 {
			check(t, j.Rotate())
		}
	}
	return o, records, end
}

const (
	sealedFile = "journal/00000000000000000000.sealed"
	openFile   = "journal/00000000000000000051.open"
	otherFile  = "journal/00000000000000000051.sealed"
)

// TestReached: a journal that ends before Options.Reached is refused, whatever its end
// was lost by, and nothing is removed.
func TestReached(t *testing.T) {
	t.Parallel()
	cut := func(size int) func(*testing.T, vfs.FS) {
		return func(t *testing.T, fs vfs.FS) {
			spoil(t, fs, openFile, func(b []byte) []byte { return b[:size] })
		}
	}
	for _, c := range []struct {
		name  string
		spoil func(t *testing.T, fs vfs.FS)
		from  uint64 // where the missing part begins
	}{
		{"the newest segment is removed", func(t *testing.T, fs vfs.FS) { check(t, fs.Remove(openFile)) }, 51},
		{"the newest segment is cut inside a record", cut(48 + 17 + 3), 68},
		{"the newest segment is cut after a record", cut(48 + 34), 85},
		{"the newest segment has only a header", cut(48), 51},
		{"the newest segment is cut inside its header", cut(10), 51},
		{"it is empty", cut(0), 51},
		{"it is zeros", func(t *testing.T, fs vfs.FS) {
			spoil(t, fs, openFile, func(b []byte) []byte { clear(b); return b })
		}, 51},
	} {
		t.Run(c.name, func(t *testing.T) {
			o, _, end := killed(t)
			c.spoil(t, o.FS)
			names, err := o.FS.List("journal")
			check(t, err)
			o.Reached = func([16]byte) uint64 { return end }
			if j, err := journal.Open(o); !errors.Is(err, journal.ErrCorrupt) {
				t.Fatalf("Open returned %v, %v", j, err)
			}
			after, err := o.FS.List("journal")
			check(t, err)
			if !slices.Equal(slices.Sorted(slices.Values(names)), slices.Sorted(slices.Values(after))) {
				t.Errorf("the files were %q and are %q", names, after)
			}
			j, err := journal.Inspect(o)
			check(t, err)
			lost := journal.Hole{From: j.End(), To: j.End()}
			for _, f := range flaws(t, j) {
				lost.From, lost.To = min(lost.From, f.From), max(lost.To, f.To)
			}
			if want := (journal.Hole{From: c.from, To: end}); lost != want {
				t.Errorf("the error says that %v is missing, want %v", lost, want)
			}
			// If all of it was counted, it can be repaired.
			o.Reached = nil
			if _, err := j.Repair(end); err != nil {
				t.Fatal(err)
			}
			repaired := open(t, o)
			if repaired.End() < end {
				check(t, repaired.SkipTo(end))
			}
			if to := add(t, repaired, "new"); to != end+19 {
				t.Errorf("the next record ends at %d, want %d", to, end+19)
			}
		})
	}
}

// TestReachedUnsynced: if records are not synced, a power cut may take the last ones,
// and the journal is opened all the same.
func TestReachedUnsynced(t *testing.T) {
	t.Parallel()
	o := inMemory()
	o.NoSync = true
	j := open(t, o)
	end := add(t, j, "lost")
	spoil(t, o.FS, "journal/00000000000000000000.open", func(b []byte) []byte { return b[:48] })
	o.Reached = func([16]byte) uint64 { return end }
	if j := open(t, o); j.End() != 0 {
		t.Errorf("the journal ends at %d, want 0", j.End())
	}
}

// TestExisting: Open makes no journal if there must be one.
func TestExisting(t *testing.T) {
	t.Parallel()
	o := inMemory()
	o.Existing = true
	for range 2 {
		if _, err := journal.Open(o); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("Open of an empty directory: %v", err)
		}
	}
	o.Existing = false
	j := open(t, o)
	end := add(t, j, "a record")
	check(t, j.Close())
	o.Existing = true
	if j := open(t, o); j.End() != end {
		t.Errorf("the journal ends at %d, want %d", j.End(), end)
	}
}

// TestEnded: Ended is called before an Append returns, and when the journal is
// opened.
func TestEnded(t *testing.T) {
	t.Parallel()
	o := inMemory()
	var mu sync.Mutex
	var last uint64
	var id [16]byte
	o.Ended = func(ended [16]byte, end uint64, _ uint32) {
		mu.Lock()
		defer mu.Unlock()
		id, last = ended, end
	}
	want := func(j *journal.Journal, end uint64) {
		t.Helper()
		mu.Lock()
		defer mu.Unlock()
		if last != end || id != j.ID() {
			t.Errorf("journal %x ends at %d, want %x at %d", id, last, j.ID(), end)
		}
	}
	j := open(t, o)
	want(j, 0)
	want(j, add(t, j, "one"))
	end := add(t, j, "two")
	want(j, end)
	check(t, j.Close())
	last = 0
	want(open(t, o), end)
}
