package journal_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// written is a journal and the records in it, by their positions.
type written struct {
	o       journal.Options
	id      [16]byte
	records map[uint64]string
	starts  []uint64 // of the records, ascending
	end     uint64
	last    uint64 // where the last record starts
}

// write makes a journal of some segments. Unless it is closed, its newest segment is
// as a killed process leaves it.
func write(t *testing.T, rng *rand.Rand, close bool) *written {
	t.Helper()
	l := &written{o: inMemory(), records: map[uint64]string{}}
	l.o.SegmentSize = 100 + rng.Int64N(600)
	j := open(t, l.o)
	l.id = j.ID()
	for i := range 5 + rng.IntN(40) {
		record := fmt.Sprintf("record %d %s", i, strings.Repeat("x", rng.IntN(60)))
		l.last = j.End()
		l.records[l.last] = record
		l.starts = append(l.starts, l.last)
		l.end = add(t, j, record)
	}
	if close {
		check(t, j.Close())
	}
	return l
}

// files returns the names of the segments' files, oldest first.
func (l *written) files(t *testing.T) []string {
	t.Helper()
	names, err := l.o.FS.List("journal")
	check(t, err)
	slices.Sort(names)
	return slices.DeleteFunc(names, func(n string) bool { return !strings.HasSuffix(n, "ed") && !strings.HasSuffix(n, ".open") })
}

// harm damages the files in one of many ways.
func (l *written) harm(t *testing.T, rng *rand.Rand) (what string) {
	t.Helper()
	files := l.files(t)
	file := files[rng.IntN(len(files))]
	path := "journal/" + file
	header := false
	switch rng.IntN(8) {
	case 0:
		if len(files) > 1 {
			file = files[rng.IntN(len(files)-1)] // nothing shows that the newest was there
			check(t, l.o.FS.Remove("journal/"+file))
			return "no " + file
		}
	case 1:
		spoil(t, l.o.FS, path, func(b []byte) []byte { return b[:1+rng.IntN(len(b))] })
		return "a shorter " + file
	case 2:
		spoil(t, l.o.FS, path, func(b []byte) []byte {
			from := rng.IntN(len(b))
			clear(b[from:min(len(b), from+rng.IntN(200))])
			return b
		})
		return "zeros in " + file
	case 3:
		if len(files) < 4 {
			break // or Inspect may take it for the other journal
		}
		other := write(t, rng, true)
		spoil(t, other.o.FS, "journal/"+other.files(t)[0], func(b []byte) []byte { put(t, l.o.FS, path, b); return b })
		return "another journal's " + file
	case 4:
		header = true
	}
	spoil(t, l.o.FS, path, func(b []byte) []byte {
		for range 1 + rng.IntN(3) {
			at := rng.IntN(len(b))
			if header {
				at = rng.IntN(min(len(b), 48))
			}
			b[at] ^= 1 << rng.IntN(8)
		}
		return b
	})
	return "turned bits in " + file
}

// flaws returns all flaws of a journal.
func flaws(t *testing.T, j *journal.Damaged) []journal.Flaw {
	t.Helper()
	all, err := j.Flaws()
	check(t, err)
	return all
}

// TestRepair damages journals at random and repairs them for counts that reach past
// every flaw. Every sound record that is not counted must be there, and every record
// that is there must be as it was, in its place.
func TestRepair(t *testing.T) {
	t.Parallel()
	for i := range seedtest.Rounds(t, 60) {
		t.Run(fmt.Sprint(i), func(t *testing.T) { repairAtRandom(t, rand.New(rand.NewPCG(seedtest.Seed(t), uint64(i)))) })
	}
}

// TestRepairSeeds draws an empty newest file after a damaged segment, which Repair
// once left in a state that Open refused.
func TestRepairSeeds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ seed, round uint64 }{
		{5618516866564137077, 11}, {18198661227188545371, 70}, {17147201894147513715, 129}, {7047465515047198444, 365},
		{11095349282477624542, 130}, {17895118171193264477, 278}, {3418888361425374490, 215},
	} {
		t.Run(fmt.Sprint(c.seed), func(t *testing.T) { repairAtRandom(t, rand.New(rand.NewPCG(c.seed, c.round))) })
	}
}

func repairAtRandom(t *testing.T, rng *rand.Rand) {
	l := write(t, rng, rng.IntN(2) == 0)
	before := vfs.NewMem()
	if _, err := vfs.Clone(l.o.FS, before, "journal", "journal"); err != nil {
		t.Fatal(err)
	}
	for range 1 + rng.IntN(2) {
		t.Log(l.harm(t, rng))
	}
	testRepair(t, rng, l, l.whole(t, before))
}

