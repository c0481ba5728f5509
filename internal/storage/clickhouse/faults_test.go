//go:build cluster

package clickhouse_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/clickhouse"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/await"
	"github.com/footfall/footfall/internal/testkit/clustertest"
	"github.com/footfall/footfall/internal/testkit/faultproxy"
	"github.com/footfall/footfall/internal/testkit/logtest"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// TestFaults: what a part of a cluster that fails changes, and what it does not. There is one
// cluster, of one shard with two replicas.
func TestFaults(t *testing.T) {
	t.Parallel()
	c := clustertest.Start(t, clustertest.Options{Shards: 1, Replicas: 2, Password: "secret", Proxies: true})
	for _, f := range []struct {
		what string
		test func(*testing.T, *clustertest.Cluster)
	}{
		{"a recorded deletion waits for a replica", testRecordedDeletion},
		{"a recorded deletion of a process that was killed", testDeletionAfterKill},
		{"an answer shows all or nothing of a deletion", testDeletionInAnswers},
		{"a snapshot while another server counts", testSnapshotBesideServer},
		{"a replica that is being restored", testRestoredReplica},
		{"a replica that was restored is used again", testReturn},
		{"a replica that has lost ZooKeeper", testReadOnlyReplica},
		{"Sync after clicks were forgotten", testForgotten},
		{"a copy of a journal", testCopy},
		{"marks, note and installation", testMeta},
		{"an epoch that one replica alone calls whole", testWholeOnOneReplica},
		{"a replica that alone has an epoch and a life is lost", testLostWithReplica},
		{"a life that one replica alone has", testLifeOnOneReplica},
	} {
		t.Run(f.what, func(t *testing.T) { f.test(t, c) })
	}
}

