package sql_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/storage/sql"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// forgetful is a file as Linux has one whose sync has failed: what was written
// is read again, counts as written to the disk, and is not there.
type forgetful struct {
	memory, disk []byte
	dirty        map[int]bool // pages that a sync will write
}

const page = 4096

func (f *forgetful) ReadAt(b []byte, at int64) (int, error) {
	return bytes.NewReader(f.memory).ReadAt(b, at)
}

func (f *forgetful) WriteAt(b []byte, at int64) (int, error) {
	if at+int64(len(b)) > int64(len(f.memory)) {
		return 0, io.ErrShortWrite
	}
	for i := int(at) / page; i*page < int(at)+len(b); i++ {
		f.dirty[i] = true
	}
	return copy(f.memory[at:], b), nil
}

func (f *forgetful) Sync() error {
	for i := range f.dirty {
		end := min((i+1)*page, len(f.memory))
		copy(f.disk[i*page:end], f.memory[i*page:end])
	}
	clear(f.dirty)
	return nil
}

// TestWrittenAgain: what a failed sync left in memory alone is on the disk after
// the file was written again.
func TestWrittenAgain(t *testing.T) {
	t.Parallel()
	rng := seedtest.Rand(t)
	for _, size := range []int{1, page, page + 1, 1 << 20, 3<<20 + 77} {
		f := &forgetful{memory: make([]byte, size), disk: make([]byte, size), dirty: map[int]bool{}}
		for i := range f.memory {
			f.memory[i] = byte(rng.Uint32())
		}
		want := bytes.Clone(f.memory)
		if err := f.Sync(); err != nil || bytes.Equal(f.disk, want) {
			t.Fatalf("a sync alone writes it (%v)", err)
		}
		if err := sql.WriteAgain(f, int64(size)); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(f.disk, want) || !bytes.Equal(f.memory, want) {
			t.Errorf("%d bytes are not on the disk as they were", size)
		}
	}
}

// copyOpen copies a database that is open, as a kill leaves it.
func copyOpen(t *testing.T, path string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "footfall.db")
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to+suffix, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// TestLogIsEmptied: after a kill nothing builds on the log, which is moved into
// the database before anything else is done.
func TestLogIsEmptied(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "footfall.db")
	db := open(t, path)
	if _, err := db.AddUser(t.Context(), "ann", 1); err != nil {
		t.Fatal(err)
	}
	killed := copyOpen(t, path)
	if info, err := os.Stat(killed + "-wal"); err != nil || info.Size() == 0 {
		t.Fatalf("there is no log: %v", err)
	}
	again := open(t, killed)
	if info, err := os.Stat(killed + "-wal"); err == nil && info.Size() > 0 {
		t.Errorf("after it was opened, the log has %d bytes", info.Size())
	}
	if _, err := again.UserByLogin(t.Context(), "ann"); err != nil {
		t.Errorf("what was in the log: %v", err)
	}
}

// TestCutDatabase: a database whose file was cut is named when it is opened, log
// or not.
func TestCutDatabase(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "footfall.db")
	db := open(t, path)
	for i := range 50 {
		if _, err := db.AddUser(t.Context(), "user"+strings.Repeat("x", i), 1); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = open(t, path)
	if _, err := db.AddUser(t.Context(), "ann", 1); err != nil {
		t.Fatal(err)
	}
	killed := copyOpen(t, path)
	info, err := os.Stat(killed)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(killed, info.Size()/2); err != nil {
		t.Fatal(err)
	}
	var damage *store.CorruptError
	cut, err := sql.Open(t.Context(), killed)
	if !errors.As(err, &damage) || damage.File != killed {
		t.Errorf("a database that was cut: %v", err)
	}
	if err == nil {
		cut.Close()
	}
}
