package journal_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/footfall/footfall/internal/storage/journal"
)

// appendSome appends records, and returns the position after them.
func appendSome(t *testing.T, j *journal.Journal, from, n int) (to uint64) {
	t.Helper()
	for i := range n {
		var err error
		if to, err = j.Append(context.Background(), fmt.Appendf(nil, "record %d", from+i)); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// sizes returns the size of each segment's file, and the number of bytes in use.
func sizes(t *testing.T, j *journal.Journal) (files, used []int64) {
	t.Helper()
	for _, s := range j.Segments() {
		path, err := j.File(s.Base)
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		files, used = append(files, info.Size()), append(used, s.Size)
	}
	return files, used
}

// TestZerosAhead: the newest file does not grow with each group; a copy of it, as after a crash,
// has all records and nothing to complain about; and sealed files end with their last record.
func TestZerosAhead(t *testing.T) {
	var log bytes.Buffer
	o := journal.Options{Dir: filepath.Join(t.TempDir(), "journal"), Logger: slog.New(slog.NewTextHandler(&log, nil))}
	o = o.WithLeastAhead(1)
	j, err := journal.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	appendSome(t, j, 0, 100)
	for file, used := sizes(t, j); file[0]-used[0] < 20*30; file, used = sizes(t, j) {
		appendSome(t, j, 100, 1)
	}
	before, used := sizes(t, j)
	if before[0] <= used[0] {
		t.Fatalf("the file has %d bytes, of which %d are used: it has no zeros", before[0], used[0])
	}
	end := appendSome(t, j, 100, 20)
	if after, _ := sizes(t, j); after[0] != before[0] {
		t.Errorf("the file grew from %d to %d bytes", before[0], after[0])
	}

	crashed := o
	crashed.Dir = filepath.Join(t.TempDir(), "crashed")
	if err := os.CopyFS(crashed.Dir, os.DirFS(o.Dir)); err != nil {
		t.Fatal(err)
	}
	again, err := journal.Open(crashed)
	if err != nil {
		t.Fatal(err)
	}
	if again.End() != end {
		t.Errorf("after a crash the journal ends at %d, want %d", again.End(), end)
	}
	appendSome(t, again, 21, 1)
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}

	if err := j.Rotate(); err != nil {
		t.Fatal(err)
	}
	appendSome(t, j, 21, 1)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if files, used := sizes(t, j); files[0] != used[0] || files[1] != used[1] || len(files) != 2 {
		t.Errorf("the sealed files have %d bytes, of which %d are used", files, used)
	}
	if log.Len() > 0 {
		t.Errorf("the log has %s", log.String())
	}
}

// TestZerosGrow: a small journal has no zeros, and a larger one at most a quarter as many as
// records, within the size of a segment. So it grows seldom.
func TestZerosGrow(t *testing.T) {
	o := journal.Options{Dir: filepath.Join(t.TempDir(), "journal"), SegmentSize: 400 << 10}
	j, err := journal.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	grown := map[int64]bool{}
	for range 380 {
		if _, err := j.Append(t.Context(), make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
		files, used := sizes(t, j)
		if files[0] > o.SegmentSize || files[0]-used[0] > used[0]/4 || used[0] < 64<<10 && files[0] != used[0] {
			t.Fatalf("the file has %d bytes, of which %d are used", files[0], used[0])
		}
		if used[0] > 70<<10 && used[0] < 350<<10 {
			grown[files[0]] = true
		}
	}
	if len(grown) > 10 {
		t.Errorf("the file grew %d times in 280 groups", len(grown))
	}
}

// fullFS has no room for zeros.
type fullFS struct{ vfs.FS }

func (f fullFS) OpenReadWrite(name string, c vfs.DiskWriteCategory, o ...vfs.OpenOption) (vfs.File, error) {
	file, err := f.FS.OpenReadWrite(name, c, o...)
	return fullFile{file}, err
}

type fullFile struct{ vfs.File }

func (f fullFile) WriteAt(b []byte, at int64) (int, error) {
	if len(b) > 1<<10 {
		n, _ := f.File.WriteAt(b[:1<<10], at)
		return n, fmt.Errorf("write: %w", syscall.ENOSPC)
	}
	return f.File.WriteAt(b, at)
}

func (f fullFile) Truncate(size int64) error {
	return f.File.(interface{ Truncate(int64) error }).Truncate(size)
}

// TestNoRoomForZeros: records go on while the disk has room for them, in the same file.
func TestNoRoomForZeros(t *testing.T) {
	var log bytes.Buffer
	o := journal.Options{Dir: filepath.Join(t.TempDir(), "journal"), FS: fullFS{vfs.Default}, Logger: slog.New(slog.NewTextHandler(&log, nil))}
	o = o.WithLeastAhead(1)
	j, err := journal.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	end := appendSome(t, j, 0, 300)
	if n := len(j.Segments()); n != 1 {
		t.Errorf("there are %d segments", n)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if files, used := sizes(t, j); files[0] != used[0] {
		t.Errorf("the sealed file has %d bytes, of which %d are used", files[0], used[0])
	}
	again, err := journal.Open(o)
	if err != nil || again.End() != end || strings.Contains(log.String(), "level=") {
		t.Errorf("the journal ends at %d (%v), want %d; the log has %q", again.End(), err, end, log.String())
	}
	if err := errors.Join(err, again.Close()); err != nil {
		t.Fatal(err)
	}
}
