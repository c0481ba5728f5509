//go:build cluster

package clickhouse_test

import (
	"errors"
	"testing"

	"github.com/footfall/footfall/internal/storage/clickhouse"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/clustertest"
	"github.com/footfall/footfall/internal/testkit/logtest"
)

// TestRefusedTables: tables of a newer version, and those of more shards.
func TestRefusedTables(t *testing.T) {
	t.Parallel()
	c := clustertest.Start(t, clustertest.Options{Password: "secret"})
	for name, want := range map[string]error{"schema": store.ErrVersion, "layout of shards: 7": clickhouse.ErrShards} {
		address := c.Database(t)
		if err := openAt(t, address, "one").Close(); err != nil {
			t.Fatal(err)
		}
		if err := openAt(t, address, "one").Close(); err != nil {
			t.Errorf("the second time: %v", err)
		}
		a, err := clickhouse.ParseAddress(address)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Nodes[0].Exec(a.Database, "INSERT INTO meta VALUES ('"+name+"', 99, '7')"); err != nil {
			t.Fatal(err)
		}
		if s, err := clickhouse.Open(t.Context(), clickhouse.Options{Address: a, Logger: logtest.To(t)}); !errors.Is(err, want) {
			t.Errorf("%s 7: %v, %v", name, s, err)
		}
	}
}
