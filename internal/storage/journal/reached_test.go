package journal_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/footfall/footfall/internal/storage/journal"
)

// content is the bytes of a file.
func content(t *testing.T, fs vfs.FS, path string) (b []byte) {
	t.Helper()
	spoil(t, fs, path, func(was []byte) []byte { b = was; return was })
	return b
}

// killed is a journal of two segments that a killed process leaves: records of
// 17 bytes each, the first three in a sealed segment and three in an open one.
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
	twinFile   = "journal/00000000000000000051.sealed"
)

// TestReached: a journal that lost its end is refused by those who know how far
// it had come, whatever took the end away, and nothing is removed.
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
		from  uint64 // what is missing begins there
	}{
		{"the newest segment is removed", func(t *testing.T, fs vfs.FS) { check(t, fs.Remove(openFile)) }, 51},
		{"it is cut in a record", cut(48 + 17 + 3), 68},
		{"it is cut after a record", cut(48 + 34), 85},
		{"it has a header alone", cut(48), 51},
		{"it is cut in its header", cut(10), 51},
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
				t.Fatalf("it was opened, with %v: %v", j, err)
			}
			after, err := o.FS.List("journal")
			check(t, err)
			if !slices.Equal(slices.Sorted(slices.Values(names)), slices.Sorted(slices.Values(after))) {
				t.Errorf("the files were %q and are %q", names, after)
			}
			j, err := journal.Inspect(o)
			check(t, err)
			lost := journal.Hole{From: j.End(), To: j.End()}
			if tail, ok := j.Tail(); ok {
				lost.To = tail.To
			}
			for _, f := range flaws(t, j) {
				lost.From = min(lost.From, f.From)
			}
			if want := (journal.Hole{From: c.from, To: end}); lost != want {
				t.Errorf("%v is missing, want %v", lost, want)
			}
			// Who has counted all of it goes on.
			o.Reached = nil
			if _, err := j.Repair(end); err != nil {
				t.Fatal(err)
			}
			mended := open(t, o)
			if mended.End() < end {
				check(t, mended.SkipTo(end))
			}
			if to := add(t, mended, "new"); to != end+19 {
				t.Errorf("the next record ends at %d, want %d", to, end+19)
			}
		})
	}
}

// TestReachedUnsynced: where records are not synced, a power cut may take the
// last ones, and the journal goes on.
func TestReachedUnsynced(t *testing.T) {
	t.Parallel()
	o := inMemory()
	o.NoSync = true
	j := open(t, o)
	end := add(t, j, "lost")
	spoil(t, o.FS, "journal/00000000000000000000.open", func(b []byte) []byte { return b[:48] })
	o.Reached = func([16]byte) uint64 { return end }
	if j := open(t, o); j.End() != 0 {
		t.Errorf("it ends at %d, want 0", j.End())
	}
}

// TestExisting: no journal is made where there must be one.
func TestExisting(t *testing.T) {
	t.Parallel()
	o := inMemory()
	o.Existing = true
	for range 2 {
		if _, err := journal.Open(o); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("an empty directory: %v", err)
		}
	}
	o.Existing = false
	j := open(t, o)
	end := add(t, j, "a record")
	check(t, j.Close())
	o.Existing = true
	if j := open(t, o); j.End() != end {
		t.Errorf("it ends at %d, want %d", j.End(), end)
	}
}

// TestEnded: whoever listens knows the end before an append returns, and when
// the journal is opened.
func TestEnded(t *testing.T) {
	t.Parallel()
	o := inMemory()
	var mu sync.Mutex
	var heard uint64
	var of [16]byte
	o.Ended = func(id [16]byte, end uint64, _ uint32) {
		mu.Lock()
		defer mu.Unlock()
		of, heard = id, end
	}
	want := func(j *journal.Journal, end uint64) {
		t.Helper()
		mu.Lock()
		defer mu.Unlock()
		if heard != end || of != j.ID() {
			t.Errorf("journal %x ends at %d, want %x at %d", of, heard, j.ID(), end)
		}
	}
	j := open(t, o)
	want(j, 0)
	want(j, add(t, j, "one"))
	end := add(t, j, "two")
	want(j, end)
	check(t, j.Close())
	heard = 0
	want(open(t, o), end)
}

