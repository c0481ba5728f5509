//go:build cluster

package clickhouse_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/await"
	"github.com/footfall/footfall/internal/testkit/clustertest"
	"github.com/footfall/footfall/internal/testkit/faultproxy"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// testWholeOnOneReplica: a process dies after one replica alone has the row that says that an epoch is
// whole. The next process calls the epoch durable only once the other replica has the row, because the first
// one may lose its disk: then the journal must still have the clicks.
func testWholeOnOneReplica(t *testing.T, c *clustertest.Cluster) {
	address := c.Database(t)
	journal := drawJournal(seedtest.Rand(t), store.JournalID{1}, 6)
	id := journal[0].Journal
	s := openAt(t, address, "one")
	add(t, s, journal[:4]...)
	var rows atomic.Int32
	c.Nodes[0].Proxy.Set(func(statement string) faultproxy.Fault {
		if strings.HasPrefix(statement, "INSERT INTO epochs ") && rows.Add(1) == 2 { // the first one says that it has ended
			if err := c.Nodes[0].Exec("", "SYSTEM STOP REPLICATED SENDS"); err != nil {
				t.Error(err)
			}
		}
		return faultproxy.Pass
	})
	waits := c.Nodes[1].Proxy.Next(faultproxy.Hang, func(statement string) bool {
		return rows.Load() == 2 && strings.Contains(statement, "SYNC REPLICA ") && strings.Contains(statement, ".epochs")
	})
	ctx, kill := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Sync(ctx) }()
	<-waits
	s.Kill()
	kill()
	if err := <-done; err == nil {
		t.Error("a replica lacks the row, and Sync succeeds")
	}
	c.Nodes[0].Proxy.Set(nil)
	c.Nodes[1].Proxy.Set(nil)
	for replica, want := range []string{"1", "0"} {
		if whole := query(t, c.Nodes[replica], address, "SELECT count() FROM epochs WHERE version % 2 = 1"); whole != want {
			t.Fatalf("replica %d has %s whole epochs, want %s", replica+1, whole, want)
		}
	}
	next := openAt(t, address, "one")
	position := func() store.Position {
		t.Helper()
		p, _, err := next.Position(t.Context(), id)
		if err != nil && !passes(err) {
			t.Fatal(err)
		}
		return p
	}
	want := store.Position{Counted: journal[3].To}
	if p := position(); p != want {
		t.Errorf("the position is %+v, want %+v", p, want)
	}
	// This is how a recorder begins.
	if _, err := next.JournalDeleted(t.Context(), store.Earlier{Journal: id}); err != nil {
		t.Fatal(err)
	}
	if p := position(); p != want {
		t.Errorf("the position of a source that was read is %+v, want %+v", p, want)
	}
	if err := c.Nodes[0].Restart(); err != nil {
		t.Fatal(err)
	}
	await.Until(t, "the epoch is durable, and nothing else was done", func() (string, bool) {
		next.Hurry()
		p := position()
		return fmt.Sprintf("%+v", p), p.Durable == want.Counted
	})
	catchUp(t, next, journal)
	makeDurable(t, next, journal)
	wantEverywhere(t, next, cellsOf(journal...))
}
