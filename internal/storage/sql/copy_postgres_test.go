//go:build cluster

package sql_test

import (
	"path/filepath"
	"testing"

	"github.com/footfall/footfall/internal/testkit/pgtest"
)

// TestCopyBetweenEngines: links and users are the same in PostgreSQL, and back in a file.
func TestCopyBetweenEngines(t *testing.T) {
	t.Parallel()
	from := open(t, filepath.Join(t.TempDir(), "from.db"))
	fill(t, from.DB)
	shared, _ := openPostgres(t, pgtest.Database(t))
	copies(t, from.DB, shared.DB)
	copies(t, shared.DB, open(t, filepath.Join(t.TempDir(), "back.db")).DB)
}
