//go:build cluster

package clickhouse_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/clickhouse"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/clustertest"
	"github.com/footfall/footfall/internal/testkit/faultproxy"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// start is a Unix second, at the start of a day. There are minutes of the last hours of forty days.
const start, end, minutesFrom = 1_700_006_400, start + 40*rollup.Day, end - 3*3600

// A journal in segments of some batches.
const segmentBatches, batchSize = 6, 10

// drawJournal draws the batches of a journal. Its clicks are of three users with five links each.
func drawJournal(rnd *rand.Rand, id store.JournalID, batches int) []*store.Batch {
	var journal []*store.Batch
	for i := range batches {
		at := uint64(i * batchSize)
		b := &store.Batch{Journal: id, From: at, To: at + batchSize, Epoch: at - at%(segmentBatches*batchSize), MinutesFrom: minutesFrom}
		cells, minutes := map[rollup.Key]uint64{}, map[rollup.Key]uint64{}
		for range rnd.IntN(40) {
			user := 1 + rnd.IntN(3)
			c := click.Click{
				Time: 1000 * (end - 1 - int64(rnd.IntN(40*rollup.Day)>>rnd.IntN(12))), User: click.UserID(user), Link: click.LinkID(10*user + rnd.IntN(5)),
				Country: click.Country{'D', byte('A' + rnd.IntN(8))}, Referrer: click.Referrer(fmt.Sprintf("http://%d/", rnd.IntN(20))),
			}
			rollup.Each(c, rollup.QuarterHour, func(k rollup.Key) { cells[k]++ })
			if c.Time >= 1000*minutesFrom {
				rollup.Each(c, rollup.Minute, func(k rollup.Key) { minutes[k]++ })
			}
		}
		for k, n := range cells {
			b.Cells = append(b.Cells, rollup.Cell{Key: k, Clicks: n})
		}
		for k, n := range minutes {
			b.Minutes = append(b.Minutes, rollup.Cell{Key: k, Clicks: n})
		}
		b.Journaled.Add(b.Cells...)
		journal = append(journal, b)
	}
	return journal
}

// counter counts a journal, and starts again after it was killed.
type counter struct {
	name    string
	address string
	journal []*store.Batch
	rnd     *rand.Rand
	kills   int
	resumes int
	store   *clickhouse.Store
}

// count counts the journal to its end, and makes that durable.
func (s *counter) count(ctx context.Context, t *testing.T) error {
	last := s.journal[len(s.journal)-1].To
	at := -1 // the next batch; −1: ask
	for {
		switch s.rnd.IntN(40) {
		case 0:
			s.store.Kill()
			s.store, at = openAt(t, s.address, s.name), -1
			s.kills++
		case 1:
			if err := s.failed(s.store.Sync(ctx)); err != nil {
				return err
			}
		}
		if at < 0 {
			p, _, err := s.store.Position(ctx, s.journal[0].Journal)
			if s.failed(err) != nil {
				return err
			}
			if err == nil {
				at = int(p.Counted / batchSize)
			}
			continue
		}
		if at == len(s.journal) {
			err := s.store.Sync(ctx)
			if s.failed(err) != nil {
				return err
			}
			if errors.Is(err, store.ErrResume) {
				at = -1
			}
			if p, _, perr := s.store.Position(ctx, s.journal[0].Journal); err == nil && perr == nil && p.Durable == last {
				return nil
			}
			continue
		}
		err := s.store.AddBatch(ctx, s.journal[at])
		switch {
		case err == nil:
			at++
		case errors.Is(err, store.ErrResume), errors.Is(err, store.ErrGap): // a gap: the background noticed it first
			s.resumes++
			at = -1
		case s.failed(err) != nil:
			return err
		}
	}
}

// failed returns the errors after which a server does not try again.
func (s *counter) failed(err error) error {
	if errors.Is(err, click.ErrUnavailable) || errors.Is(err, store.ErrResume) {
		return nil
	}
	return err
}

