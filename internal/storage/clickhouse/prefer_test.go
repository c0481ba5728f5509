//go:build cluster

package clickhouse_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/footfall/footfall/internal/storage/clickhouse"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/storage/storetest"
	"github.com/footfall/footfall/internal/testkit/await"
	"github.com/footfall/footfall/internal/testkit/clustertest"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// TestFirstReplicaIsUsedAgain: a store that used the second replica of a shard uses the first one
// again, between two batches of one segment. Nothing is counted again.
func TestFirstReplicaIsUsedAgain(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := clustertest.Start(t, clustertest.Options{Shards: 1, Replicas: 2, Password: "secret"})
	address := c.Database(t)
	s := openAt(t, address, "one")
	model := &storetest.MemoryCounts{}
	journal := drawJournal(seedtest.Rand(t), store.JournalID{1}, segmentBatches)
	for i, b := range journal {
		if i == 1 {
			s.Prefer(1)
		}
		if i == 4 {
			s.Hurry()
			await.Until(t, "the first replica is used", func() (string, bool) {
				if _, _, err := s.Position(ctx, b.Journal); err != nil {
					return err.Error(), false
				}
				current := s.Current()
				return fmt.Sprint("replicas ", current), slices.Equal(current, []int{1})
			})
		}
		if err := s.AddBatch(ctx, b); err != nil {
			t.Fatalf("batch %d: %v", i, err)
		}
		if err := model.AddBatch(ctx, b); err != nil {
			t.Fatal(err)
		}
	}
	compareAnswers(t, s, model)
	a, err := clickhouse.ParseAddress(address)
	if err != nil {
		t.Fatal(err)
	}
	if lives, err := c.Nodes[0].Query(a.Database, "SELECT count() FROM lives FINAL"); lives != "1\n" || err != nil {
		t.Errorf("there are %s lives, %v: want 1, because nothing is counted again", lives, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