// openWith opens a store with options.
func openWith(t *testing.T, address string, o clickhouse.Options) *clickhouse.Store {
	t.Helper()
	var err error
	if o.Address, err = clickhouse.ParseAddress(address); err != nil {
		t.Fatal(err)
	}
	o.Logger = logtest.To(t)
	s, err := clickhouse.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// add counts batches. On a busy machine ClickHouse may be late.
func add(t *testing.T, s *clickhouse.Store, batches ...*store.Batch) {
	t.Helper()
	for _, b := range batches {
		succeeds(t, fmt.Sprintf("the batch %d to %d is counted", b.From, b.To), func() error {
			err := s.AddBatch(t.Context(), b)
			if errors.Is(err, store.ErrResume) {
				t.Fatal(err)
			}
			return err
		})
	}
}

// cellsOf returns the cells of batches.
func cellsOf(batches ...*store.Batch) map[rollup.Key]uint64 {
	all := map[rollup.Key]uint64{}
	for _, b := range batches {
		for _, c := range b.Cells {
			all[c.Key] += c.Clicks
		}
	}
	return all
}

// clicksOf returns the clicks of people of a scope, in cells.
func clicksOf(cells map[rollup.Key]uint64, scope rollup.Scope) (clicks uint64) {
	for k, n := range cells {
		if k.Scope == scope && k.Facet == rollup.All {
			clicks += n
		}
	}
	return clicks
}

// ask returns the clicks of people of a scope.
func ask(ctx context.Context, q store.Questions, scope rollup.Scope) (clicks uint64, err error) {
	counts, err := q.Counts(ctx, store.Query{Scope: scope, Facet: rollup.All, Edges: []int64{start - 40*rollup.Day, end + rollup.Day}})
	for _, c := range counts {
		clicks += c.Clicks
	}
	return clicks, err
}

// wantClicks checks the clicks of people of a scope.
func wantClicks(t *testing.T, s *clickhouse.Store, scope rollup.Scope, want uint64) {
	t.Helper()
	if got, err := ask(t.Context(), s, scope); err != nil || got != want {
		t.Errorf("%+v has %d clicks (%v), want %d", scope, got, err, want)
	}
}

// becomes waits until a scope has a number of clicks, while nothing else is done than to ask.
func becomes(t *testing.T, s *clickhouse.Store, scope rollup.Scope, want uint64) {
	t.Helper()
	await.Until(t, fmt.Sprintf("%+v has %d clicks", scope, want), func() (string, bool) {
		s.Hurry()
		got, err := ask(t.Context(), s, scope)
		return fmt.Sprint(got, err), err == nil && got == want
	})
}

// wantEverywhere checks the cells of each replica, and the checksums.
func wantEverywhere(t *testing.T, s *clickhouse.Store, want map[rollup.Key]uint64) {
	t.Helper()
	for replica := range 2 {
		s.Prefer(replica)
		got := map[rollup.Key]uint64{}
		for cell, err := range s.Cells(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			got[cell.Key] += cell.Clicks
		}
		if !maps.Equal(got, want) {
			t.Errorf("replica %d has other counts: %s", replica+1, difference(got, want))
		}
		succeeds(t, "a proof", func() error {
			s.Prefer(replica) // the background prefers the first one, also in the middle of a proof
			return s.Verify(t.Context(), nil, func(fault string) { t.Errorf("replica %d: %s", replica+1, fault) })
		})
	}
}

// query returns the answer of a node to a statement, which is one number.
func query(t *testing.T, n *clustertest.Node, address, statement string) string {
	t.Helper()
	a, err := clickhouse.ParseAddress(address)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := n.Query(a.Database, statement)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(answer)
}

// deleteUser makes a batch record the deletion of a user, and takes the clicks of the user from
// the batches after it.
func deleteUser(user click.UserID, batch *store.Batch, after []*store.Batch) {
	batch.Deleted = []rollup.Scope{{User: user}}
	for _, b := range after {
		of := func(c rollup.Cell) bool { return c.Scope.User == user }
		b.Cells, b.Minutes = slices.DeleteFunc(b.Cells, of), slices.DeleteFunc(b.Minutes, of)
		b.Journaled = rollup.Ledger{}
		b.Journaled.Add(b.Cells...)
	}
}

// testRecordedDeletion: a journal records a deletion while a replica is away. Counting goes on.
// Answers show the clicks until the replica is back, and then nothing else is needed.
func testRecordedDeletion(t *testing.T, c *clustertest.Cluster) {
	s := openAt(t, c.Database(t), "one")
	journal := drawJournal(seedtest.Rand(t), store.JournalID{1}, 8)
	gone := rollup.Scope{User: 3}
	deleteUser(gone.User, journal[3], journal[4:])
	c.Nodes[1].Kill()
	add(t, s, journal...) // more than a segment
	want := cellsOf(journal...)
	wantClicks(t, s, gone, clicksOf(want, gone))
	if err := s.Sync(t.Context()); !errors.Is(err, click.ErrUnavailable) {
		t.Errorf("a replica is away, and Sync returns %v", err)
	}
	wantClicks(t, s, gone, clicksOf(want, gone))
	if err := c.Nodes[1].Start(); err != nil {
		t.Fatal(err)
	}
	becomes(t, s, gone, 0)
	maps.DeleteFunc(want, func(k rollup.Key, _ uint64) bool { return k.Scope.User == gone.User })
	makeDurable(t, s, journal)
	wantEverywhere(t, s, want)
	if deleted, err := s.Deleted(t.Context()); err != nil || !slices.Equal(deleted, []rollup.Scope{gone}) {
		t.Errorf("Deleted lists %v, %v", deleted, err)
	}
}

// testDeletionAfterKill: a process makes the epoch of a deletion whole, and is killed before it
// has removed the scopes. The next process removes them.
func testDeletionAfterKill(t *testing.T, c *clustertest.Cluster) {
	address := c.Database(t)
	journal := drawJournal(seedtest.Rand(t), store.JournalID{1}, 5)
	gone := rollup.Scope{User: 3}
	deleteUser(gone.User, journal[3], journal[4:])
	s := openWith(t, address, clickhouse.Options{Server: "one", Lock: func(context.Context) (context.Context, func(), error) {
		return nil, nil, fmt.Errorf("%w: the lock is away", click.ErrUnavailable)
	}})
	add(t, s, journal...)
	if err := s.Sync(t.Context()); !errors.Is(err, click.ErrUnavailable) {
		t.Errorf("there is no lock for deletions, and Sync returns %v", err)
	}
	s.Kill()
	if whole := query(t, c.Nodes[0], address, "SELECT count() FROM epochs FINAL WHERE version % 4 = 1"); whole != "1" {
		t.Errorf("%s epochs are whole and not done, want 1", whole)
	}
	next := openAt(t, address, "one")
	want := cellsOf(journal...)
	wantClicks(t, next, gone, clicksOf(want, gone))
	if p, _, err := next.Position(t.Context(), journal[0].Journal); err != nil || p.Durable != journal[4].To {
		t.Errorf("the position is %+v, %v", p, err)
	}
	// This is how a recorder begins.
	if deleted, err := next.JournalDeleted(t.Context(), store.Earlier{Journal: journal[0].Journal, Before: 99}); err != nil || !slices.Equal(deleted, []rollup.Scope{gone}) {
		t.Errorf("the journal has the deletions %v, %v", deleted, err)
	}
	becomes(t, next, gone, 0)
	maps.DeleteFunc(want, func(k rollup.Key, _ uint64) bool { return k.Scope.User == gone.User })
	makeDurable(t, next, journal)
	wantEverywhere(t, next, want)
	if undone := query(t, c.Nodes[0], address, "SELECT count() FROM epochs FINAL WHERE version % 4 = 1"); undone != "0" {
		t.Errorf("%s epochs are not done", undone)
	}
}

// direct is an address without the proxies.
func direct(c *clustertest.Cluster, address string) string {
	for _, n := range c.Nodes {
		address = strings.Replace(address, n.Proxy.Addr, n.Addr, 1)
	}
	return address
}

// testDeletionInAnswers: while a server deletes, another one is asked by day and by minute.
func testDeletionInAnswers(t *testing.T, c *clustertest.Cluster) {
	ctx := t.Context()
	address := c.Database(t)
	journal := drawJournal(seedtest.Rand(t), store.JournalID{1}, 15)
	deleter, reader := openAt(t, address, "one"), openAt(t, direct(c, address), "two")
	add(t, deleter, journal...)
	gone := rollup.Scope{User: 3, Link: 30}
	questions := map[string]store.Query{}
	for _, scope := range []rollup.Scope{gone, {User: gone.User}} {
		days, minutes := store.Query{Scope: scope, Facet: rollup.Country}, store.Query{Scope: scope, Facet: rollup.Country}
		for at := int64(start); at <= end; at += rollup.Day {
			days.Edges = append(days.Edges, at)
		}
		for at := int64(minutesFrom); at <= end; at += 300 {
			minutes.Edges = append(minutes.Edges, at)
		}
		questions[fmt.Sprintf("days of %+v", scope)], questions[fmt.Sprintf("minutes of %+v", scope)] = days, minutes
	}
	answers := func() map[string][]store.Count {
		reader.Hurry()
		all := map[string][]store.Count{}
		for what, q := range questions {
			counts, err := reader.Counts(ctx, q)
			if err != nil {
				t.Fatal(err)
			}
			all[what] = counts
		}
		return all
	}
	all := answers()
	for what, counts := range all {
		if len(counts) < 2 {
			t.Fatalf("%s: %v, and the test needs more", what, counts)
		}
	}
	held := c.Nodes[0].Proxy.Next(faultproxy.HoldReply, func(s string) bool { return strings.HasPrefix(s, "INSERT INTO minutes ") })
	done := make(chan error, 1)
	go func() {
		err := click.ErrUnavailable
		for err != nil && passes(err) && ctx.Err() == nil {
			p, _, _ := deleter.Position(ctx, journal[0].Journal) // an error comes again
			for _, b := range journal[p.Counted/batchSize:] {
				_ = deleter.AddBatch(ctx, b) // likewise
			}
			err = deleter.Delete(ctx, []rollup.Scope{gone})
		}
		done <- err
	}()
	<-held
	for _, table := range []string{"cells", "minutes"} {
		if rows := query(t, c.Nodes[0], address, "SELECT count() FROM "+table+" WHERE deletion > 0"); rows == "0" {
			t.Errorf("the deletion has no rows in %s yet", table)
		}
	}
	for what, got := range answers() {
		if !slices.Equal(got, all[what]) {
			t.Errorf("the deletion is not complete, and an answer has %s: %v, want %v", what, got, all[what])
		}
	}
	c.Nodes[0].Proxy.Set(nil)
	seen := map[string][][]store.Count{} // the different answers
	for deleted := false; !deleted; {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			deleted = true
		default:
		}
		for what, got := range answers() {
			if n := len(seen[what]); n == 0 || !slices.Equal(seen[what][n-1], got) {
				seen[what] = append(seen[what], got)
			}
		}
	}
	for what := range questions {
		last := seen[what][len(seen[what])-1]
		if slices.Equal(last, all[what]) || len(seen[what]) > 2 || len(seen[what]) == 2 && !slices.Equal(seen[what][0], all[what]) {
			t.Errorf("%s had the answers %v; before: %v", what, seen[what], all[what])
		}
		if questions[what].Scope == gone && len(last) > 0 {
			t.Errorf("after the deletion: %s: %v", what, last)
		}
	}
}
