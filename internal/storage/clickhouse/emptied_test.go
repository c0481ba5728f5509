//go:build cluster

package clickhouse_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/testkit/await"
	"github.com/footfall/footfall/internal/testkit/clustertest"
)

// TestEmptied: if the tables were dropped while a store is open, questions are refused, and the error
// says why.
func TestEmptied(t *testing.T) {
	t.Parallel()
	c := clustertest.Start(t, clustertest.Options{Password: "secret"})
	address := c.Database(t)
	s := openAt(t, address, "one")
	at, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	database := strings.Trim(at.Path, "/")
	for _, table := range []string{"cells", "minutes", "deleted", "deletions", "epochs", "lives", "marks", "meta"} {
		if err := c.Nodes[0].Exec(database, "DROP TABLE "+table); err != nil {
			t.Fatal(err)
		}
	}
	await.Until(t, "questions are refused because the tables were emptied", func() (string, bool) {
		_, _, err := s.First(t.Context(), rollup.Scope{User: 1}, rollup.All)
		if err == nil {
			return "no error", false
		}
		return err.Error(), errors.Is(err, click.ErrUnavailable) && strings.Contains(err.Error(), "emptied")
	})
}
