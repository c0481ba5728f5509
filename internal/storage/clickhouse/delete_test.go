//go:build cluster

package clickhouse_test

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/clickhouse"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/await"
	"github.com/footfall/footfall/internal/testkit/clustertest"
	"github.com/footfall/footfall/internal/testkit/faultproxy"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// TestDeletionsOfTwoServers: a server deletes a link whose clicks another server counts too.
// Requests of the deletion fail at each step, and it is tried again. The other server deletes
// what it had counted meanwhile.
func TestDeletionsOfTwoServers(t *testing.T) {
	t.Parallel()
	rnd, ctx := seedtest.Rand(t), t.Context()
	c := clustertest.Start(t, clustertest.Options{Shards: 2, Replicas: 2, Password: "secret", Proxies: true})
	address := c.Database(t)
	tables := []string{"epochs", "deletions", "cells", "minutes", "deleted"}
	gone := func(i int) rollup.Scope { return rollup.Scope{User: 2, Link: click.LinkID(20 + i)} }
	want := map[rollup.Key]uint64{}
	var servers []*clickhouse.Store
	var journals [][]*store.Batch
	for i := range 2 {
		s := openAt(t, address, []string{"one", "two"}[i])
		journal := drawJournal(rnd, store.JournalID{byte(i + 1)}, 8)
		for _, b := range journal {
			if err := s.AddBatch(ctx, b); err != nil {
				t.Fatal(err)
			}
			for _, cell := range b.Cells {
				want[cell.Key] += cell.Clicks
			}
		}
		servers, journals = append(servers, s), append(journals, journal)
	}
	for i := range tables {
		without(want, gone(i))
	}
	for i, table := range tables {
		isInsert := func(s string) bool { return strings.HasPrefix(s, "INSERT INTO "+table+" ") }
		for _, n := range c.Nodes {
			n.Proxy.Next(faultproxy.LoseReply, isInsert)
		}
		for server, s := range servers {
			what := fmt.Sprintf("server %d deletes after a reply of an insert into %s was lost", server+1, table)
			succeeds(t, what, func() error {
				err := s.Delete(ctx, []rollup.Scope{gone(i)})
				if err != nil && passes(err) {
					catchUp(t, s, journals[server])
				}
				return err
			})
		}
	}
	for i, s := range servers {
		makeDurable(t, s, journals[i])
		if err := s.Verify(ctx, nil, func(fault string) { t.Errorf("server %d: %s", i+1, fault) }); err != nil {
			t.Error(err)
		}
	}
	got := map[rollup.Key]uint64{}
	for cell, err := range servers[0].Cells(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		got[cell.Key] += cell.Clicks
	}
	if !maps.Equal(got, want) {
		t.Error(difference(got, want))
	}
}

// without removes the clicks of a link from counts.
func without(counts map[rollup.Key]uint64, gone rollup.Scope) {
	for k, n := range maps.Clone(counts) {
		if k.Scope != gone {
			continue
		}
		user := k
		user.Scope.Link = click.AllLinks
		counts[user] -= n
		if k.Facet == rollup.All {
			user.Facet, user.Value = rollup.Link, rollup.LinkValue(gone.Link)
			counts[user] -= n
		}
		delete(counts, k)
	}
	maps.DeleteFunc(counts, func(_ rollup.Key, n uint64) bool { return n == 0 })
}

// TestSyncAfterLostReplies: the rows of a batch are there, but their reply was lost. Sync must
// not end the epoch before them.
func TestSyncAfterLostReplies(t *testing.T) {
	t.Parallel()
	rnd, ctx := seedtest.Rand(t), t.Context()
	c := clustertest.Start(t, clustertest.Options{Password: "secret", Proxies: true})
	s := openAt(t, c.Database(t), "one")
	journal := drawJournal(rnd, store.JournalID{1}, 5)
	want := map[rollup.Key]uint64{}
	for _, b := range journal {
		for _, cell := range b.Cells {
			want[cell.Key] += cell.Clicks
		}
	}
	for _, b := range journal[:2] {
		if err := s.AddBatch(ctx, b); err != nil {
			t.Fatal(err)
		}
	}
	c.Nodes[0].Proxy.Set(func(s string) faultproxy.Fault {
		if strings.HasPrefix(s, "INSERT INTO cells") {
			return faultproxy.LoseReply
		}
		return faultproxy.Pass
	})
	if err := s.AddBatch(ctx, journal[2]); !errors.Is(err, click.ErrUnavailable) {
		t.Fatalf("replies are lost, and AddBatch returns %v", err)
	}
	c.Nodes[0].Proxy.Set(nil)
	if err := s.Sync(ctx); err != nil && !passes(err) {
		t.Fatal(err)
	}
	catchUp(t, s, journal)
	makeDurable(t, s, journal)
	got := map[rollup.Key]uint64{}
	for cell, err := range s.Cells(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		got[cell.Key] += cell.Clicks
	}
	if !maps.Equal(got, want) {
		t.Error(difference(got, want))
	}
}

// catchUp counts again what a server lost.
func catchUp(t *testing.T, s *clickhouse.Store, journal []*store.Batch) {
	t.Helper()
	succeeds(t, "the journal is counted", func() error {
		p, _, err := s.Position(t.Context(), journal[0].Journal)
		for _, b := range journal[min(p.Counted/batchSize, uint64(len(journal))):] {
			if err == nil {
				err = s.AddBatch(t.Context(), b)
			}
		}
		return err
	})
}

// makeDurable waits until all replicas have what a server counted. One that lags behind is
// waited for again.
func makeDurable(t *testing.T, s *clickhouse.Store, journal []*store.Batch) {
	t.Helper()
	succeeds(t, "the replicas have everything", func() error {
		err := s.Sync(t.Context())
		if err != nil && passes(err) {
			catchUp(t, s, journal)
		}
		return err
	})
}

// succeeds calls f until it succeeds. A replica that was away may refuse rows for many seconds.
func succeeds(t *testing.T, what string, f func() error) {
	t.Helper()
	await.Until(t, what, func() (string, bool) {
		err := f()
		if err != nil && !passes(err) {
			t.Fatal(err)
		}
		return fmt.Sprint(err), err == nil
	})
}

// passes reports whether a call may succeed when it is tried again.
func passes(err error) bool {
	return errors.Is(err, click.ErrUnavailable) || errors.Is(err, store.ErrResume)
}
