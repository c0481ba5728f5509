package clickhouse

import (
	"context"
	"errors"
	"sync"
	"time"
)

// tendEvery is the interval at which a store looks after servers that were away.
const tendEvery = identifyEvery

// tendSoon looks after the servers, in the background, if one of them was away, or a shard does
// not use the replica that is preferred.
func (s *Store) tendSoon(shards []*shard) {
	wanted := s.cluster.known() < len(s.cluster.nodes)
	for _, n := range s.cluster.nodes {
		wanted = wanted || n.lacks.rows()
	}
	for _, sh := range shards {
		current, first := sh.first()
		wanted = wanted || current != first
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	wanted = wanted || s.unsettledSources() || time.Since(s.swept) > sweepEvery
	if !wanted || s.tending || s.stopped || time.Since(s.tended) < tendEvery {
		return
	}
	s.tending = true
	s.background.Go(func() {
		s.tend(s.ctx, shards)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.tending, s.tended = false, time.Now()
	})
}

// tend asks servers that were away what they are, waits until replicas have fetched what they
// lack, and makes the preferred replicas the current ones. What fails is tried again later.
func (s *Store) tend(ctx context.Context, shards []*shard) {
	_ = s.cluster.identifyAll(ctx) // it has logged what is wrong
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	s.cluster.fetch(ctx)
	for _, sh := range shards {
		if current, first := sh.first(); current != first {
			_ = s.preferFirst(ctx, shards)
			return
		}
	}
	s.mu.Lock()
	if s.unsettledSources() {
		s.settleSoon(true)
	}
	sweep := time.Since(s.swept) > sweepEvery
	if sweep {
		s.swept = time.Now()
	}
	s.mu.Unlock()
	if sweep {
		if err := s.sweep(ctx, time.Now().Add(-sweepAge)); err != nil && ctx.Err() == nil {
			s.o.Logger.Warn("rows that no answer shows could not be removed from ClickHouse, and that is tried again in an hour; they only take room", "error", err)
		}
	}
}

// fetchPatience is how long fetch waits. A replica fetches on after that, and is asked again.
const fetchPatience = 30 * time.Second

// fetch waits until servers have fetched what they lack. None waits for another one, which may be frozen.
func (c *cluster) fetch(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, fetchPatience)
	defer cancel()
	var all sync.WaitGroup
	for _, n := range c.nodes {
		if n.known.Load() && n.lacks.rows() {
			all.Go(func() { _ = n.fetch(ctx) })
		}
	}
	all.Wait()
}

// preferFirst makes the first replica of each shard that lacks nothing the current one, while no
// epoch has rows that only some replicas have. So nothing is counted again.
func (s *Store) preferFirst(ctx context.Context, shards []*shard) error {
	if err := s.Sync(ctx); err != nil { // what is left to do below is little
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	if err := s.adding.Acquire(ctx, exclusive); err != nil { // batches wait
		return err
	}
	defer s.adding.Release(exclusive)
	if err := errors.Join(s.endEpochs(ctx, shards), s.settle(ctx, shards)); err != nil {
		return err
	}
	_, before := switchesOf(shards)
	for _, sh := range shards {
		sh.chooseFirst()
	}
	_, after := switchesOf(shards)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, src := range s.sources {
		if sameReplicas(src.switches, before) && src.sent <= src.start && len(src.ended) == 0 {
			src.switches = after
		}
	}
	return nil
}
