//go:build cluster

package clickhouse_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sync/semaphore"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/clickhouse"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/await"
	"github.com/footfall/footfall/internal/testkit/clustertest"
	"github.com/footfall/footfall/internal/testkit/faultproxy"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// testRestoredReplica: the first replica loses its disk. As long as it lacks rows, it is used neither
// by a process that has left it nor by one that starts.
func testRestoredReplica(t *testing.T, c *clustertest.Cluster) {
	address := c.Database(t)
	journal := drawJournal(seedtest.Rand(t), store.JournalID{1}, 9)
	user := rollup.Scope{User: 1}
	s := openAt(t, address, "one")
	add(t, s, journal[:8]...)
	if err := s.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.Nodes[1].Exec("", "SYSTEM STOP REPLICATED SENDS"); err != nil {
		t.Fatal(err)
	}
	c.Nodes[0].Kill()
	counted := clicksOf(cellsOf(journal[:8]...), user)
	wantClicks(t, s, user, counted)
	if err := c.Nodes[0].Wipe(); err != nil {
		t.Fatal(err)
	}
	if rows := query(t, c.Nodes[0], address, "SELECT count() FROM cells"); rows != "0" {
		t.Fatalf("the replica has %s rows already", rows)
	}
	catchUp(t, s, journal)
	counted = clicksOf(cellsOf(journal...), user)
	s.Hurry()
	wantClicks(t, s, user, counted)
	started := openAt(t, address, "two")
	for what, s := range map[string]*clickhouse.Store{"left": s, "started": started} {
		wantClicks(t, s, user, counted)
		if replicas := s.Current(); !slices.Equal(replicas, []int{2}) {
			t.Errorf("the replica lacks rows, and a process that has %s uses the replica %v", what, replicas)
		}
	}
	if err := c.Nodes[1].Exec("", "SYSTEM START REPLICATED SENDS"); err != nil {
		t.Fatal(err)
	}
}

// testReturn: the first replica loses its disk. A process that has left it uses it again once it has fetched
// everything.
func testReturn(t *testing.T, c *clustertest.Cluster) {
	address := c.Database(t)
	journal := drawJournal(seedtest.Rand(t), store.JournalID{1}, 9)
	s := openAt(t, address, "one")
	add(t, s, journal[:6]...)
	if err := s.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.Nodes[0].Kill()
	catchUp(t, s, journal[:8])
	if replicas := s.Current(); !slices.Equal(replicas, []int{2}) {
		t.Fatalf("the first replica is dead, and the process uses the replica %v", replicas)
	}
	if err := c.Nodes[0].Wipe(); err != nil {
		t.Fatal(err)
	}
	await.Until(t, "the process uses the first replica again", func() (string, bool) {
		s.Hurry()
		_, err := ask(t.Context(), s, rollup.Scope{User: 1})
		return fmt.Sprint(s.Current(), err), slices.Equal(s.Current(), []int{1})
	})
	catchUp(t, s, journal)
	makeDurable(t, s, journal)
	wantEverywhere(t, s, cellsOf(journal...))
}

// testReadOnlyReplica: the first replica loses ZooKeeper. It answers questions, and refuses rows.
func testReadOnlyReplica(t *testing.T, c *clustertest.Cluster) {
	address := c.Database(t)
	journal := drawJournal(seedtest.Rand(t), store.JournalID{1}, 8)
	s := openAt(t, address, "one")
	add(t, s, journal[:3]...)
	if err := s.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.Nodes[0].ZooKeeper.Refuse()
	await.Until(t, "the replica is read-only", func() (string, bool) {
		tables := query(t, c.Nodes[0], address, "SELECT count() FROM system.replicas WHERE is_readonly AND table IN ('cells', 'meta')")
		return tables, tables != "0" && tables != "1"
	})
	left := func(what string) {
		t.Helper()
		if replicas := s.Current(); !slices.Equal(replicas, []int{2}) {
			t.Errorf("%s was inserted through the replicas %v", what, replicas)
		}
	}
	if err := s.AddBatch(t.Context(), journal[3]); err != nil && !passes(err) {
		t.Fatal(err)
	}
	catchUp(t, s, journal[:4])
	left("a batch")
	s.Prefer(0)
	if err := s.SetNote(t.Context(), []byte("note")); err != nil {
		t.Errorf("SetNote while a replica is read-only: %v", err)
	}
	left("a note")
	catchUp(t, s, journal)
	if err := s.Sync(t.Context()); !errors.Is(err, click.ErrUnavailable) {
		t.Errorf("a replica is read-only, and Sync returns %v", err)
	}
	if err := c.Heal(); err != nil {
		t.Fatal(err)
	}
	makeDurable(t, s, journal)
	wantEverywhere(t, s, cellsOf(journal...))
	if note, err := s.Note(t.Context()); err != nil || string(note) != "note" {
		t.Errorf("the note is %q, %v", note, err)
	}
}

