package clickhouse

import (
	"context"
	"slices"
	"time"

	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// An epoch ends at the end of a segment of the journal. Sync, a deletion, and a snapshot that stays
// open end it too. After that the next epoch begins at once. The one that has ended is made durable
// in the background: every replica must have its cells, and then its row.

// endEpochs ends the open epochs that have counted something. It leaves out journals of which
// a batch has failed and may be tried again. The caller holds adding.
func (s *Store) endEpochs(ctx context.Context, shards []*shard) error {
	_, switches := switchesOf(shards)
	for _, src := range s.all() {
		if !src.known || src.hasUncounted() || src.end == src.start && src.recorded {
			continue
		}
		if src.base != noBase && !sameReplicas(src.switches, switches) {
			s.forget(src)
			return store.ErrResume
		}
		if err := s.endEpoch(ctx, src, shards); err != nil {
			return err
		}
		s.mu.Lock()
		src.begin(src.counted, src.base, switches)
		s.mu.Unlock()
	}
	return nil
}

// endEpoch ends the open epoch of a source. It becomes one of those that replicas may lack. The
// caller holds adding, and begins the next epoch.
func (s *Store) endEpoch(ctx context.Context, src *source, shards []*shard) error {
	ended := src.epoch
	ended.switches, ended.life = src.switches, src.life
	rows := epochsTable.block()
	if err := ended.row(rows, src, epochEnded); err != nil {
		return err
	}
	if err := s.insertMeta(ctx, shards, epochsTable, rows); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	src.ended, src.recorded = append(src.ended, ended), true
	return nil
}

// Sync implements store.Counting. It fails with click.ErrUnavailable if a replica is away.
func (s *Store) Sync(ctx context.Context) (err error) {
	defer wrap("sync", &err)
	shards, err := s.shards(ctx)
	if err != nil {
		return err
	}
	if err := s.adding.Acquire(ctx, exclusive); err != nil {
		return err
	}
	counted := map[*source]uint64{}
	if err = s.endAll(ctx, shards); err == nil {
		for _, src := range s.all() {
			counted[src] = src.counted
		}
	}
	s.adding.Release(exclusive)
	if err != nil {
		return err
	}
	if s.noteSet.Swap(false) {
		if err := syncTables(ctx, shards[:1], metaTable); err != nil {
			s.noteSet.Store(true)
			return err
		}
	}
	if err := s.settle(ctx, shards); err != nil {
		return err
	}
	if !s.areDurable(counted) {
		return store.ErrResume // the background forgot them
	}
	return s.removeRecorded(ctx, shards)
}

// endAll ends all open epochs that have counted something. It fails with store.ErrResume if a
// batch has failed, or if clicks were forgotten: they are counted again. The caller holds adding.
func (s *Store) endAll(ctx context.Context, shards []*shard) error {
	if err := s.checkForgotten(ctx, shards); err != nil {
		return err
	}
	for _, src := range s.all() {
		if src.known && src.hasUncounted() {
			s.forget(src)
			return store.ErrResume
		}
	}
	return s.endEpochs(ctx, shards)
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

// sameReplicas reports whether the current replicas are the same as before. Shards may have come
// since, which have no rows of the epoch.
func sameReplicas(before, now []uint64) bool {
	n := min(len(before), len(now))
	return slices.Equal(before[:n], now[:n])
}

// settleSoon makes epochs that have ended durable, in the background; with open, it ends the open
// ones first. The caller holds mu.
func (s *Store) settleSoon(open bool) {
	s.due, s.dueOpen = true, s.dueOpen || open
	if s.settlingSoon || s.stopped {
		return
	}
	s.settlingSoon = true
	s.background.Go(func() {
		for s.settleDue() {
		}
	})
}

// settleTimeout is how long the background waits for the replicas. After that it tries again.
const settleTimeout = 5 * time.Minute

// settleDue does what is due, and reports whether something was.
func (s *Store) settleDue() bool {
	s.mu.Lock()
	due, open := s.due && !s.stopped, s.dueOpen
	s.due, s.dueOpen, s.settlingSoon = false, false, due
	s.mu.Unlock()
	if !due {
		return false
	}
	ctx, cancel := context.WithTimeout(s.ctx, settleTimeout)
	defer cancel()
	shards, err := s.shards(ctx)
	if err == nil && open {
		err = s.adding.Acquire(ctx, exclusive)
		if err == nil {
			err = s.endEpochs(ctx, shards)
			s.adding.Release(exclusive)
		}
	}
	if err == nil {
		err = s.settle(ctx, shards)
	}
	if err == nil {
		err = s.removeRecorded(s.ctx, shards) // which may take long
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil && !s.unsettled && s.ctx.Err() == nil {
		s.o.Logger.Warn("not every replica of ClickHouse has all counts; the journal keeps the clicks until they do: look at the replicas", "error", err)
	}
	s.unsettled = err != nil
	return true
}

// unsettledSources reports whether epochs are not known to be durable, or deletions in them are not carried
// out. The caller holds mu.
func (s *Store) unsettledSources() bool {
	for _, src := range s.sources {
		if src.isUnconfirmed() || len(src.ended) > 0 || len(src.undone) > 0 || len(src.epoch.deleted) > 0 {
			return true
		}
	}
	return false
}

// removeRecorded removes the scopes of deletions that durable epochs record.
func (s *Store) removeRecorded(ctx context.Context, shards []*shard) error {
	if err := s.removing.Acquire(ctx, 1); err != nil {
		return err
	}
	defer s.removing.Release(1)
	parts := s.parts(func(src *source) []epoch { return src.undone })
	if len(parts) == 0 {
		return nil
	}
	var scopes []rollup.Scope
	rows := epochsTable.block()
	for _, p := range parts {
		for i := range p.epochs {
			scopes = append(scopes, p.epochs[i].deleted...)
			if err := p.epochs[i].row(rows, p.src, epochDone); err != nil {
				return err
			}
		}
	}
	if err := s.remove(ctx, scopes, shards); err != nil {
		return err
	}
	if err := s.insertMeta(ctx, shards, epochsTable, rows); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range parts {
		p.src.undone = p.src.undone[len(p.epochs):]
	}
	return nil
}

// passSnapshots waits for the snapshots that are open. If they stay open, it begins an epoch that
// they do not see. The caller holds adding.
func (s *Store) passSnapshots(ctx context.Context, shards []*shard) error {
	patience := time.NewTimer(s.snapshotPatience)
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
			if err := s.endAll(ctx, shards); err != nil {
				return err
			}
			s.mu.Lock()
			for snap := range s.open {
				snap.split = true
			}
			s.settleSoon(false)
			s.mu.Unlock()
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
