package journal_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// segments writes them as "base-end", sealed ones with an "s".
func segments(j *journal.Journal) string {
	var b strings.Builder
	for _, s := range j.Segments() {
		fmt.Fprintf(&b, " %d-%d", s.Base, s.End)
		if s.Sealed {
			b.WriteByte('s')
		}
	}
	return b.String()
}

func wantSegments(t *testing.T, j *journal.Journal, want string) {
	t.Helper()
	if got := segments(j); got != want {
		t.Fatalf("segments are%s, want%s", got, want)
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestSegments(t *testing.T) {
	t.Parallel()
	o := inMemory()
	o.SegmentSize = 48 + 2*20
	j := open(t, o)
	wantSegments(t, j, " 0-0")
	check(t, j.Rotate()) // nothing to seal
	wantSegments(t, j, " 0-0")
	for _, record := range []string{"aaaa", "bbbb", "cccc", "dddd", "eeee"} {
		add(t, j, record)
	}
	wantSegments(t, j, " 0-40s 40-80s 80-100")
	check(t, j.Rotate())
	wantSegments(t, j, " 0-40s 40-80s 80-100s 100-100")
	add(t, j, strings.Repeat("x", 184)) // larger than a segment
	add(t, j, "ffff")
	wantSegments(t, j, " 0-40s 40-80s 80-100s 100-300s 300-320")
	for i, want := range []int64{88, 88, 68, 248, 68} {
		if got := j.Segments()[i].Size; got != want {
			t.Errorf("segment %d has %d bytes, want %d", i, got, want)
		}
	}

	for _, c := range []struct {
		before uint64
		want   string
	}{
		{39, " 0-40s 40-80s 80-100s 100-300s 300-320"},
		{40, " 40-80s 80-100s 100-300s 300-320"},
		{299, " 100-300s 300-320"},
		{1000, " 300-320"},
	} {
		check(t, j.Trim(c.before))
		wantSegments(t, j, c.want)
	}
	if j.First() != 300 || j.End() != 320 {
		t.Errorf("the journal starts at %d and ends at %d", j.First(), j.End())
	}
	id := j.ID()
	check(t, j.Close())
	j = open(t, o)
	wantSegments(t, j, " 300-320s")
	check(t, j.Rotate())
	wantSegments(t, j, " 300-320s")
	check(t, j.Trim(1000))
	add(t, j, "gggg")
	wantSegments(t, j, " 300-320s 320-340")
	wantRecords(t, read(t, j, 300), "ffff", "gggg")
	if j.ID() != id {
		t.Error("the id changed")
	}
}

func TestSkipTo(t *testing.T) {
	t.Parallel()
	o := inMemory()
	j := open(t, o)
	add(t, j, "aaaa")
	tail, err := j.Reader(20)
	check(t, err)
	defer tail.Close()
	check(t, j.SkipTo(20))
	wantSegments(t, j, " 0-20")
	if err := j.SkipTo(19); !errors.Is(err, journal.ErrPosition) {
		t.Errorf("SkipTo a position before the end: %v", err)
	}
	if err := j.SkipTo(1<<62 + 1); !errors.Is(err, journal.ErrPosition) {
		t.Errorf("SkipTo a position out of range: %v", err)
	}
	check(t, j.SkipTo(100))
	wantSegments(t, j, " 0-20s 100-100")
	check(t, j.SkipTo(500)) // a hole after a segment without records
	wantRecords(t, read(t, j, 0), "aaaa")
	check(t, j.Close())
	j2 := open(t, o)
	if j2.End() != 500 {
		t.Fatalf("the end is %d after a skip to 500", j2.End())
	}
	add(t, j2, "bbbb")
	wantRecords(t, read(t, j2, 0), "aaaa", "bbbb")
	wantRecords(t, read(t, j2, 20), "bbbb")
	wantRecords(t, read(t, j2, 100), "bbbb")
	wantRecords(t, read(t, j2, 500), "bbbb")
	for _, inside := range []uint64{21, 99, 101, 499} {
		if _, err := j2.Reader(inside); !errors.Is(err, journal.ErrPosition) {
			t.Errorf("a reader from %d, inside a hole: %v", inside, err)
		}
	}
	if _, err := tail.Next(context.Background()); !errors.Is(err, journal.ErrCorrupt) {
		t.Errorf("a reader before a hole: %v", err)
	}
	if got := j2.Holes(); !slices.Equal(got, []journal.Hole{{From: 20, To: 500}}) {
		t.Errorf("holes %v", got)
	}
	over, err := j2.Reader(20)
	check(t, err)
	defer over.Close()
	for range 2 {
		_, err := over.TryNext()
		var hole *journal.HoleError
		if !errors.As(err, &hole) || hole.Hole != (journal.Hole{From: 20, To: 500}) || !errors.Is(err, journal.ErrCorrupt) {
			t.Errorf("a reader at a hole: %v", err)
		}
	}
	check(t, j2.Trim(500))
	wantSegments(t, j2, " 500-520")
	check(t, j2.Close())
	wantRecords(t, read(t, open(t, o), 500), "bbbb")
}

func TestReaderPositions(t *testing.T) {
	t.Parallel()
	o := inMemory()
	j := open(t, o)
	good := map[uint64]bool{0: true}
	for i := range 40 {
		// Data that looks like the head of a record must not pass for one.
		good[add(t, j, strings.Repeat("\x00\x00\x00\x01", 3+i))] = true
		if i%15 == 14 {
			check(t, j.Rotate())
		}
	}
	picks := seedtest.Sample(t, 4)
	for pos := range j.End() + 30 {
		if !good[pos] && !picks() {
			continue
		}
		r, err := j.Reader(pos)
		if good[pos] != (err == nil) || err != nil && !errors.Is(err, journal.ErrPosition) {
			t.Fatalf("a reader from %d, where a record starts: %v; got %v", pos, good[pos], err)
		}
		if err == nil {
			r.Close()
		}
	}
	first := j.Segments()[1].Base
	late, err := j.Reader(0)
	check(t, err)
	defer late.Close()
	check(t, j.Trim(first))
	if _, err := j.Reader(0); !errors.Is(err, journal.ErrPosition) {
		t.Errorf("a reader from before the first segment: %v", err)
	}
	// A reader in a trimmed segment reads it to its end and goes on.
	n := 0
	for err = nil; err == nil; n++ {
		_, err = late.TryNext()
	}
	if !errors.Is(err, journal.ErrEnd) || n != 41 {
		t.Errorf("a reader in a trimmed segment: %v after %d records", err, n-1)
	}
	// A reader that missed a whole segment fails.
	missed, err := j.Reader(first)
	check(t, err)
	defer missed.Close()
	add(t, j, "x")
	check(t, j.Rotate())
	check(t, j.Trim(j.End()))
	for err = nil; err == nil; {
		_, err = missed.TryNext()
	}
	if !errors.Is(err, journal.ErrPosition) {
		t.Errorf("a reader whose next segment was trimmed: %v", err)
	}
}

func TestScan(t *testing.T) {
	t.Parallel()
	o := inMemory()
	j := open(t, o)
	for i := range 9 {
		add(t, j, fmt.Sprint("record ", i))
		if i%3 == 2 {
			check(t, j.Rotate())
		}
	}
	i := 0
	for _, s := range j.Segments() {
		for rec, err := range j.Scan(s.Base) {
			check(t, err)
			if string(rec.Data) != fmt.Sprint("record ", i) || rec.Segment != s.Base {
				t.Errorf("record %d is %q of segment %d", i, rec.Data, rec.Segment)
			}
			i++
		}
	}
	if i != 9 {
		t.Errorf("%d records, want 9", i)
	}
	for _, err := range j.Scan(1) {
		if !errors.Is(err, journal.ErrPosition) {
			t.Errorf("scan of no segment: %v", err)
		}
	}
}

func TestTailing(t *testing.T) {
	t.Parallel()
	o := inMemory()
	o.SegmentSize = 4000
	j := open(t, o)
	const writers, each, readers = 20, 100, 3
	var wg sync.WaitGroup
	var mu sync.Mutex
	ends := map[string]uint64{}
	seen := make([]map[string]uint64, readers)
	for i := range readers {
		seen[i] = map[string]uint64{}
		r, err := j.Reader(0)
		check(t, err)
		wg.Go(func() {
			defer r.Close()
			for len(seen[i]) < writers*each {
				rec, err := r.Next(context.Background())
				if err != nil {
					t.Error(err)
					return
				}
				if rec.To > j.End() {
					t.Errorf("a reader is at %d, the durable end is %d", rec.To, j.End())
				}
				seen[i][string(rec.Data)] = rec.To
			}
		})
	}
	for i := range writers {
		wg.Go(func() {
			for k := range each {
				record := fmt.Sprintf("writer %d record %d", i, k)
				to, err := j.Append(context.Background(), []byte(record))
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				ends[record] = to
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for i := range readers {
		if fmt.Sprint(seen[i]) != fmt.Sprint(ends) {
			t.Errorf("reader %d read other records or positions than were appended", i)
		}
	}
	r, err := j.Reader(j.End())
	check(t, err)
	defer r.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := r.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a reader whose context ended: %v", err)
	}
	add(t, j, "after")
	rec, err := r.Next(ctx)
	if err != nil || string(rec.Data) != "after" {
		t.Errorf("the next record is %q, %v", rec.Data, err)
	}
	if !slices.IsSortedFunc(j.Segments(), func(a, b journal.Segment) int { return int(a.Base) - int(b.Base) }) {
		t.Error("segments are out of order")
	}
}
