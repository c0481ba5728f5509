//go:build cluster

package sql_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/sql"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/pgtest"
)

// BenchmarkPostgres measures four servers together, each with ten callers. PostgreSQL does
// not sync.
func BenchmarkPostgres(b *testing.B) {
	address := pgtest.Database(b)
	var servers []*sql.Postgres
	for range 4 {
		db, _ := openPostgres(b, address)
		servers = append(servers, db)
	}
	u, err := servers[0].AddUser(b.Context(), "ann", 1)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := servers[0].ImportLinks(b.Context(), benchLinks(0, 10_000)); err != nil {
		b.Fatal(err)
	}
	var n atomic.Int64
	for name, do := range map[string]func(*sql.Postgres, int64) error{
		"make": func(db *sql.Postgres, n int64) error {
			_, _, err := db.MakeLink(b.Context(), store.NewLink{
				User: u.ID, LongURL: fmt.Sprint("http://a/", n), Hash: click.Hash(fmt.Sprint("h", n)), AggregateHash: click.Hash(fmt.Sprint("g", n)), Created: 1,
			})
			return err
		},
		"name": func(db *sql.Postgres, n int64) error {
			_, err := db.LinkByName(b.Context(), "sho.rt", click.Hash(benchHash(int(n%10_000))))
			return err
		},
	} {
		b.Run(name, func(b *testing.B) {
			var server atomic.Int64
			b.SetParallelism(20)
			b.RunParallel(func(pb *testing.PB) {
				db := servers[server.Add(1)%int64(len(servers))]
				for pb.Next() {
					if err := do(db, n.Add(1)); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
		})
	}
}
