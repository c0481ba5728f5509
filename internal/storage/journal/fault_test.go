package journal_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// TestFaults fails single operations, or all from one on until the disk works again.
// Acknowledged records must be readable, then and after a power cut, and appending
// must go on.
func TestFaults(t *testing.T) {
	t.Parallel()
	picks := seedtest.Sample(t, 3)
	for _, op := range []string{"write", "sync", "create", "rename", "remove"} {
		for skip := range 12 {
			for _, times := range []int{1, 2, 3, 1000} {
				if !picks() {
					continue
				}
				t.Run(fmt.Sprintf("%s/after=%d/times=%d", op, skip, times), func(t *testing.T) {
					testFaults(t, op, skip, times)
				})
			}
		}
	}
}

func testFaults(t *testing.T, op string, skip, times int) {
	mem := vfs.NewCrashableMem()
	failing := false
	o := journal.Options{Dir: "journal", SegmentSize: 150, FS: &hookFS{
		FS: mem,
		before: func(what, name string) error {
			if !failing || what != op {
				return nil
			}
			if skip--; skip >= 0 {
				return nil
			}
			if times--; times < 0 {
				return nil
			}
			return errInjected
		},
		misused: func(op, name string) { t.Errorf("%s of %s after it failed before", op, name) },
	}}
	j := open(t, o)
	add(t, j, "before")
	acknowledged := []string{"before"}
	failing = true
	for i := range 15 {
		record := fmt.Sprint("record ", i)
		_, err := j.Append(context.Background(), []byte(record))
		if err == nil {
			acknowledged = append(acknowledged, record)
		} else if !errors.Is(err, errInjected) {
			t.Fatal(err)
		}
		wantRecords(t, read(t, j, 0), acknowledged...)
	}
	failing = false
	add(t, j, "healed")
	acknowledged = append(acknowledged, "healed")
	wantRecords(t, read(t, j, 0), acknowledged...)

	o.FS = mem.CrashClone(vfs.CrashCloneCfg{})
	wantRecords(t, read(t, open(t, o), 0), acknowledged...)
	check(t, j.Close())
	o.FS = mem
	wantRecords(t, read(t, open(t, o), 0), acknowledged...)
}

// TestFailedRecordsDoNotReturn: a part of a record whose Append failed is on the
// disk, and must not be read after other records took its place.
func TestFailedRecordsDoNotReturn(t *testing.T) {
	t.Parallel()
	mem := vfs.NewCrashableMem()
	failing := 0
	o := journal.Options{Dir: "journal", FS: &hookFS{
		FS: mem,
		before: func(op, name string) error {
			if op == "sync" && failing > 0 {
				failing--
				return errInjected
			}
			return nil
		},
		misused: func(op, name string) { t.Errorf("%s of %s after it failed before", op, name) },
	}}
	j := open(t, o)
	add(t, j, "before")
	failing = 2 // of the file, and of the one that replaces it
	if _, err := j.Append(context.Background(), []byte("failed")); !errors.Is(err, errInjected) {
		t.Fatalf("append to a failing disk: %v", err)
	}
	add(t, j, "after")
	wantRecords(t, read(t, j, 0), "before", "after")
	check(t, j.Close())
	j = open(t, o)
	wantRecords(t, read(t, j, 0), "before", "after")
	wantSegments(t, j, " 0-22s 22-43s")
}

// TestSecondTry: a group whose file fails is written to another one. The Append
// succeeds, and the log has a warning.
func TestSecondTry(t *testing.T) {
	t.Parallel()
	failing := false
	o := journal.Options{Dir: "journal", FS: &hookFS{
		FS: vfs.NewCrashableMem(),
		before: func(op, name string) error {
			if op == "write" && failing {
				failing = false
				return errInjected
			}
			return nil
		},
		misused: func(op, name string) { t.Errorf("%s of %s after it failed before", op, name) },
	}}
	j := open(t, o)
	add(t, j, "a")
	tail, err := j.Reader(0)
	check(t, err)
	defer tail.Close()
	var got []string
	next := func() {
		t.Helper()
		rec, err := tail.Next(context.Background())
		check(t, err)
		got = append(got, string(rec.Data))
	}
	next()
	for _, record := range []string{"b", "c", "d"} {
		failing = true
		add(t, j, record)
		next()
	}
	want := []string{"a", "b", "c", "d"}
	if !slices.Equal(got, want) {
		t.Errorf("the reader got %q, want %q", got, want)
	}
	wantSegments(t, j, " 0-17s 17-34s 34-51s 51-68")
	// A segment without records fails: it is replaced, also while it is read.
	check(t, j.Rotate())
	rec, err := tail.TryNext()
	if !errors.Is(err, journal.ErrEnd) {
		t.Fatalf("%q, %v at the end", rec.Data, err)
	}
	failing = true
	add(t, j, strings.Repeat("e", 10000))
	next()
	wantSegments(t, j, " 0-17s 17-34s 34-51s 51-68s 68-10084")
	wantRecords(t, read(t, j, 0), append(want, strings.Repeat("e", 10000))...)
}
