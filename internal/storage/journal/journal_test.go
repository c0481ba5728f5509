package journal_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/footfall/footfall/internal/storage/journal"
)

func open(t testing.TB, o journal.Options) *journal.Journal {
	t.Helper()
	j, err := journal.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

func inMemory() journal.Options {
	return journal.Options{Dir: "journal", FS: vfs.NewCrashableMem()}
}

func add(t testing.TB, j *journal.Journal, record string) uint64 {
	t.Helper()
	to, err := j.Append(context.Background(), []byte(record))
	if err != nil {
		t.Fatal(err)
	}
	return to
}

// read reads from a position to the end, also across holes, and checks the
// positions.
func read(t testing.TB, j *journal.Journal, from uint64) (records []string) {
	t.Helper()
	r, err := j.Reader(from)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { r.Close() }()
	for at := from; ; {
		rec, err := r.TryNext()
		if errors.Is(err, journal.ErrEnd) {
			return records
		}
		var hole *journal.HoleError
		if errors.As(err, &hole) {
			if hole.From != at && !slices.Contains(j.Holes(), hole.Hole) {
				t.Fatalf("after position %d the reader stops at the hole %v, which is not one of %v", at, hole, j.Holes())
			}
			r.Close()
			if r, err = j.Reader(hole.To); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if rec.From < at || rec.To != rec.From+journal.RecordOverhead+uint64(len(rec.Data)) || rec.Segment > rec.From {
			t.Fatalf("after %d comes a record of %d bytes from %d to %d in segment %d", at, len(rec.Data), rec.From, rec.To, rec.Segment)
		}
		at = rec.To
		records = append(records, string(rec.Data))
	}
}

func wantRecords(t testing.TB, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("read %q, want %q", got, want)
	}
}

func TestAppendAndReopen(t *testing.T) {
	t.Parallel()
	o := inMemory()
	j := open(t, o)
	id := j.ID()
	var want []string
	var ends []uint64
	for i := range 10 {
		record := strings.Repeat(fmt.Sprint(i), 1+i*700)
		want = append(want, record)
		ends = append(ends, add(t, j, record))
		if j.End() != ends[i] {
			t.Fatalf("the end is %d after a record that ends at %d", j.End(), ends[i])
		}
	}
	wantRecords(t, read(t, j, 0), want...)
	for i, end := range ends {
		wantRecords(t, read(t, j, end), want[i+1:]...)
	}
	for range 3 {
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		j = open(t, o)
		if j.ID() != id {
			t.Fatal("the id changed when the journal was opened again")
		}
		wantRecords(t, read(t, j, 0), want...)
		want = append(want, "more")
		add(t, j, "more")
		wantRecords(t, read(t, j, 0), want...)
	}
}

func TestRecordSizes(t *testing.T) {
	t.Parallel()
	o := inMemory()
	o.SegmentSize = 1 << 20
	j := open(t, o)
	for _, size := range []int{0, journal.MaxRecord + 1} {
		if _, err := j.Append(context.Background(), make([]byte, size)); !errors.Is(err, journal.ErrSize) {
			t.Errorf("a record of %d bytes: %v, want ErrSize", size, err)
		}
	}
	var want []string
	for _, size := range []int{1, journal.MaxRecord, 2, 1<<20 - 100, 3} {
		want = append(want, strings.Repeat("x", size))
		add(t, j, want[len(want)-1])
	}
	got := read(t, j, 0)
	if !slices.Equal(got, want) {
		t.Errorf("other records are read: %d for %d", len(got), len(want))
	}
}

func TestNewIDWhenSegmentsAreGone(t *testing.T) {
	t.Parallel()
	o := inMemory()
	j := open(t, o)
	add(t, j, "a")
	id := j.ID()
	j.Close()
	if err := o.FS.RemoveAll(o.Dir); err != nil {
		t.Fatal(err)
	}
	j = open(t, o)
	if j.ID() == id || j.End() != 0 {
		t.Errorf("a journal without segments has id %x and end %d; the old id was %x", j.ID(), j.End(), id)
	}
}

func TestFilesArePrivate(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "deep", "journal")
	j := open(t, journal.Options{Dir: dir})
	add(t, j, "a")
	if err := j.Rotate(); err != nil {
		t.Fatal(err)
	}
	want := map[string]fs.FileMode{
		".":                           fs.ModeDir | 0o700,
		"00000000000000000000.sealed": 0o600,
		"00000000000000000017.open":   0o600,
	}
	got := map[string]fs.FileMode{}
	fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			t.Fatal(err)
		}
		info, err := d.Info()
		if err != nil {
			t.Fatal(err)
		}
		got[path] = info.Mode()
		return nil
	})
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("files are %v, want %v", got, want)
	}
	wantRecords(t, read(t, j, 0), "a")
}

