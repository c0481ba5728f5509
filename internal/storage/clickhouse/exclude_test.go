//go:build cluster

package clickhouse_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/storage/storetest"
	"github.com/footfall/footfall/internal/testkit/clustertest"
	"github.com/footfall/footfall/internal/testkit/faultproxy"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// TestExclusionsDoNotGrow: an answer reads what it leaves out. Deletions that are complete, and lives
// that have ended, are not read again. What another process leaves unfinished is, until it is finished.
func TestExclusionsDoNotGrow(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := clustertest.Start(t, clustertest.Options{Password: "secret", Proxies: true})
	address := c.Database(t)
	reader, model := openAt(t, address, "reader"), &storetest.MemoryCounts{}
	journal := drawJournal(seedtest.Rand(t), store.JournalID{1}, 6)

	// read returns how many rows an answer has of each table.
	read := func() map[string]string {
		t.Helper()
		var mu sync.Mutex
		statements := map[string]string{}
		c.Nodes[0].Proxy.Set(func(s string) faultproxy.Fault {
			mu.Lock()
			defer mu.Unlock()
			for _, table := range []string{"deletions", "lives"} {
				if strings.Contains(s, " FROM "+table+" ") {
					statements[table] = strings.TrimSuffix(strings.TrimSpace(s), " FORMAT Native")
				}
			}
			return faultproxy.Pass
		})
		reader.Hurry()
		if _, err := ask(ctx, reader, rollup.Scope{User: 1}); err != nil {
			t.Fatal(err)
		}
		c.Nodes[0].Proxy.Set(nil)
		rows := map[string]string{}
		for table, statement := range statements {
			rows[table] = query(t, c.Nodes[0], address, "SELECT count() FROM ("+statement+")")
		}
		return rows
	}
	for i, b := range journal {
		s := openAt(t, direct(c, address), "one")
		for _, counts := range []store.Counting{s, model} {
			if err := counts.AddBatch(ctx, b); err != nil {
				t.Fatal(err)
			}
			if err := counts.Delete(ctx, []rollup.Scope{{User: 1, Link: click.LinkID(10 + i%3)}}); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		read() // sees what is new
		if rows := read(); rows["deletions"] != "0" || rows["lives"] != "1" {
			t.Fatalf("after %d deletions and lives, an answer reads %v", i+1, rows)
		}
		if i == 3 {
			compareAnswers(t, reader, model)
		}
	}

	killed := openAt(t, direct(c, address), "one")
	add(t, killed, &store.Batch{Journal: store.JournalID{1}, From: journal[5].To, To: 1000, Epoch: journal[5].To, Cells: journal[0].Cells})
	begun, err := killed.PrepareDeletion(ctx, []rollup.Scope{{User: 2, Link: 20}})
	if err != nil {
		t.Fatal(err)
	}
	if err := begun(); err != nil {
		t.Fatal(err)
	}
	killed.Kill()
	next := openAt(t, direct(c, address), "one")
	if err := next.AddBatch(ctx, &store.Batch{Journal: store.JournalID{1}, From: journal[5].To, To: 999, Epoch: journal[5].To}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		read()
		if rows := read(); rows["deletions"] != "1" || rows["lives"] != "2" {
			t.Errorf("a deletion and a life are open, and an answer reads %v", rows)
		}
	}
	compareAnswers(t, reader, model) // nothing of either
	for _, counts := range []store.Counting{next, model} {
		for _, link := range []click.LinkID{20, 21} {
			if err := counts.Delete(ctx, []rollup.Scope{{User: 2, Link: link}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := next.Close(); err != nil {
		t.Fatal(err)
	}
	read()
	if rows := read(); fmt.Sprint(rows) != "map[deletions:0 lives:2]" { // the killed life has rows that are dead
		t.Errorf("all deletions are complete, and an answer reads %v", rows)
	}
	compareAnswers(t, reader, model)
	if err := reader.Verify(ctx, nil, func(fault string) { t.Error(fault) }); err != nil {
		t.Error(err)
	}
	if err := reader.Close(); err != nil {
		t.Error(err)
	}
}
