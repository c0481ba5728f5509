package sql_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/footfall/footfall/internal/storage/sql"
)

// TestPeek: Peek does not change the database of a killed process, and distinguishes
// the file from its log.
func TestPeek(t *testing.T) {
	t.Parallel()
	live := filepath.Join(t.TempDir(), "live.db")
	if _, err := sql.Peek(t.Context(), live); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Peek without a database: %v", err)
	}
	db := open(t, live)
	if _, err := db.AddUser(t.Context(), "ann", 1); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = open(t, live)
	if _, err := db.AddUser(t.Context(), "bob", 1); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "killed.db")
	files := map[string]string{}
	for _, ext := range []string{"", "-wal"} {
		b, err := os.ReadFile(live + ext)
		if err != nil {
			t.Fatal(err)
		}
		files[path+ext] = string(b)
		if err := os.WriteFile(path+ext, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	seen, err := sql.Peek(t.Context(), path)
	if err != nil || seen.All.User != 2 || seen.File.User != 1 || seen.All.Version != seen.File.Version+1 || !seen.Log {
		t.Errorf("Peek found %+v, %v", seen, err)
	}
	for name, was := range files {
		if is, err := os.ReadFile(name); err != nil || string(is) != was {
			t.Errorf("%s was changed: %v", name, err)
		}
	}
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := sql.Peek(t.Context(), path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Peek of an empty database: %v", err)
	}
}
