package clickhouse

import (
	"context"
	"log/slog"
	"time"

	"github.com/footfall/footfall/internal/storage/store"
)

// StoreOf returns a store over one shard with a replica at each address. Their tables are there, and it has
// left its marks.
func StoreOf(ctx context.Context, log *slog.Logger, addresses ...*Address) (*Store, error) {
	sh := ShardOf(addresses...).s
	c := newCluster(addresses[0], log)
	c.nodes, c.write = sh.replicas, 1
	c.shards.Store(&[]*shard{sh})
	c.layouts.Store(&layouts{1})
	s := newStore(c, Options{Address: addresses[0], Server: "one", Logger: log})
	s.tended, s.swept, s.lastStamp = time.Now(), time.Now(), 1
	for _, n := range c.nodes {
		if err := n.leaveMark(ctx); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// BeginLife begins a life of a journal, after the last one.
func (s *Store) BeginLife(ctx context.Context, id store.JournalID, last uint64) (uint64, error) {
	return s.beginLife(ctx, id, life{number: last, closed: true}, 0)
}

// HasCounted makes the store one that has counted a journal up to a position. The last epoch has ended, and
// replicas may lack it.
func (s *Store) HasCounted(id store.JournalID, to uint64) {
	shards := *s.cluster.shards.Load()
	_, switches := switchesOf(shards)
	src := &source{id: id, known: true, recorded: true, counted: to, ended: []epoch{{end: to, switches: switches}}}
	src.begin(to, 0, switches)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sources[id] = src
}

// Settle makes what has ended durable. It returns how far a journal is durable.
func (s *Store) Settle(ctx context.Context, id store.JournalID) (durable uint64, err error) {
	err = s.settle(ctx, *s.cluster.shards.Load())
	s.mu.Lock()
	defer s.mu.Unlock()
	if src := s.sources[id]; src != nil {
		durable = src.durable
	}
	return durable, err
}

// CheckStart looks whether the first replica was started again. It returns how often rows must be sent again.
func (s *Store) CheckStart(ctx context.Context) (switches uint64, err error) {
	sh := (*s.cluster.shards.Load())[0]
	err = sh.checkStart(ctx)
	_, switches = sh.use()
	return switches, err
}

// LayoutsStatement asks for the layouts.
const LayoutsStatement = layoutsStatement

// WaitForSnapshots sets how long a batch waits for snapshots to be closed.
func (s *Store) WaitForSnapshots(patience time.Duration) { s.snapshotPatience = patience }
