//go:build cluster

package clickhouse_test

import (
	"fmt"
	"testing"

	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/await"
	"github.com/footfall/footfall/internal/testkit/clustertest"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// TestLagging: while a replica is away, it lags, and a deletion waits for it.
func TestLagging(t *testing.T) {
	t.Parallel()
	rnd, ctx := seedtest.Rand(t), t.Context()
	c := clustertest.Start(t, clustertest.Options{Shards: 1, Replicas: 2, Password: "secret"})
	s := open(t, c)
	journal := drawJournal(rnd, store.JournalID{1}, 2)
	journal[1].Deleted = []rollup.Scope{{User: 2, Link: 20}}
	awaitLag := func(what string, servers, deletions int) {
		t.Helper()
		await.Until(t, what, func() (string, bool) {
			if _, err := s.Note(ctx); err != nil { // servers are looked after when something is asked
				return err.Error(), false
			}
			a, b := s.Lagging()
			return fmt.Sprintf("%d servers lag, %d deletions wait", a, b), a == servers && b == deletions
		})
	}
	if err := s.AddBatch(ctx, journal[0]); err != nil {
		t.Fatal(err)
	}
	awaitLag("no replica lags", 0, 0)
	c.Nodes[1].Kill()
	if err := s.AddBatch(ctx, journal[1]); err != nil {
		t.Fatal(err)
	}
	awaitLag("a replica lags, and a deletion waits", 1, 1)
	if err := c.Nodes[1].Start(); err != nil {
		t.Fatal(err)
	}
	awaitLag("no replica lags any more", 0, 0)
}