func testRepair(t *testing.T, rng *rand.Rand, l *written, whole map[uint64]string) {
	look := func(disk vfs.FS) (*journal.Damaged, uint64) {
		t.Helper()
		o := l.o
		o.FS = disk
		j, err := journal.Inspect(o, l.id)
		if errors.Is(err, fs.ErrNotExist) && len(whole) == 0 {
			return nil, 0
		}
		check(t, err)
		needed := j.First()
		for _, f := range flaws(t, j) {
			if f.From < f.To { // else only the header is damaged
				needed = max(needed, f.To)
			}
		}
		return j, needed
	}
	disk := vfs.NewCrashableMem()
	if _, err := vfs.Clone(l.o.FS, disk, "journal", "journal", vfs.CloneSync); err != nil {
		t.Fatal(err)
	}
	root, err := disk.OpenDir("")
	check(t, err)
	check(t, root.Sync())
	j, needed := look(disk)
	if j == nil { // nothing is left
		return
	}
	if j.ID() != l.id {
		t.Fatalf("the id is %x, and was %x", j.ID(), l.id)
	}
	if needed > 0 {
		if _, err := j.Repair(needed - 1); err == nil {
			t.Errorf("Repair succeeded, although the records before %d are needed", needed)
		}
		j, needed = look(disk)
	}
	counted := max(needed, j.End()) + rng.Uint64N(100)
	later := slices.DeleteFunc(slices.Clone(l.starts), func(p uint64) bool { return p < needed })
	if len(later) > 0 && rng.IntN(10) > 0 {
		counted = later[rng.IntN(len(later))]
	}

	// The repair is killed, perhaps by a power cut.
	left := rng.IntN(15)
	killed, err := journal.Inspect(journal.Options{Dir: "journal", FS: &hookFS{FS: disk, before: func(string, string) error {
		if left--; left < 0 {
			return errInjected
		}
		return nil
	}, misused: func(string, string) {}}}, l.id)
	check(t, err)
	if _, err := killed.Repair(counted); err != nil && !errors.Is(err, errInjected) {
		t.Fatal(err)
	}
	if rng.IntN(2) == 0 {
		disk = disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: rng.IntN(101), RNG: rng})
	}
	j, _ = look(disk)
	aside, err := j.Repair(counted)
	check(t, err)
	for _, name := range aside {
		if _, err := disk.Stat(name); err != nil || !strings.Contains(name, "ed.damaged") && !strings.Contains(name, ".open.damaged") {
			t.Errorf("%s was not kept: %v", name, err)
		}
	}

	j, _ = look(disk)
	if left := flaws(t, j); len(left) > 0 {
		t.Errorf("Inspect finds %v after the repair", left)
	}
	l.o.FS = disk
	for range 2 {
		j := open(t, l.o)
		if j.ID() != l.id || j.First() > j.Trimmed() {
			t.Errorf("the id is %x, and was %x; it begins at %d, and was trimmed to %d", j.ID(), l.id, j.First(), j.Trimmed())
		}
		for _, h := range j.Holes() {
			if h.To > counted {
				t.Errorf("a hole from %d to %d; the journal is counted up to %d", h.From, h.To, counted)
			}
		}
		seen := map[uint64]bool{}
		for _, s := range j.Segments() {
			for rec, err := range j.Scan(s.Base) {
				check(t, err)
				if l.records[rec.From] != string(rec.Data) {
					t.Errorf("the record at %d is %q, and was %q", rec.From, rec.Data, l.records[rec.From])
				}
				seen[rec.From] = true
			}
		}
		for at, record := range whole {
			if at >= counted && !seen[at] {
				t.Errorf("%q at position %d is lost; the journal is counted up to %d", record, at, counted)
			}
		}
		if j.End() < counted {
			check(t, j.SkipTo(counted))
		}
		r, err := j.Reader(max(counted, j.First()))
		check(t, err)
		for err == nil {
			_, err = r.TryNext()
		}
		if !errors.Is(err, journal.ErrEnd) {
			t.Error(err)
		}
		r.Close()
		at := j.End()
		record := fmt.Sprint("new at ", at)
		add(t, j, record)
		if l.records[at] != "" && whole[at] != "" {
			t.Errorf("position %d is used twice", at)
		}
		l.records[at], whole[at] = record, record
		check(t, j.Close())
	}
}

// whole returns the records whose bytes are as they were.
func (l *written) whole(t *testing.T, before vfs.FS) map[uint64]string {
	t.Helper()
	read := func(fs vfs.FS, path string) []byte {
		f, err := fs.Open(path)
		if err != nil {
			return nil
		}
		defer f.Close()
		b, err := io.ReadAll(f)
		check(t, err)
		return b
	}
	whole := map[uint64]string{}
	for _, file := range l.files(t) {
		was, is := read(before, "journal/"+file), read(l.o.FS, "journal/"+file)
		var base uint64
		fmt.Sscanf(file, "%d", &base)
		for at, record := range l.records {
			if at < base {
				continue
			}
			from := int(48 + at - base)
			to := from + journal.RecordOverhead + len(record)
			if to <= len(was) && to <= len(is) && bytes.Equal(was[from:to], is[from:to]) {
				whole[at] = record
			}
		}
	}
	return whole
}