// breakSomething breaks a part of the cluster and returns what.
func breakSomething(rnd *rand.Rand, c *clustertest.Cluster) (what string, err error) {
	n := c.Nodes[rnd.IntN(len(c.Nodes))]
	isInsert := func(s string) bool { return strings.HasPrefix(s, "INSERT") }
	switch rnd.IntN(10) {
	case 0, 1:
		n.Kill()
		return n.Name + " is killed", nil
	case 2:
		return n.Name + " is frozen", n.Freeze()
	case 3:
		c.ZooKeeper.Kill()
		return "ZooKeeper is killed", nil
	case 4:
		return "ZooKeeper is frozen", c.ZooKeeper.Freeze()
	case 5:
		n.Proxy.Refuse()
		return n.Name + " cannot be reached", nil
	case 6:
		n.Proxy.Set(func(string) faultproxy.Fault { return faultproxy.HoldReply })
		return n.Name + " answers too late", nil
	case 7:
		n.Proxy.Next(faultproxy.LoseReply, isInsert)
		return "a reply of " + n.Name + " is lost", nil
	case 8:
		n.Proxy.Next(faultproxy.CutBody(int64(rnd.IntN(2000))), isInsert)
		return "an insert into " + n.Name + " is cut", nil
	default:
		return n.Name + " loses its disk", n.Wipe()
	}
}

// TestChaos: two servers count for the same users while parts of the cluster are killed, frozen
// and cut off, and lose their disks, and while the servers are killed. At the end every click is
// counted once, on every replica.
func TestChaos(t *testing.T) {
	t.Parallel()
	rnd := seedtest.Rand(t)
	c := clustertest.Start(t, clustertest.Options{Shards: 2, Replicas: 2, Password: "secret", Proxies: true})
	for range seedtest.Rounds(t, 1) {
		chaos(t, c, rnd)
	}
}

func chaos(t *testing.T, c *clustertest.Cluster, rnd *rand.Rand) {
	address := c.Database(t)
	servers := make([]*counter, 2)
	want := map[rollup.Key]uint64{}
	for i := range servers {
		s := &counter{name: fmt.Sprint("server ", i), address: address, rnd: rand.New(rand.NewPCG(rnd.Uint64(), 0)), store: openAt(t, address, fmt.Sprint("server ", i))}
		s.journal = drawJournal(s.rnd, store.JournalID{byte(i + 1)}, 120)
		for _, b := range s.journal {
			for _, cell := range b.Cells {
				want[cell.Key] += cell.Clicks
			}
		}
		servers[i] = s
	}
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Minute)
	defer stop()
	errs := make([]error, len(servers))
	var counting sync.WaitGroup
	for i, s := range servers {
		counting.Go(func() { errs[i] = s.count(ctx, t) })
	}
	done := make(chan struct{})
	go func() {
		counting.Wait()
		close(done)
	}()
	for broken := 0; ; broken++ {
		pause := time.After(time.Duration(rnd.IntN(1500)) * time.Millisecond)
		what, err := "", error(nil)
		if broken < 10 {
			what, err = breakSomething(rnd, c)
		}
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if what != "" {
			t.Log(what)
		}
		select {
		case <-pause:
			if broken%2 == 1 { // sometimes two faults at once
				if err := c.Heal(); err != nil {
					t.Fatal(err)
				}
			}
			continue
		case <-done:
		}
		break
	}
	for i, s := range servers {
		if errs[i] != nil {
			t.Fatalf("%s: %v", s.name, errs[i])
		}
		t.Logf("%s was killed %d times, and counted again %d times", s.name, s.kills, s.resumes)
	}
	if err := c.Heal(); err != nil {
		t.Fatal(err)
	}
	check(ctx, t, servers, want)
	if t.Failed() {
		describe(t, c, address)
	}
}