func TestAppendHonoursContext(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	syncing := make(chan struct{}, 100)
	fs := &hookFS{FS: vfs.NewMem(), before: func(op, name string) error {
		if op == "sync" && strings.HasSuffix(name, ".open") {
			syncing <- struct{}{}
			<-release
		}
		return nil
	}}
	// The hook must find the file of the first segment under its final name.
	j := open(t, journal.Options{Dir: "journal", FS: renamed{fs}})
	ctx, cancel := context.WithCancel(context.Background())
	failed := make(chan error)
	go func() {
		_, err := j.Append(ctx, []byte("slow"))
		failed <- err
	}()
	<-syncing
	cancel()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Errorf("an append whose context ended: %v", err)
	}
	if _, err := j.Append(ctx, []byte("late")); !errors.Is(err, context.Canceled) {
		t.Errorf("an append whose context had ended: %v", err)
	}
	// While one group is written and the next one is full, appends wait for room,
	// but not longer than their context.
	big := bytes.Repeat([]byte{'x'}, journal.MaxRecord)
	done := make(chan error)
	appendBig := func(ctx context.Context) { _, err := j.Append(ctx, big); done <- err }
	go appendBig(context.Background())
	go appendBig(context.Background())
	ctx, cancel = context.WithCancel(context.Background())
	go appendBig(ctx)
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("an append that waited for room until its context ended: %v", err)
	}
	close(release)
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if got := read(t, j, 0); got[0] != "slow" || slices.Contains(got, "late") {
		t.Errorf("%d records, the first %.10q", len(got), got[0])
	}
}

// renamed shows a file to the hook under its final name.
type renamed struct{ *hookFS }

func (r renamed) OpenReadWrite(name string, c vfs.DiskWriteCategory, o ...vfs.OpenOption) (vfs.File, error) {
	f, err := r.hookFS.OpenReadWrite(name, c, o...)
	if err != nil {
		return nil, err
	}
	return &renamedFile{hookFile: f.(*hookFile)}, nil
}

// renamedFile has its final name once the header has been synced.
type renamedFile struct{ *hookFile }

func (f *renamedFile) Sync() error {
	err := f.hookFile.Sync()
	f.name = strings.Replace(f.name, ".temp", ".open", 1)
	return err
}

func TestClose(t *testing.T) {
	t.Parallel()
	o := inMemory()
	j := open(t, o)
	var wg sync.WaitGroup
	var mu sync.Mutex
	acknowledged := map[string]bool{}
	for i := range 50 {
		wg.Go(func() {
			for k := 0; ; k++ {
				record := fmt.Sprintf("%d-%d", i, k)
				_, err := j.Append(context.Background(), []byte(record))
				if errors.Is(err, journal.ErrClosed) {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				acknowledged[record] = true
				mu.Unlock()
			}
		})
	}
	r, err := j.Reader(0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for range 200 {
		if _, err := r.Next(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	// Readers read on to the end, and then fail with ErrClosed.
	for err = nil; err == nil; {
		_, err = r.Next(context.Background())
	}
	if !errors.Is(err, journal.ErrClosed) || r.Pos() != j.End() {
		t.Errorf("reader of a closed journal: %v at %d of %d", err, r.Pos(), j.End())
	}
	for name, err := range map[string]error{
		"rotate": j.Rotate(), "trim": j.Trim(0), "skip": j.SkipTo(1 << 40),
	} {
		if !errors.Is(err, journal.ErrClosed) {
			t.Errorf("%s after close: %v", name, err)
		}
	}
	if err := j.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
	j = open(t, o)
	got := read(t, j, 0)
	for _, record := range got {
		delete(acknowledged, record)
	}
	if len(acknowledged) > 0 {
		t.Errorf("%d acknowledged records are lost", len(acknowledged))
	}
}

func TestNoSync(t *testing.T) {
	t.Parallel()
	o := inMemory()
	o.NoSync = true
	o.SegmentSize = 300
	j := open(t, o)
	var want []string
	for i := range 40 {
		want = append(want, fmt.Sprint("record ", i))
		add(t, j, want[i])
	}
	wantRecords(t, read(t, j, 0), want...)
	// A power cut takes at most the newest segment.
	kept := j.Segments()[len(j.Segments())-1].Base
	o.FS = o.FS.(*vfs.MemFS).CrashClone(vfs.CrashCloneCfg{})
	j = open(t, o)
	if j.End() < kept {
		t.Errorf("the end is %d, before the newest segment at %d", j.End(), kept)
	}
	got := read(t, j, 0)
	wantRecords(t, got, want[:len(got)]...)
}
