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

// wholeOnOneReplica counts half of a journal. The process dies after the first replica alone has the row that
// says that the epoch is whole.
func wholeOnOneReplica(t *testing.T, c *clustertest.Cluster) (address string, journal []*store.Batch) {
	address = c.Database(t)
	journal = drawJournal(seedtest.Rand(t), store.JournalID{1}, 6)
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
	return address, journal
}

// testWholeOnOneReplica: the next process calls the epoch durable only once the other replica has the row too,
// because the first one may lose its disk: then the journal must still have the clicks.
func testWholeOnOneReplica(t *testing.T, c *clustertest.Cluster) {
	address, journal := wholeOnOneReplica(t, c)
	id := journal[0].Journal
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

// testLostWithReplica: the replica that alone had the row loses its disk, and with it the life of the process
// that counts now. That process counts the journal again.
func testLostWithReplica(t *testing.T, c *clustertest.Cluster) {
	address, journal := wholeOnOneReplica(t, c)
	next := openAt(t, address, "one")
	if _, err := next.JournalDeleted(t.Context(), store.Earlier{Journal: journal[0].Journal}); err != nil { // a recorder begins
		t.Fatal(err)
	}
	lost := query(t, c.Nodes[0], address, "SELECT max(life) FROM lives")
	if err := c.Nodes[0].Wipe(); err != nil {
		t.Fatal(err)
	}
	await.Until(t, "the first replica has fetched what is left", func() (string, bool) {
		waiting := ""
		for _, n := range c.Nodes {
			waiting += query(t, n, address, "SELECT count() FROM system.replication_queue WHERE database = currentDatabase()")
		}
		return waiting, waiting == "00"
	})
	has := func(n *clustertest.Node) string {
		return query(t, n, address, "SELECT count() FROM lives FINAL WHERE life = "+lost)
	}
	for _, n := range c.Nodes {
		if has(n) != "0" {
			t.Fatalf("%s has the life that was to be lost", n.Name)
		}
	}
	catchUp(t, next, journal)
	makeDurable(t, next, journal)
	wantEverywhere(t, next, cellsOf(journal...))
	if has(c.Nodes[0]) != "1" {
		t.Error("the life that was lost is unknown: rows of it that another shard has would count")
	}
}

// testLifeOnOneReplica: an epoch is not durable before every replica has the life that sent it.
func testLifeOnOneReplica(t *testing.T, c *clustertest.Cluster) {
	address := c.Database(t)
	journal := drawJournal(seedtest.Rand(t), store.JournalID{1}, 2)
	s := openAt(t, address, "one")
	var begun, asked atomic.Bool
	c.Nodes[0].Proxy.Set(func(statement string) faultproxy.Fault {
		if strings.HasPrefix(statement, "INSERT INTO lives ") {
			begun.Store(true)
		}
		if strings.HasPrefix(statement, "INSERT INTO cells ") && !asked.Load() {
			t.Error("a life sends rows, and the other replica was not asked whether it has the life")
		}
		return faultproxy.Pass
	})
	c.Nodes[1].Proxy.Set(func(statement string) faultproxy.Fault {
		if begun.Load() && strings.Contains(statement, "SYNC REPLICA ") && strings.Contains(statement, ".lives") {
			asked.Store(true)
			return faultproxy.LoseReply
		}
		return faultproxy.Pass
	})
	add(t, s, journal...)
	if !begun.Load() || !asked.Load() {
		t.Errorf("a life has begun: %v; the other replica was asked whether it has it: %v", begun.Load(), asked.Load())
	}
	if err := s.Sync(t.Context()); err == nil {
		t.Error("a replica may lack the life, and Sync succeeds")
	}
	if p, _, err := s.Position(t.Context(), journal[0].Journal); err == nil && p.Durable != 0 {
		t.Errorf("a replica may lack the life, and the position is %+v", p)
	}
	c.Nodes[0].Proxy.Set(nil)
	c.Nodes[1].Proxy.Set(nil)
	catchUp(t, s, journal)
	makeDurable(t, s, journal)
	wantEverywhere(t, s, cellsOf(journal...))
}