// testForgotten: the background forgets clicks that only a replica has that is no longer used. Sync
// does not make less durable than was counted, and says nothing of that.
func testForgotten(t *testing.T, c *clustertest.Cluster) {
	ctx := t.Context()
	journal := drawJournal(seedtest.Rand(t), store.JournalID{1}, 4)
	s := openAt(t, c.Database(t), "one")
	add(t, s, journal[:3]...)
	c.Nodes[0].Proxy.Refuse()
	if _, err := ask(ctx, s, rollup.Scope{User: 1}); err != nil {
		t.Fatal(err)
	}
	if err := c.Nodes[0].Proxy.Accept(); err != nil {
		t.Fatal(err)
	}
	await.Until(t, "the clicks are forgotten", func() (string, bool) {
		s.Hurry()
		_, err := ask(ctx, s, rollup.Scope{User: 1})
		return fmt.Sprint(err), s.Forgotten(journal[0].Journal)
	})
	for range 2 {
		if err := s.Sync(ctx); !errors.Is(err, store.ErrResume) {
			t.Errorf("clicks were forgotten, and Sync returns %v, want ErrResume", err)
		}
		if err := s.Delete(ctx, []rollup.Scope{{User: 9}}); !errors.Is(err, store.ErrResume) {
			t.Errorf("clicks were forgotten, and Delete returns %v, want ErrResume", err)
		}
	}
	catchUp(t, s, journal)
	makeDurable(t, s, journal)
	wantEverywhere(t, s, cellsOf(journal...))
}

// testCopy: two processes have the same journal.
func testCopy(t *testing.T, c *clustertest.Cluster) {
	ctx, address := t.Context(), c.Database(t)
	rnd := seedtest.Rand(t)
	journal, other := drawJournal(rnd, store.JournalID{1}, 6), drawJournal(rnd, store.JournalID{1}, 6)
	one, two := openAt(t, address, "one"), openAt(t, address, "two")
	add(t, one, journal[:2]...)
	// A copy that only looks takes nothing.
	if p, known, err := two.Position(ctx, store.JournalID{1}); err != nil || known {
		t.Errorf("the copy has the position %+v, %t, %v", p, known, err)
	}
	if err := one.Sync(ctx); err != nil {
		t.Fatal(err)
	}
	if p, _, err := two.Position(ctx, store.JournalID{1}); err != nil || p.Counted != journal[1].To {
		t.Errorf("the copy has the position %+v, %v", p, err)
	}
	one.Hurry()
	add(t, one, journal[2])
	// One that begins to count does. A recorder asks this first.
	if _, err := two.JournalDeleted(ctx, store.Earlier{Journal: store.JournalID{1}}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		one.Hurry()
		if err := one.AddBatch(ctx, journal[3]); !errors.Is(err, store.ErrTaken) {
			t.Errorf("another process counts the journal, and AddBatch of the first one returns %v, want ErrTaken", err)
		}
	}
	add(t, two, other[2:]...)
	makeDurable(t, two, other)
	wantEverywhere(t, two, cellsOf(append(slices.Clone(journal[:2]), other[2:]...)...))
}

