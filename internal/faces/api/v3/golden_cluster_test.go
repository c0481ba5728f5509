//go:build cluster

package v3_test

import (
	"net/http"
	"sync"
	"testing"

	"github.com/footfall/footfall/internal/storage/clickhouse"
	"github.com/footfall/footfall/internal/storage/sql"
	"github.com/footfall/footfall/internal/testkit/clustertest"
	"github.com/footfall/footfall/internal/testkit/logtest"
	"github.com/footfall/footfall/internal/testkit/pgtest"
)

// TestWireOnCluster: over ClickHouse, as a cluster and as the current version, and
// PostgreSQL, every answer is the one in the golden files.
func TestWireOnCluster(t *testing.T) {
	pgtest.Shared(t)
	for name, o := range map[string]clustertest.Options{
		"2 shards with 2 replicas": {Shards: 2, Replicas: 2, Password: "secret"},
		"the current version":      {Current: true, Password: "secret"},
	} {
		t.Run(name, func(t *testing.T) {
			address, err := clickhouse.ParseAddress(clustertest.Start(t, o).Database(t))
			if err != nil {
				t.Fatal(err)
			}
			counts, err := clickhouse.Open(t.Context(), clickhouse.Options{Address: address, Server: "test", Logger: logtest.To(t)})
			if err != nil {
				t.Fatal(err)
			}
			var counted sync.Once // the links of each file have the same ids
			compareWire(t, func(t *testing.T, domains ...string) http.Handler {
				kept, err := sql.OpenPostgres(t.Context(), sql.PostgresOptions{Address: pgtest.Database(t), Log: logtest.To(t)})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() {
					if err := kept.Close(); err != nil {
						t.Error(err)
					}
				})
				byHash := filled(t, kept)
				counted.Do(func() { count(t, counts, byHash) })
				return apiOf(t, kept, counts, domains...)
			})
			if err := counts.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
