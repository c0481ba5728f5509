package sql_test

import (
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/footfall/footfall/internal/storage/sql"
)

// TestIdleCachesAreFreed: connections with large caches are closed when nobody uses them, and a
// write opens one again.
func TestIdleCachesAreFreed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db, err := sql.Open(t.Context(), filepath.Join(t.TempDir(), "footfall.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if err := db.Verify(t.Context(), func(finding string) { t.Error(finding) }); err != nil {
			t.Fatal(err)
		}
		_, _, whole, writer := db.Pools()
		open := func() int { return writer.Stats().OpenConnections + whole.Stats().OpenConnections }
		if n := open(); n < 2 {
			t.Fatalf("%d connections are open at first", n)
		}
		time.Sleep(time.Minute)
		if n := open(); n > 0 {
			t.Errorf("%d connections with large caches are open after a minute without use", n)
		}
	})
}