// describe logs what ClickHouse has of the journals.
func describe(t *testing.T, c *clustertest.Cluster, address string) {
	t.Helper()
	a, err := clickhouse.ParseAddress(address)
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{
		"SELECT hex(substring(source, 1, 1)), epoch, life, base, intDiv(version, 4) AS end, version % 4 AS state FROM epochs FINAL ORDER BY source, epoch, life",
		"SELECT hex(substring(source, 1, 1)), life, begin FROM lives FINAL ORDER BY source, life",
		"SELECT hex(substring(source, 1, 1)), epoch, sum(clicks) FROM cells FINAL WHERE link = 0 AND facet = 1 GROUP BY source, epoch ORDER BY source, epoch",
	} {
		for _, n := range c.Nodes {
			if n.Replica == 1 && (n.Shard == 1 || strings.Contains(q, "cells")) {
				answer, err := n.Query(a.Database, q)
				t.Logf("%s: %s\n%s%v", n.Name, q, answer, err)
			}
		}
	}
}

// TestNothingDurable: a replica dies before anything was durable, so everything is counted again. A
// batch that does not begin at the start would leave a gap.
func TestNothingDurable(t *testing.T) {
	t.Parallel()
	c := clustertest.Start(t, clustertest.Options{Shards: 1, Replicas: 2, Password: "secret"})
	s := openAt(t, c.Database(t), "one")
	journal := drawJournal(seedtest.Rand(t), store.JournalID{1}, 5)
	for _, b := range journal[:3] {
		if err := s.AddBatch(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	c.Nodes[0].Kill()
	if err := s.AddBatch(t.Context(), journal[3]); !errors.Is(err, click.ErrUnavailable) && !errors.Is(err, store.ErrResume) {
		t.Fatalf("the replica is dead, and a batch is counted: %v", err)
	}
	if err := s.AddBatch(t.Context(), journal[3]); !errors.Is(err, store.ErrResume) {
		t.Errorf("after the replica died: %v, want ErrResume", err)
	}
	if p, known, err := s.Position(t.Context(), journal[0].Journal); known || err != nil {
		t.Errorf("nothing was durable, and the position is %+v, %v", p, err)
	}
	if err := s.AddBatch(t.Context(), journal[3]); !errors.Is(err, store.ErrGap) {
		t.Errorf("a batch after the clicks that were lost: %v, want ErrGap", err)
	}
	for _, b := range journal {
		if err := s.AddBatch(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Heal(); err != nil {
		t.Fatal(err)
	}
	want := map[rollup.Key]uint64{}
	for _, b := range journal {
		for _, cell := range b.Cells {
			want[cell.Key] += cell.Clicks
		}
	}
	got := map[rollup.Key]uint64{}
	for cell, err := range s.Cells(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		got[cell.Key] += cell.Clicks
	}
	if !maps.Equal(got, want) {
		t.Error(difference(got, want))
	}
}

// check compares the counts of each replica with the wanted ones.
func check(ctx context.Context, t *testing.T, servers []*counter, want map[rollup.Key]uint64) {
	t.Helper()
	for _, s := range servers {
		succeeds(t, "a proof", func() error {
			return s.store.Verify(ctx, nil, func(fault string) { t.Errorf("%s: %s", s.name, fault) })
		})
	}
	for replica := range 2 {
		got := map[rollup.Key]uint64{}
		s := servers[replica].store
		s.Prefer(replica)
		for cell, err := range s.Cells(ctx) {
			if err != nil {
				t.Fatal(err)
			}
			got[cell.Key] += cell.Clicks
		}
		if !maps.Equal(got, want) {
			t.Errorf("replica %d has other counts: %s", replica+1, difference(got, want))
		}
	}
	for _, s := range servers {
		if err := s.store.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
}

// difference describes how counts differ.
func difference(got, want map[rollup.Key]uint64) string {
	var b strings.Builder
	n := 0
	for k, clicks := range want {
		if got[k] != clicks {
			if n++; n <= 5 {
				fmt.Fprintf(&b, "%+v has %d clicks, want %d; ", k, got[k], clicks)
			}
		}
	}
	for k, clicks := range got {
		if _, ok := want[k]; !ok {
			if n++; n <= 5 {
				fmt.Fprintf(&b, "%+v has %d clicks, want 0; ", k, clicks)
			}
		}
	}
	return fmt.Sprintf("%d cells of %d: %s", n, len(want), b.String())
}
