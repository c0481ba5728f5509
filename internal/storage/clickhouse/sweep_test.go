//go:build cluster

package clickhouse_test

import (
	"cmp"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/clickhouse"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/storage/storetest"
	"github.com/footfall/footfall/internal/testkit/clustertest"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// TestSweep: a process is killed, and a link and a user are deleted. A sweep removes the rows that no
// answer shows, and changes no answer. A young row stays.
func TestSweep(t *testing.T) {
	t.Parallel()
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			c := clustertest.Start(t, e.options)
			testSweep(t, c)
			testStarts(t, c)
		})
	}
}

// testStarts: a start of a server is noticed, although it follows the last one at once.
func testStarts(t *testing.T, c *clustertest.Cluster) {
	s := open(t, c)
	for want := range uint64(2) {
		succeeds(t, "the first server is asked", func() error {
			starts, err := s.CheckStart(t.Context())
			if err == nil && starts != want {
				t.Errorf("%d starts are noticed, want %d", starts, want)
			}
			return err
		})
		if want == 0 {
			if err := c.Nodes[0].Restart(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func testSweep(t *testing.T, c *clustertest.Cluster) {
	rnd, ctx := seedtest.Rand(t), t.Context()
	address := c.Database(t)
	journal := drawJournal(rnd, store.JournalID{1}, 12)
	model := &storetest.MemoryCounts{}
	s := openAt(t, address, "one")
	for i, b := range journal {
		if i == 3 || i == 8 { // what was not durable is counted again
			s.Kill()
			s = openAt(t, address, "one")
			catchUp(t, s, journal[:i])
		}
		if err := s.AddBatch(ctx, b); err != nil {
			t.Fatal(err)
		}
		if err := model.AddBatch(ctx, b); err != nil {
			t.Fatal(err)
		}
	}
	gone := []rollup.Scope{{User: 1, Link: 11}, {User: 3}, {User: 1, Link: 12}}
	for _, sc := range gone {
		if err := s.Delete(ctx, []rollup.Scope{sc}); err != nil {
			t.Fatal(err)
		}
		if err := model.Delete(ctx, []rollup.Scope{sc}); err != nil {
			t.Fatal(err)
		}
	}
	a, err := clickhouse.ParseAddress(address)
	if err != nil {
		t.Fatal(err)
	}
	rows := func(condition string) (total int) {
		for _, n := range c.Nodes {
			answer, err := n.Query(a.Database, "SELECT count() > 0 FROM cells WHERE "+condition)
			if err != nil {
				t.Fatal(err)
			}
			if answer == "1\n" {
				total++
			}
		}
		return total
	}
	const ofGone = "user = 3 OR link IN (11, 12)"
	ask := func(question string) string {
		answer, err := c.Nodes[0].Query(a.Database, question)
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(answer)
	}
	begin := ask("SELECT begin FROM lives ORDER BY life DESC LIMIT 1")
	last := ask("SELECT max(life) FROM lives")
	ofDead := "epoch >= " + begin + " AND life > 0 AND life < " + last
	if rows(ofGone) == 0 || rows(ofDead) == 0 {
		t.Fatal("there are no rows to sweep")
	}
	if err := s.Sweep(ctx, time.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	if rows(ofGone) == 0 || rows(ofDead) == 0 {
		t.Error("rows of the last hour are swept")
	}
	for range 2 { // the second one finds nothing
		if err := s.Sweep(ctx, time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if n := rows(ofGone); n > 0 {
			t.Errorf("%d servers have rows of deleted scopes after a sweep", n)
		}
		if n := rows(ofDead); n > 0 {
			t.Errorf("%d servers have rows of dead lives after a sweep", n)
		}
		if n := ask("SELECT count() FROM lives FINAL WHERE closed = 0"); n != "1" {
			t.Errorf("%s lives are open after a sweep", n)
		}
		compareAnswers(t, s, model)
		if err := s.Verify(ctx, nil, func(fault string) { t.Error(fault) }); err != nil {
			t.Error(err)
		}
	}
	if err := s.Delete(ctx, []rollup.Scope{{User: 2, Link: click.LinkID(21)}}); err != nil {
		t.Fatal(err)
	}
	if err := model.Delete(ctx, []rollup.Scope{{User: 2, Link: 21}}); err != nil {
		t.Fatal(err)
	}
	compareAnswers(t, s, model)
	compareMinutes(t, s, model, minutesFrom)
	compareMinutes(t, s, model, minutesFrom+3600)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// compareMinutes compares the minutes of all scopes from a Unix second on, which come in the order of the scopes,
// with what the model answers.
func compareMinutes(t *testing.T, s *clickhouse.Store, model store.ClickCounts, from int64) {
	t.Helper()
	got := map[rollup.Key]uint64{}
	last := rollup.Scope{}
	for c, err := range s.Minutes(t.Context(), from) {
		if err != nil {
			t.Fatal(err)
		}
		if cmp.Or(cmp.Compare(c.Scope.User, last.User), cmp.Compare(c.Scope.Link, last.Link)) < 0 {
			t.Errorf("minutes of %v are after those of %v", c.Scope, last)
		}
		last = c.Scope
		got[c.Key] += c.Clicks
	}
	var edges []int64
	for at := from; at <= end; at += rollup.Minute {
		edges = append(edges, at)
	}
	want, asked := map[rollup.Key]uint64{}, map[rollup.Scope]bool{}
	for cell, err := range model.Cells(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if asked[cell.Scope] {
			continue
		}
		asked[cell.Scope] = true
		for _, f := range rollup.Facets() {
			if !f.ByMinute() || !f.In(cell.Scope) {
				continue
			}
			counts, err := model.Counts(t.Context(), store.Query{Scope: cell.Scope, Facet: f, Edges: edges})
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range counts {
				want[rollup.Key{Scope: cell.Scope, Facet: f, Slot: edges[c.Interval], Value: c.Value}] = c.Clicks
			}
		}
	}
	if len(want) == 0 || !maps.Equal(got, want) {
		t.Errorf("of %d minutes:\n%s", len(want), difference(got, want))
	}
}