// TestTwins puts a second file beside the open segment, as an operator does who
// copies a backup's files into the directory.
func TestTwins(t *testing.T) {
	t.Parallel()
	flip := func(b []byte, at int) []byte { b = slices.Clone(b); b[at] ^= 1; return b }
	for _, c := range []struct {
		name    string
		sealed  func(b []byte) []byte // of the open file
		open    func(b []byte) []byte
		records int  // that there are then
		refused bool // because the files differ
		kept    string
	}{
		{name: "half a rename", records: 6},
		{name: "a header alone", sealed: func(b []byte) []byte { return b[:48] }, records: 6},
		{name: "an older copy", sealed: func(b []byte) []byte { return b[:48+17] }, records: 6},
		{name: "a newer copy", open: func(b []byte) []byte { return b[:48+17] }, records: 6},
		{name: "another journal's without records", sealed: func([]byte) []byte {
			o := inMemory()
			other := open(t, o)
			check(t, other.SkipTo(51))
			return content(t, o.FS, openFile)
		}, records: 6},
		{name: "an empty file", sealed: func([]byte) []byte { return nil }, records: 6},
		{name: "the whole one of a damaged one", open: func(b []byte) []byte { return flip(b, 48+16) }, records: 6, kept: "51.open.damaged"},
		{name: "a damaged one of the whole one", sealed: func(b []byte) []byte { return flip(b, 48+16) }, records: 6, kept: "51.sealed.damaged"},
		{name: "an older copy of a damaged one", open: func(b []byte) []byte { return flip(b, 48+16) },
			sealed: func(b []byte) []byte { return b[:48+17] }, refused: true},
		{name: "another journal's", sealed: func(b []byte) []byte { return flip(b, 9) }, refused: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			o, records, _ := killed(t)
			b := content(t, o.FS, openFile)
			sealed, unsealed := b, b
			if c.sealed != nil {
				sealed = c.sealed(b)
			}
			if c.open != nil {
				unsealed = c.open(b)
			}
			put(t, o.FS, twinFile, sealed)
			put(t, o.FS, openFile, unsealed)
			got, err := readAll(o)
			if c.refused {
				if !errors.Is(err, journal.ErrCorrupt) || !strings.Contains(err.Error(), "another file of the same segment") {
					t.Errorf("records %q: %v", got, err)
				}
				if !slices.Equal(content(t, o.FS, twinFile), sealed) || !slices.Equal(content(t, o.FS, openFile), unsealed) {
					t.Error("a file was changed")
				}
				return
			}
			check(t, err)
			wantRecords(t, got, records[:c.records]...)
			names, err := o.FS.List("journal")
			check(t, err)
			if kept := slices.ContainsFunc(names, func(n string) bool { return c.kept != "" && strings.HasSuffix(n, c.kept) }); kept != (c.kept != "") || len(names) != 3 && c.kept != "" {
				t.Errorf("the files are %q, want one %q", names, c.kept)
			}
		})
	}
}

// TestRepairUnused: a newest file that is empty lies behind a segment that is
// damaged, and the counts reach beyond both.
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
	mended := open(t, o)
	if mended.End() != end+1 {
		t.Errorf("it ends at %d, want %d", mended.End(), end+1)
	}
}

func sealedFileOf(base uint64) string { return fmt.Sprintf("journal/%020d.sealed", base) }

