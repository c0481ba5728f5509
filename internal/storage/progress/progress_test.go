package progress_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/footfall/footfall/internal/storage/progress"
)

func id(n byte) progress.ID { return progress.ID{15: n} }

func record(version, user, link uint64, journals ...progress.Journal) progress.Record {
	return progress.Record{Links: progress.Links{Version: version, User: user, Link: link}, Journals: journals}
}

// TestMerge: a record only grows, whichever part adds to it.
func TestMerge(t *testing.T) {
	a := record(5, 1, 9, progress.Journal{ID: id(1), End: 100, Clicks: 7}, progress.Journal{ID: id(3), End: 5})
	b := record(4, 2, 8, progress.Journal{ID: id(1), End: 90, Clicks: 8}, progress.Journal{ID: id(2), End: 1})
	want := record(5, 2, 9, progress.Journal{ID: id(1), End: 100, Clicks: 8}, progress.Journal{ID: id(2), End: 1}, progress.Journal{ID: id(3), End: 5})
	for range 2 {
		a.Merge(b)
		if !a.Equal(want) {
			t.Errorf("the merged record is %+v, want %+v", a, want)
		}
	}
	if j, ok := a.Journal(id(2)); !ok || j.End != 1 {
		t.Errorf("journal 2 is %+v, %v", j, ok)
	}
	if _, ok := a.Journal(id(4)); ok {
		t.Error("the record has journal 4")
	}
	for now, older := range map[progress.Links]bool{
		{Version: 5, User: 2, Link: 9}: false, {Version: 6, User: 2, Link: 9}: false,
		{Version: 4, User: 2, Link: 9}: true, {Version: 5, User: 1, Link: 9}: true, {Version: 5, User: 2, Link: 8}: true,
	} {
		if a.NewerThan(now) != older {
			t.Errorf("%+v is older: %v, want %v", now, !older, older)
		}
	}
}

func TestEncode(t *testing.T) {
	want := record(5, 2, 9, progress.Journal{ID: id(1), End: 1 << 60, Clicks: 8}, progress.Journal{ID: id(2), End: 1})
	got, err := progress.Decode(want.Encode())
	if err != nil || !got.Equal(want) {
		t.Errorf("Decode(%s) is %+v, %v", want.Encode(), got, err)
	}
	if got, err := progress.Decode(nil); err != nil || !got.Equal(progress.Record{}) {
		t.Errorf("Decode of nothing is %+v, %v", got, err)
	}
	for _, bad := range []string{
		`{`, `{"journals":[{"id":"00"}]}`, `{"journals":[{"id":"zz000000000000000000000000000000"}]}`,
		`{"journals":[{"id":"00000000000000000000000000000002"},{"id":"00000000000000000000000000000001"}]}`,
		`{"journals":[{"id":"00000000000000000000000000000002"},{"id":"00000000000000000000000000000002"}]}`,
	} {
		if got, err := progress.Decode([]byte(bad)); err == nil {
			t.Errorf("Decode(%s) is %+v", bad, got)
		}
	}
}

// TestNotRegular: a pipe or a directory is refused without waiting.
func TestNotRegular(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{pipe, t.TempDir()} {
		if _, err := progress.Open(path); !errors.Is(err, progress.ErrNotRegular) {
			t.Errorf("%s was opened: %v", path, err)
		}
		if _, err := progress.Read(path); !errors.Is(err, progress.ErrNotRegular) {
			t.Errorf("%s was read: %v", path, err)
		}
	}
}

// TestFile: a record is in the file as soon as it changes, but not before Start.
func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "progress")
	in := func() progress.Record {
		t.Helper()
		f, err := progress.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		return f.Record()
	}
	f, err := progress.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	f.AddJournal(progress.Journal{ID: id(1), End: 7})
	if got := in(); !got.Equal(progress.Record{}) {
		t.Errorf("before Start the record is %+v", got)
	}
	want := record(1, 0, 0)
	if err := f.Start(want); err != nil {
		t.Fatal(err)
	}
	for n := range uint64(40) { // more than a block holds
		f.AddJournal(progress.Journal{ID: id(byte(n)), End: n})
		f.AddLinks(progress.Links{Version: n, Link: 2 * n})
		want.AddJournal(progress.Journal{ID: id(byte(n)), End: n})
		want.AddLinks(progress.Links{Version: n, Link: 2 * n})
		if got := in(); !got.Equal(want) {
			t.Fatalf("the record is %+v, want %+v", got, want)
		}
	}
	// A shorter record leaves nothing of the longer one.
	want = record(1, 0, 0)
	if err := errors.Join(f.Start(want), f.Sync(), f.Close()); err != nil {
		t.Fatal(err)
	}
	if got := in(); !got.Equal(want) {
		t.Errorf("the record is %+v, want %+v", got, want)
	}
	b, err := os.ReadFile(path)
	if err != nil || len(b)%512 != 0 || !strings.HasSuffix(string(b), "\n") {
		t.Errorf("the file has %d bytes, %v", len(b), err)
	}
	for at := range strings.TrimRight(string(b), " \n") {
		b[at] ^= 1
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := progress.Open(path)
		if !errors.Is(err, progress.ErrUnreadable) || f == nil {
			t.Fatalf("Open with a changed bit in byte %d: %v", at, err)
		}
		if got := f.Record(); !got.Equal(progress.Record{}) {
			t.Errorf("Open of a damaged file gives %+v", got)
		}
		f.Close()
		b[at] ^= 1
	}
}