// testMeta: what is not counts is on every replica once it is durable.
func testMeta(t *testing.T, c *clustertest.Cluster) {
	ctx, address := t.Context(), c.Database(t)
	journal := drawJournal(seedtest.Rand(t), store.JournalID{1}, 4)
	mark := store.Mark{Input: [32]byte{1}, Offset: 7, Digest: [32]byte{2}, Lines: 3, Clicks: 3, Notes: "notes"}
	journal[1].Marks = []store.Mark{mark}
	locked := semaphore.NewWeighted(1)
	lock := func(ctx context.Context) (context.Context, func(), error) {
		return ctx, func() { locked.Release(1) }, locked.Acquire(ctx, 1)
	}
	one := openWith(t, address, clickhouse.Options{Server: "one", Lock: lock})
	two := openWith(t, address, clickhouse.Options{Server: "two", Lock: lock})
	if marks, err := two.Marks(ctx, mark.Input); err != nil || len(marks) > 0 {
		t.Errorf("there are the marks %v, %v", marks, err)
	}

	// The first offer stays, also if the other replica does not have it yet.
	c.Nodes[1].Kill()
	if id, err := one.Installation(ctx, [16]byte{5}); !errors.Is(err, click.ErrUnavailable) {
		t.Errorf("a replica is away, and the installation is %x, %v", id, err)
	}
	if err := c.Nodes[1].Start(); err != nil {
		t.Fatal(err)
	}
	two.Prefer(1)
	var ids [2][16]byte
	var errs [2]error
	var both sync.WaitGroup
	for i, s := range []*clickhouse.Store{one, two} {
		both.Go(func() {
			for errs[i] = click.ErrUnavailable; errors.Is(errs[i], click.ErrUnavailable); {
				ids[i], errs[i] = s.Installation(ctx, [16]byte{byte(6 - i)})
			}
		})
	}
	both.Wait()
	if err := errors.Join(errs[:]...); err != nil || ids[0] != ids[1] {
		t.Errorf("two servers have the installations %x, %v", ids, err)
	}
	add(t, one, journal[:3]...)
	if err := one.SetNote(ctx, []byte("note of one")); err != nil {
		t.Fatal(err)
	}
	var waited atomic.Bool // for the other replica to have the note
	c.Nodes[1].Proxy.Set(func(s string) faultproxy.Fault {
		if strings.Contains(s, "SYNC REPLICA ") && strings.HasSuffix(s, ".meta") {
			waited.Store(true)
		}
		return faultproxy.Pass
	})
	if err := one.Sync(ctx); err != nil || !waited.Load() {
		t.Errorf("Sync returns %v, and has waited for the note: %t", err, waited.Load())
	}
	c.Nodes[0].Kill()
	for _, s := range []*clickhouse.Store{one, two} {
		if marks, err := s.Marks(ctx, mark.Input); err != nil || !slices.Equal(marks, []store.Mark{mark}) {
			t.Errorf("the marks are %v, %v", marks, err)
		}
		if id, err := s.Installation(ctx, [16]byte{9}); err != nil || id != ids[0] {
			t.Errorf("the installation is %x, %v", id, err)
		}
	}
	if note, err := one.Note(ctx); err != nil || !bytes.Equal(note, []byte("note of one")) {
		t.Errorf("the note is %q, %v", note, err)
	}
	if note, err := two.Note(ctx); err != nil || len(note) > 0 {
		t.Errorf("the note of another server is %q, %v", note, err)
	}
	if err := two.SetNote(ctx, []byte("note of two")); err != nil {
		t.Errorf("SetNote while a replica is away: %v", err)
	}
	if note, err := two.Note(ctx); err != nil || !bytes.Equal(note, []byte("note of two")) {
		t.Errorf("the note is %q, %v", note, err)
	}
	if err := c.Heal(); err != nil {
		t.Fatal(err)
	}
	catchUp(t, one, journal)
	makeDurable(t, one, journal)
	wantEverywhere(t, one, cellsOf(journal...))
}