// TestUnknownEnd: where the two newest files are empty, nobody but those who
// have seen more knows what was in them, and nothing says that it was nothing.
func TestUnknownEnd(t *testing.T) {
	t.Parallel()
	o, _, end := killed(t)
	check(t, o.FS.Remove(sealedFile))
	spoil(t, o.FS, openFile, func([]byte) []byte { return nil })
	put(t, o.FS, twinFile, nil)
	check(t, o.FS.Remove(openFile))
	j, err := journal.Inspect(o, [16]byte{1})
	check(t, err)
	got := flaws(t, j)
	if len(got) != 1 || !got[0].Unknown {
		t.Errorf("flaws %+v, want one of unknown size", got)
	}
	o.Reached = func([16]byte) uint64 { return end }
	j, err = journal.Inspect(o, [16]byte{1})
	check(t, err)
	if got := flaws(t, j); len(got) != 1 || got[0].Unknown || got[0].From != 51 || got[0].To != end {
		t.Errorf("flaws %+v, want one up to %d", got, end)
	}
	// Another file after it tells where it ended.
	o.Reached = nil
	put(t, o.FS, "journal/00000000000000000102.open", nil)
	j, err = journal.Inspect(o, [16]byte{1})
	check(t, err)
	if got := flaws(t, j); len(got) != 1 || got[0].Unknown || got[0].To != 102 {
		t.Errorf("flaws %+v, want one up to 102", got)
	}
}

// forgetful is a disk whose system holds pages for clean that it failed to
// write: a later sync reports success and writes nothing of them.
type forgetful struct {
	vfs.FS
	fail bool // the next sync

	mu    sync.Mutex
	stale map[string][]byte         // what the disk really has of a file
	files map[string]*forgetfulFile // by their names of now
}

func (f *forgetful) OpenReadWrite(name string, c vfs.DiskWriteCategory, o ...vfs.OpenOption) (vfs.File, error) {
	file, err := f.FS.OpenReadWrite(name, c, o...)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.files[name] = &forgetfulFile{File: file, fs: f, name: name}
	return f.files[name], nil
}

func (f *forgetful) Rename(from, to string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if b, ok := f.stale[from]; ok {
		delete(f.stale, from)
		f.stale[to] = b
	}
	if file, ok := f.files[from]; ok {
		delete(f.files, from)
		f.files[to], file.name = file, to
	}
	return f.FS.Rename(from, to)
}

type forgetfulFile struct {
	vfs.File
	fs     *forgetful
	name   string
	synced int64
}

func (f *forgetfulFile) WriteAt(b []byte, off int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if was, ok := f.fs.stale[f.name]; ok && off <= int64(len(was)) {
		f.fs.stale[f.name] = append(was[:off], b...)
	}
	return f.File.WriteAt(b, off)
}

func (f *forgetfulFile) SyncData() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if f.fs.fail {
		f.fs.stale[f.name] = make([]byte, f.synced)
		if _, err := f.File.ReadAt(f.fs.stale[f.name], 0); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		return errInjected
	}
	if info, err := f.Stat(); err == nil {
		f.synced = info.Size()
	}
	return f.File.SyncData()
}

func (f *forgetfulFile) Sync() error { return f.SyncData() }

// TestFailedSync: the sync of a record fails, and the process ends. The next
// one reads the record from memory that the disk never got, and must write it
// again before it counts it as durable.
func TestFailedSync(t *testing.T) {
	t.Parallel()
	disk := &forgetful{FS: vfs.NewMem(), stale: map[string][]byte{}, files: map[string]*forgetfulFile{}}
	o := journal.Options{Dir: "journal", FS: disk}
	j := open(t, o)
	add(t, j, "synced")
	disk.fail = true
	if _, err := j.Append(t.Context(), []byte("not synced")); err == nil {
		t.Fatal("the append succeeded")
	}
	disk.fail = false // the process is killed, and another one starts
	again := open(t, o)
	want := []string{"synced", "not synced"}
	wantRecords(t, read(t, again, 0), want...)
	add(t, again, "after")
	// The power is cut: what the disk never got is gone.
	for name, b := range disk.stale {
		put(t, disk.FS, name, b)
	}
	got, err := readAll(journal.Options{Dir: "journal", FS: disk.FS})
	check(t, err)
	wantRecords(t, got, append(want, "after")...)
}

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
