package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

// An epoch is durable once every replica has its cells, the life that sent them, and the row that says
// that it is whole. A row that one replica alone has may be lost with it. So a process that starts waits for the others,
// because the last one may have died before it did.

// settle waits until every replica has the epochs that have ended, and makes them durable.
func (s *Store) settle(ctx context.Context, shards []*shard) error {
	if err := s.settling.Acquire(ctx, 1); err != nil {
		return err
	}
	defer s.settling.Release(1)
	if err := s.confirm(ctx, shards); err != nil {
		return err
	}
	return s.makeWhole(ctx, shards)
}

// isUnconfirmed reports whether some replicas may lack epochs with which the source was read. The
// caller holds Store.mu.
func (src *source) isUnconfirmed() bool { return src.durable < src.whole }

// confirm waits until every replica has the epochs with which sources were read, and makes them
// durable. It fails with store.ErrResume if the replica that had them has lost them.
func (s *Store) confirm(ctx context.Context, shards []*shard) error {
	s.mu.Lock()
	var sources []*source
	for _, src := range s.sources {
		if src.isUnconfirmed() {
			sources = append(sources, src)
		}
	}
	s.mu.Unlock()
	if len(sources) == 0 {
		return nil
	}
	if err := syncTables(ctx, shards[:1], livesTable, epochsTable); err != nil {
		return err
	}
	for _, src := range sources {
		has := uint64(0)
		err := s.lastEpochs(ctx, "source = "+literal(src.id[:]), func(_ store.JournalID, _, end uint64) { has = end })
		if err != nil {
			return err
		}
		if has < src.whole {
			s.forget(src)
			return store.ErrResume
		}
		s.mu.Lock()
		src.durable = max(src.durable, src.whole)
		s.mu.Unlock()
	}
	return nil
}

// confirmPatience is how long a question for a position waits for replicas that lack epochs.
const confirmPatience = 2 * time.Second

// everyReplicaHas reports whether every replica has the epochs that the current one has shown. It
// waits confirmPatience for that.
func (s *Store) everyReplicaHas(ctx context.Context, shards []*shard) (bool, error) {
	replicas, err := meta(shards).all()
	waiting, cancel := context.WithTimeout(ctx, confirmPatience)
	defer cancel()
	for _, n := range replicas {
		if err == nil {
			err = n.syncReplica(waiting, livesTable, epochsTable)
		}
	}
	return err == nil, ctx.Err()
}

// part is some epochs of a source.
type part struct {
	src    *source
	epochs []epoch
}

// parts returns epochs of the sources.
func (s *Store) parts(of func(*source) []epoch) (parts []part) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, src := range s.sources {
		if epochs := of(src); len(epochs) > 0 {
			parts = append(parts, part{src, slices.Clone(epochs)})
		}
	}
	return parts
}

// makeWhole waits until every replica has the epochs that have ended, and makes them durable.
func (s *Store) makeWhole(ctx context.Context, shards []*shard) error {
	parts := s.parts(func(src *source) []epoch { return src.ended })
	if len(parts) == 0 {
		return nil
	}
	if err := s.syncCells(ctx, shards); err != nil {
		return err
	}
	for _, sh := range shards {
		if err := sh.checkStart(ctx); err != nil {
			return err
		}
	}
	_, switches := switchesOf(shards)
	rows := epochsTable.block()
	for _, p := range parts {
		for i := range p.epochs {
			e := &p.epochs[i]
			if !sameReplicas(e.switches, switches) {
				// Nobody knows whether the replica that was left has sent everything to the others.
				s.forget(p.src)
				return store.ErrResume
			}
			if err := e.row(rows, p.src, e.stateWhole()); err != nil {
				return err
			}
		}
	}
	if err := s.insertMeta(ctx, shards, epochsTable, rows); err != nil {
		return err
	}
	if err := syncTables(ctx, shards[:1], epochsTable); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range parts {
		p.src.durable = max(p.src.durable, p.epochs[len(p.epochs)-1].end)
		p.src.ended = p.src.ended[len(p.epochs):]
		for _, e := range p.epochs {
			if e.stateWhole() != epochDone {
				p.src.undone = append(p.src.undone, e)
			}
		}
	}
	return nil
}

// areDurable reports whether sources are durable as far as they were counted.
func (s *Store) areDurable(counted map[*source]uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for src, to := range counted {
		if src.durable < to {
			return false
		}
	}
	return true
}

// checkForgotten fails with store.ErrResume if clicks that were counted are neither durable nor
// counted again, and with click.ErrUnavailable if that is not known.
func (s *Store) checkForgotten(ctx context.Context, shards []*shard) error {
	s.mu.Lock()
	forgotten := maps.Clone(s.forgotten)
	s.mu.Unlock()
	for id, counted := range forgotten {
		durable := uint64(0)
		err := s.lastEpochs(ctx, "source = "+literal(id[:]), func(_ store.JournalID, _, end uint64) { durable = end })
		if err != nil {
			return err
		}
		if durable < counted {
			return store.ErrResume
		}
		if every, err := s.everyReplicaHas(ctx, shards); err != nil {
			return err
		} else if !every {
			return fmt.Errorf("%w: some replicas of ClickHouse may lack what was counted", click.ErrUnavailable)
		}
		s.mu.Lock()
		delete(s.forgotten, id)
		s.mu.Unlock()
	}
	return nil
}

func (s *Store) syncCells(ctx context.Context, shards []*shard) error {
	return errors.Join(syncTables(ctx, shards, cellsTable, minutesTable), syncTables(ctx, shards[:1], livesTable, marksTable, deletedTable))
}

// syncTables waits until every replica has what was inserted before.
func syncTables(ctx context.Context, shards []*shard, tables ...*table) error {
	errs := make([]error, len(shards))
	var all sync.WaitGroup
	for i, sh := range shards {
		all.Go(func() {
			replicas, err := sh.all()
			for _, n := range replicas {
				if err == nil {
					if err = n.syncReplica(ctx, tables...); isAway(err) && ctx.Err() == nil {
						sh.lose(n)
					}
				}
			}
			errs[i] = err
		})
	}
	all.Wait()
	return errors.Join(errs...)
}
