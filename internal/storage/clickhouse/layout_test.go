//go:build cluster

package clickhouse_test

import (
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/clickhouse"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/storage/storetest"
	"github.com/footfall/footfall/internal/testkit/clustertest"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// TestAddShard: two servers write to one shard. One is started again with two shards, while the
// other goes on. Links are deleted before and after that. All answers are those of counts in
// memory, also after the shards were reversed: rows stay where they are.
func TestAddShard(t *testing.T) {
	t.Parallel()
	rnd, ctx := seedtest.Rand(t), t.Context()
	c := clustertest.Start(t, clustertest.Options{Shards: 2, Replicas: 2, Password: "secret"})
	address := c.Database(t)
	model := &storetest.MemoryCounts{}
	journals := [][]*store.Batch{drawJournal(rnd, store.JournalID{1}, 24), drawJournal(rnd, store.JournalID{2}, 24)}
	servers := []*clickhouse.Store{openAt(t, address+"&shards=1", "one"), openAt(t, address+"&shards=1", "two")}
	add := func(s *clickhouse.Store, b *store.Batch) {
		t.Helper()
		if err := s.AddBatch(ctx, b); err != nil {
			t.Fatal(err)
		}
		if err := model.AddBatch(ctx, b); err != nil {
			t.Fatal(err)
		}
	}
	for step := range 4 {
		if step == 1 || step == 3 {
			if err := servers[0].Close(); err != nil {
				t.Fatal(err)
			}
			servers[0] = openAt(t, address+[]string{"", "&shards=2", "", "&shards=1"}[step], "one")
		}
		for i, journal := range journals {
			for _, b := range journal[6*step : 6*step+6] {
				add(servers[i], b)
			}
		}
		gone := []rollup.Scope{{User: 1, Link: click.LinkID(10 + step)}}
		if step == 2 {
			gone = append(gone, rollup.Scope{User: 2})
		}
		for _, s := range servers { // each removes what it has counted
			if err := s.Delete(ctx, gone); err != nil {
				t.Fatal(err)
			}
		}
		if err := model.Delete(ctx, gone); err != nil {
			t.Fatal(err)
		}
		for i, s := range servers {
			compareAnswers(t, s, model)
			if err := s.Verify(ctx, nil, func(fault string) { t.Errorf("server %d: %s", i+1, fault) }); err != nil {
				t.Error(err)
			}
		}
		if t.Failed() {
			t.Fatalf("in step %d", step)
		}
	}
	a, err := clickhouse.ParseAddress(address)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range c.Nodes { // both shards are used
		if answer, err := n.Query(a.Database, "SELECT count() > 50 FROM cells"); answer != "1\n" || err != nil {
			t.Errorf("%s has more than 50 rows: %q, %v", n.Name, answer, err)
		}
	}
	for _, s := range servers {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// compareAnswers compares what a store answers with what another one does.
func compareAnswers(t *testing.T, got, want store.ClickCounts) {
	t.Helper()
	ctx := t.Context()
	edges := []int64{start, start + 11*rollup.Day, end - 900, end}
	sumOf := func(s store.Questions, q store.Sum) (counts []store.Count) {
		err := s.Sum(ctx, q, func(c store.Count) error { counts = append(counts, c); return nil })
		if err != nil {
			t.Fatal(err)
		}
		return counts
	}
	scopes := []rollup.Scope{}
	for user := range 3 {
		scopes = append(scopes, rollup.Scope{User: click.UserID(1 + user)})
		for link := range 5 {
			scopes = append(scopes, rollup.Scope{User: click.UserID(1 + user), Link: click.LinkID(10*(1+user) + link)})
		}
	}
	for _, facet := range []rollup.Facet{rollup.All, rollup.Country, rollup.Referrer} {
		for i, s := range scopes {
			q := store.Query{Scope: s, Facet: facet, Edges: edges}
			a, err := got.Counts(ctx, q)
			b, modelErr := want.Counts(ctx, q)
			if err != nil || modelErr != nil || !slices.Equal(a, b) {
				t.Errorf("Counts of %v by %v: %v, %v; want %v, %v", s, facet, a, err, b, modelErr)
			}
			at, ok, err := got.First(ctx, s, facet)
			if wantAt, wantOK, _ := want.First(ctx, s, facet); at != wantAt || ok != wantOK || err != nil {
				t.Errorf("First of %v by %v: %d, %v, %v; want %d, %v", s, facet, at, ok, err, wantAt, wantOK)
			}
			if i%6 != 0 && i != len(scopes)-1 { // the sums of one part, of some, and of all
				continue
			}
			sum := store.Sum{Facet: facet, Edges: edges}
			for j, s := range scopes[:i+1] {
				sum.Parts = append(sum.Parts, store.Part{Scope: s, Since: start + int64(j%3)*9*rollup.Day})
			}
			if a, b := sumOf(got, sum), sumOf(want, sum); !reflect.DeepEqual(a, b) {
				t.Errorf("Sum of %d parts by %v: %v; want %v", i+1, facet, a, b)
			}
		}
	}
	cells := func(s store.Proof) map[rollup.Key]uint64 {
		all := map[rollup.Key]uint64{}
		for cell, err := range s.Cells(ctx) {
			if err != nil {
				t.Fatal(err)
			}
			all[cell.Key] += cell.Clicks
		}
		return all
	}
	if a, b := cells(got), cells(want); !maps.Equal(a, b) {
		t.Error(difference(a, b))
	}
}
