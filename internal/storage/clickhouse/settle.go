package clickhouse

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/footfall/footfall/internal/storage/store"
)

// An epoch ends at the end of a segment of the journal. Sync, a deletion, and a snapshot that stays
// open end it too. Then every replica must have its row before a row of the next epoch is sent.

// endEpoch ends the open epoch of a source. It becomes one of those that replicas may lack.
func (s *Store) endEpoch(ctx context.Context, src *source, shards []*shard) error {
	rows := epochsTable.block()
	if err := src.epoch.row(rows, src, false); err != nil {
		return err
	}
	if err := s.insertMeta(ctx, shards, epochsTable, rows); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	ended := src.epoch
	ended.switches = src.switches
	src.ended, src.recorded = append(src.ended, ended), true
	return nil
}

// Sync implements store.Counting. It fails with click.ErrUnavailable if a replica is away.
func (s *Store) Sync(ctx context.Context) (err error) {
	defer wrap("sync", &err)
	s.adding.Lock()
	defer s.adding.Unlock()
	shards, err := s.shards(ctx)
	if err != nil {
		return err
	}
	return s.split(ctx, shards)
}

// split ends the open epochs that have counted something, and makes everything durable. The caller
// holds adding.
func (s *Store) split(ctx context.Context, shards []*shard) error {
	_, switches := switchesOf(shards)
	var open []*source
	for _, src := range s.all() {
		if src.known && (src.end > src.start || !src.recorded) {
			if src.base != noBase && !slices.Equal(src.switches, switches) || src.torn() {
				s.forget(src)
				return store.ErrResume
			}
			open = append(open, src)
		}
	}
	err := s.settle(ctx, shards)
	if err == nil && len(open) > 0 {
		err = s.settleCells(ctx, shards)
	}
	if err != nil || len(open) == 0 {
		return err
	}
	rows := epochsTable.block()
	for _, src := range open {
		if err := src.epoch.row(rows, src, true); err != nil {
			return err
		}
	}
	err = s.insertMeta(ctx, shards, epochsTable, rows)
	if err == nil {
		err = settleTables(ctx, shards[:1], epochsTable)
	}
	if err != nil {
		// The epochs may have ended or not: they are read from ClickHouse again.
		for _, src := range open {
			s.forget(src)
		}
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, src := range open {
		src.durable, src.recorded = src.end, true
		src.begin(src.counted, src.base, src.switches)
	}
	return nil
}

// all returns the sources.
func (s *Store) all() []*source {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*source, 0, len(s.sources))
	for _, src := range s.sources {
		all = append(all, src)
	}
	return all
}

func switchesOf(shards []*shard) (nodes []*node, switches []uint64) {
	for _, sh := range shards {
		n, times := sh.use()
		nodes, switches = append(nodes, n), append(switches, times)
	}
	return nodes, switches
}

// settleSoon makes epochs that have ended durable, in the background. The caller holds mu.
func (s *Store) settleSoon() {
	if s.settling || s.stopped {
		return
	}
	s.settling = true
	s.background.Go(func() {
		ctx, cancel := context.WithTimeout(s.ctx, settleTimeout)
		defer cancel()
		shards, err := s.shards(ctx)
		if err == nil {
			err = s.settle(ctx, shards)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.settling = false
		if err != nil && !s.unsettled {
			s.o.Logger.Warn("not every replica of ClickHouse has all counts; the journal keeps the clicks until they have: look at the replicas", "error", err)
		}
		s.unsettled = err != nil
	})
}

// settleTimeout is how long the background waits for the replicas. It tries again at the next end
// of an epoch.
const settleTimeout = 5 * time.Minute

// settle waits until every replica has the epochs that have ended, and makes them durable.
func (s *Store) settle(ctx context.Context, shards []*shard) error {
	s.settleMu.Lock()
	defer s.settleMu.Unlock()
	type part struct {
		src   *source
		ended []epoch
	}
	var parts []part
	s.mu.Lock()
	for _, src := range s.sources {
		if len(src.ended) > 0 {
			parts = append(parts, part{src, slices.Clone(src.ended)})
		}
	}
	s.mu.Unlock()
	if len(parts) == 0 {
		return nil
	}
	if err := s.settleCells(ctx, shards); err != nil {
		return err
	}
	_, switches := switchesOf(shards)
	rows := epochsTable.block()
	for _, p := range parts {
		for i := range p.ended {
			if !slices.Equal(p.ended[i].switches, switches) {
				// Nobody knows whether the replica that was left has sent everything to the others.
				s.forget(p.src)
				return store.ErrResume
			}
			if err := p.ended[i].row(rows, p.src, true); err != nil {
				return err
			}
		}
	}
	if err := s.insertMeta(ctx, shards, epochsTable, rows); err != nil {
		return err
	}
	if err := settleTables(ctx, shards[:1], epochsTable); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range parts {
		p.src.durable = max(p.src.durable, p.ended[len(p.ended)-1].end)
		p.src.ended = p.src.ended[len(p.ended):]
	}
	return nil
}

func (s *Store) settleCells(ctx context.Context, shards []*shard) error {
	return errors.Join(settleTables(ctx, shards, cellsTable, minutesTable), settleTables(ctx, shards[:1], marksTable, deletedTable))
}

// settleTables waits until every replica has what was inserted before.
func settleTables(ctx context.Context, shards []*shard, tables ...*table) error {
	errs := make([]error, len(shards))
	var all sync.WaitGroup
	for i, sh := range shards {
		all.Go(func() {
			replicas, err := sh.all()
			for _, n := range replicas {
				for _, t := range tables {
					if err == nil {
						err = n.syncReplica(ctx, t)
					}
				}
			}
			errs[i] = err
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// passSnapshots waits for the snapshots that are open. If they stay open, it begins an epoch that
// they do not see. The caller holds adding.
func (s *Store) passSnapshots(ctx context.Context, src *source, shards []*shard) error {
	patience := time.NewTimer(snapshotPatience)
	defer patience.Stop()
	for {
		s.mu.Lock()
		waiting := false
		for snap := range s.open {
			waiting = waiting || !snap.split
		}
		closed := s.closed
		s.mu.Unlock()
		if !waiting {
			return nil
		}
		select {
		case <-closed:
		case <-patience.C:
			if err := s.split(ctx, shards); err != nil {
				return err
			}
			s.mu.Lock()
			for snap := range s.open {
				snap.split = true
			}
			s.mu.Unlock()
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
