package clickhouse

import (
	"context"
	"time"

	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// ShardOf returns a shard of one replica at each address.
func ShardOf(addresses ...*Address) Replicas {
	s := &shard{}
	for _, a := range addresses {
		n := newNode(a, a.Hosts[0])
		n.identified, n.replicated, n.shard, n.replicas = true, true, 1, len(addresses)
		n.known.Store(true)
		s.replicas = append(s.replicas, n)
	}
	return Replicas{s}
}

// Uses returns the number of the replica that is used, and how often rows must be sent again.
func (r Replicas) Uses() (replica int, switches uint64) {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	return r.s.current + 1, r.s.switches
}

// SyncTables waits until each replica has all rows.
func (r Replicas) SyncTables(ctx context.Context) error {
	return syncTables(ctx, []*shard{r.s}, metaTable)
}

// KnowsTables reports whether the tables of the first replica need not be made again.
func (r Replicas) KnowsTables() bool { return r.s.replicas[0].known.Load() }

// FetchAll makes all replicas fetch what they lack, and reports how many still lack something.
func (r Replicas) FetchAll(ctx context.Context) (lack int) {
	c := &cluster{nodes: r.s.replicas}
	for _, n := range c.nodes {
		n.lacks.set(false)
	}
	c.fetch(ctx)
	for _, n := range c.nodes {
		if n.lacks.rows() {
			lack++
		}
	}
	return lack
}

// AddLayouts adds layouts to those of a cluster of three shards, one after another, and returns all.
func AddLayouts(found ...[]int) ([]int, error) {
	c := &cluster{address: &Address{}}
	shards := make([]*shard, 3)
	for i := range shards {
		shards[i] = &shard{replicas: []*node{{}}}
	}
	for _, l := range found {
		if err := c.setLayouts(l, shards); err != nil {
			return nil, err
		}
	}
	return *c.layouts.Load(), nil
}

// CheckLife checks the lives of a replica whose last one is seen, while this process has begun the life
// claimed.
func CheckLife(claimed, seen uint64) error {
	id := store.JournalID{1}
	s := &Store{claimed: map[store.JournalID]claim{id: {life: claimed}}}
	all := lives{}
	if seen > 0 {
		all[id] = []life{{number: seen}}
	}
	return s.checkLives(all)
}

// SendAfter sends a row some time after it was last checked that this process counts the journal.
func SendAfter(ctx context.Context, a *Address, since time.Duration) error {
	rows := rowsByPartition{}
	rows.add(quarters, &rollup.Key{Facet: rollup.All}, 0, &source{}, 0, 1)
	return rows.send(ctx, newNode(a, a.Hosts[0]), cellsTable, claim{seen: time.Now().Add(-since)})
}

// Lags returns what Lagging says of a store with three servers, and a journal whose open, ended and undone
// epochs record the deletion of one, two and three scopes.
func (r Replicas) Lags(away, lacks, unsettled bool) (servers, deletions int) {
	scopes := make([]rollup.Scope, 3)
	recording := func(n int) epoch { return epoch{tally: tally{deleted: scopes[:n]}} }
	src := &source{epoch: recording(1), ended: []epoch{recording(2)}, undone: []epoch{recording(3)}}
	s := &Store{cluster: &cluster{nodes: r.s.replicas}, unsettled: unsettled, sources: map[store.JournalID]*source{{1}: src}}
	r.s.replicas[0].known.Store(!away)
	if lacks {
		r.s.replicas[1].lacks.set(false)
	}
	return s.Lagging()
}
