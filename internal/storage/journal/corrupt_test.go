package journal_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// spoil replaces the bytes of a file by what change returns for them.
func spoil(t testing.TB, fs vfs.FS, path string, change func([]byte) []byte) {
	t.Helper()
	f, err := fs.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(f)
	f.Close()
	if err != nil {
		t.Fatal(err)
	}
	put(t, fs, path, change(b))
}

func put(t testing.TB, fs vfs.FS, path string, b []byte) {
	t.Helper()
	f, err := fs.Create(path, vfs.WriteCategoryUnspecified)
	if err == nil {
		_, err = f.Write(bytes.Clone(b)) // the file system keeps the slice
		f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// readAll opens a journal and reads it to its end, or to the first error.
func readAll(o journal.Options) (records []string, err error) {
	j, err := journal.Open(o)
	if err != nil {
		return nil, err
	}
	defer j.Close()
	r, err := j.Reader(j.First())
	if err != nil {
		return nil, err
	}
	defer r.Close()
	for {
		rec, err := r.TryNext()
		if errors.Is(err, journal.ErrEnd) {
			return records, nil
		}
		if err != nil {
			return records, err
		}
		records = append(records, string(rec.Data))
	}
}

// TestFlippedBits: a flipped bit anywhere in acknowledged bytes is reported with its
// file. Only in the last group can it look like a torn write.
func TestFlippedBits(t *testing.T) {
	t.Parallel()
	picks := seedtest.Sample(t, 4)
	const groups = 40
	rng := seedtest.Rand(t)
	for _, closed := range []bool{false, true} {
		mem := vfs.NewMem()
		o := journal.Options{Dir: "journal", FS: mem, SegmentSize: 600}
		j := open(t, o)
		var want []string
		for i := range groups {
			want = append(want, strings.Repeat(fmt.Sprintf("%02d\x00", i), i))
			want[i] += "."
			add(t, j, want[i])
		}
		segs := j.Segments()
		if closed {
			check(t, j.Close())
		}
		copyOf := func(t testing.TB) *vfs.MemFS {
			clone := vfs.NewMem()
			if _, err := vfs.Clone(mem, clone, "journal", "journal"); err != nil {
				t.Fatal(err)
			}
			return clone
		}
		newest := len(segs) - 1
		lastGroup := segs[newest].Size - journal.RecordOverhead - int64(len(want[groups-1]))
		for i, seg := range segs {
			name := fmt.Sprintf("%020d.sealed", seg.Base)
			if i == newest && !closed {
				name = fmt.Sprintf("%020d.open", seg.Base)
			}
			o, path := o, o.FS.PathJoin("journal", name)
			for at := range seg.Size {
				if !picks() {
					continue
				}
				o.FS = copyOf(t)
				bit := byte(1) << rng.IntN(8)
				spoil(t, o.FS, path, func(b []byte) []byte { b[at] ^= bit; return b })
				got, err := readAll(o)
				var damage *journal.CorruptError
				switch {
				case errors.As(err, &damage) && errors.Is(err, journal.ErrCorrupt):
					// The place is the header, or the record that holds the byte.
					if damage.File != path || damage.Offset > at || at-damage.Offset > 200 {
						t.Errorf("damage at byte %d of %s is reported as %v", at, path, damage)
					}
				case err != nil:
					t.Errorf("damage at byte %d of %s: %v, want ErrCorrupt", at, path, err)
				case i == newest && !closed && at >= lastGroup && slices.Equal(got, want[:groups-1]):
					// It might have been torn.
				default:
					t.Errorf("bit %x of byte %d of %s was not noticed: %d records of %d", bit, at, path, len(got), groups)
				}
			}
		}
	}
}

// TestScanReportsDamage: Scan reports the damage that a Reader reports.
func TestScanReportsDamage(t *testing.T) {
	t.Parallel()
	o := inMemory()
	j := open(t, o)
	to := add(t, j, "first")
	add(t, j, "second")
	add(t, j, "third")
	check(t, j.Rotate())
	path := "journal/00000000000000000000.sealed"
	spoil(t, o.FS, path, func(b []byte) []byte { b[48+to+16] ^= 1; return b })
	var n int
	var got error
	for _, err := range j.Scan(0) {
		if got = err; err == nil {
			n++
		}
	}
	var damage *journal.CorruptError
	if !errors.As(got, &damage) || damage.File != path || damage.Position != to || damage.Offset != int64(48+to) || n != 1 {
		t.Errorf("after %d records: %v", n, got)
	}
	// A Reader that starts at the damaged record reports it.
	if _, err := j.Reader(to); !errors.Is(err, journal.ErrCorrupt) {
		t.Errorf("a reader from a damaged record: %v", err)
	}
	r, err := j.Reader(0)
	check(t, err)
	defer r.Close()
	if _, err := r.TryNext(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := r.TryNext(); !errors.Is(err, journal.ErrCorrupt) {
			t.Errorf("a reader at a damaged record: %v", err)
		}
	}
}

func TestMissingAndForeignFiles(t *testing.T) {
	t.Parallel()
	const (
		first  = "journal/00000000000000000000.sealed"
		second = "journal/00000000000000000017.sealed"
		third  = "journal/00000000000000000034.open"
	)
	for _, c := range []struct {
		name  string
		spoil func(t *testing.T, fs vfs.FS)
		want  error
		read  string
	}{
		{"nothing", func(t *testing.T, fs vfs.FS) {}, nil, "abc"},
		{"other files", func(t *testing.T, fs vfs.FS) {
			put(t, fs, "journal/README", []byte("hello"))
			put(t, fs, "journal/00000000000000000017.temp", []byte("half a header"))
		}, nil, "abc"},
		{"first missing", func(t *testing.T, fs vfs.FS) { check(t, fs.Remove(first)) }, nil, "bc"},
		{"second missing", func(t *testing.T, fs vfs.FS) { check(t, fs.Remove(second)) }, journal.ErrCorrupt, ""},
		{"both names", func(t *testing.T, fs vfs.FS) {
			check(t, vfs.Copy(fs, second, "journal/00000000000000000017.open"))
		}, nil, "abc"},
		{"newest without a header", func(t *testing.T, fs vfs.FS) { put(t, fs, "journal/00000000000000000051.open", nil) }, nil, "abc"},
		{"newest of zeros", func(t *testing.T, fs vfs.FS) {
			put(t, fs, "journal/00000000000000000051.open", make([]byte, 4096))
		}, nil, "abc"},
		{"zeros at the end", func(t *testing.T, fs vfs.FS) {
			spoil(t, fs, third, func(b []byte) []byte { return append(b, make([]byte, 5000)...) })
		}, nil, "abc"},
		{"rubbish at the end", func(t *testing.T, fs vfs.FS) {
			spoil(t, fs, third, func(b []byte) []byte { return append(b, strings.Repeat("\x00\x00\x00\x02", 5000)...) })
		}, nil, "abc"},
		{"rubbish after a sealed segment's end", func(t *testing.T, fs vfs.FS) {
			spoil(t, fs, second, func(b []byte) []byte { return append(b, "rubbish"...) })
		}, nil, "abc"},
		{"torn record", func(t *testing.T, fs vfs.FS) {
			spoil(t, fs, third, func(b []byte) []byte { return b[:len(b)-1] })
		}, nil, "ab"},
		{"short sealed segment", func(t *testing.T, fs vfs.FS) {
			spoil(t, fs, second, func(b []byte) []byte { return b[:len(b)-1] })
		}, journal.ErrCorrupt, ""},
		{"short newest sealed segment", func(t *testing.T, fs vfs.FS) {
			check(t, fs.Remove(third))
			spoil(t, fs, second, func(b []byte) []byte { return b[:len(b)-1] })
		}, journal.ErrCorrupt, ""},
		{"segment of another journal", func(t *testing.T, fs vfs.FS) {
			o := journal.Options{Dir: "other", FS: fs}
			j := open(t, o)
			add(t, j, "a")
			check(t, j.Close())
			check(t, vfs.Copy(fs, "other/00000000000000000000.sealed", first))
		}, journal.ErrCorrupt, ""},
		{"file under another name", func(t *testing.T, fs vfs.FS) {
			check(t, fs.Rename(third, "journal/00000000000000000040.open"))
		}, journal.ErrCorrupt, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := inMemory()
			j := open(t, o)
			for i, record := range []string{"a", "b", "c"} {
				add(t, j, record)
				if i < 2 {
					check(t, j.Rotate())
				}
			}
			c.spoil(t, o.FS)
			got, err := readAll(o)
			if !errors.Is(err, c.want) || err == nil && strings.Join(got, "") != c.read {
				t.Errorf("read %q, %v; want %q, %v", got, err, c.read, c.want)
			}
		})
	}
}

// TestEmbeddedRecords: bytes of an old segment inside a record are not taken for a
// later group, wherever the record is torn.
func TestEmbeddedRecords(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	o := journal.Options{Dir: dir}
	j := open(t, o)
	for i := range 50 {
		add(t, j, fmt.Sprint("old record ", i))
	}
	path := filepath.Join(dir, "00000000000000000000.open")
	old, err := os.ReadFile(path)
	check(t, err)
	add(t, j, string(old))
	whole, err := os.ReadFile(path)
	check(t, err)
	rng := seedtest.Rand(t)
	for range 200 {
		torn := append([]byte(nil), whole...)
		torn[len(old)+rng.IntN(len(whole)-len(old))] ^= 0x10
		o := journal.Options{Dir: "journal", FS: vfs.NewMem()}
		check(t, o.FS.MkdirAll("journal", 0o700))
		put(t, o.FS, "journal/00000000000000000000.open", torn)
		got, err := readAll(o)
		if err != nil || len(got) != 50 {
			t.Fatalf("%d records, %v; want the 50 before the torn one", len(got), err)
		}
	}
}

// TestTraceOfLaterGroup: the only head that proves damage is found at any distance
// after a long record.
func TestTraceOfLaterGroup(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1 << 10, 64 << 10, 256 << 10, 512 << 10} {
		for less := range 40 {
			o := inMemory()
			j := open(t, o)
			add(t, j, strings.Repeat("x", size-less))
			add(t, j, "y")
			spoil(t, o.FS, "journal/00000000000000000000.open", func(b []byte) []byte { b[70] ^= 1; return b[:len(b)-1] })
			if got, err := readAll(o); !errors.Is(err, journal.ErrCorrupt) {
				t.Errorf("a damaged record of %d bytes, and a torn one: %d records, %v", size-less, len(got), err)
			}
		}
	}
}
