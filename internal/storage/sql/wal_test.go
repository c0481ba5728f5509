package sql_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/storage/sql"
	"github.com/footfall/footfall/internal/storage/store"
)

// copyOpen copies an open database: what is left of it after a kill.
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

// TestLogIsEmptied: after a kill, the log is moved into the database before anything
// else is written.
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
		t.Errorf("the link that was in the log: %v", err)
	}
}

// TestCutDatabase: opening a database whose file was cut short fails with its name,
// with or without a log.
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
